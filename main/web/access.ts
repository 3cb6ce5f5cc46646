/**
 * Who may talk to the web door.
 *
 * Invariants: a link's token works once and becomes a cookie that no script can read; requests are answered only
 * under a host name that is ours (a rebound DNS name is not), and a socket is opened only for a page of our own
 * origin.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import net from 'node:net';

const SECRET_BYTES = 32;
const SESSIONS_MAX = 256;

export class Access {
  readonly #host: string;
  #tokens: string[] = [];
  #sessions: string[] = [];

  /** `host` is the address the server listens on. */
  constructor(host: string) {
    this.#host = host;
  }

  /** A new token for one link. */
  token(): string {
    const token = randomBytes(SECRET_BYTES).toString('hex');
    this.#tokens = [...this.#tokens, token].slice(-SESSIONS_MAX);
    return token;
  }

  /** Spends the token. @returns the `Set-Cookie` header of a new session, or null when the token is not good. */
  redeem(token: string, request: IncomingMessage): string | null {
    const known = this.#tokens.find((candidate) => equal(candidate, token));
    if (known === undefined) return null;
    this.#tokens = this.#tokens.filter((candidate) => candidate !== known);
    const session = randomBytes(SECRET_BYTES).toString('hex');
    this.#sessions = [...this.#sessions, session].slice(-SESSIONS_MAX);
    return `${cookieName(request)}=${session}; HttpOnly; SameSite=Strict; Path=/`;
  }

  /** The request carries the cookie of a session. */
  knows(request: IncomingMessage): boolean {
    const cookies = (request.headers.cookie ?? '').split(';').map((part) => part.trim());
    const prefix = `${cookieName(request)}=`;
    const ours = cookies.filter((part) => part.startsWith(prefix)).map((part) => part.slice(prefix.length));
    return ours.some((value) => this.#sessions.some((session) => equal(session, value)));
  }

  /** The request was made under one of our names. */
  hostIsOurs(request: IncomingMessage): boolean {
    const host = hostName(request.headers.host ?? '');
    if (host === 'localhost' || host === '127.0.0.1' || host === '::1' || host === this.#host) return true;
    // Listening beyond loopback was asked for: any plain address will do, a name could have been rebound.
    return !isLoopback(this.#host) && net.isIP(host) !== 0;
  }

  /** The request comes from a page that this server has served. */
  originIsOurs(request: IncomingMessage): boolean {
    return request.headers.origin === `http://${request.headers.host}`;
  }
}

/** True for addresses that only this computer can reach. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/**
 * Cookies are shared by all ports of a host: the port in the name keeps two hosts from logging each other's page out.
 */
function cookieName(request: IncomingMessage): string {
  const port = /:(\d+)$/.exec(request.headers.host ?? '')?.[1] ?? '80';
  return `lockstep-${port}`;
}

function hostName(header: string): string {
  return header.startsWith('[') ? header.slice(1, header.indexOf(']')) : (header.split(':')[0] ?? '');
}

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
