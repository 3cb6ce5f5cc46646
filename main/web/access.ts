/**
 * Who may talk to the web door.
 *
 * Invariants: a link's token works once, and not for long, and becomes a cookie that no script can read; a session ends
 * by itself; requests are answered only under a host name that is ours (a rebound DNS name is not), and a socket is
 * opened only for a page of our own origin.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import net from 'node:net';
import type { Caller } from '../fleet/watch/audit.ts';
import { hostName, isLoopback } from './addresses.ts';

const SECRET_BYTES = 32;
const SESSIONS_MAX = 256;
const MINUTE_MS = 60_000;
/** A link that nobody opened. */
export const LINK_MS = 60 * MINUTE_MS;
/** A session that nobody uses; an open socket is use. */
export const IDLE_MS = 12 * 60 * MINUTE_MS;
/** Any session. */
export const SESSION_MS = 7 * 24 * 60 * MINUTE_MS;

export interface BrowserSession {
  readonly caller: Caller;
  /** A digest of what is in the cookie. */
  readonly secret: Buffer;
  readonly startedAt: number;
  usedAt: number;
  /** What ends when it does. */
  readonly sockets: Set<{ close(): void }>;
}

export interface AccessOptions {
  /** The address the server listens on. */
  readonly host: string;
  /** The names in its certificate; null where it is not encrypted. */
  readonly certified: ((name: string) => boolean) | null;
  /** In milliseconds. */
  readonly now?: () => number;
}

export class Access {
  readonly #options: AccessOptions;
  readonly #now: () => number;
  #links: { readonly token: Buffer; readonly madeAt: number }[] = [];
  #sessions: BrowserSession[] = [];

  constructor(options: AccessOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  get scheme(): 'http' | 'https' {
    return this.#options.certified ? 'https' : 'http';
  }

  /** A new token for one link. */
  token(): string {
    const token = randomBytes(SECRET_BYTES).toString('hex');
    this.#links = [...this.#links, { token: digest(token), madeAt: this.#now() }].slice(-SESSIONS_MAX);
    return token;
  }

  /** Spends the token. @returns the `Set-Cookie` header of a new session for `caller`, or null: it is not good. */
  redeem(token: string, request: IncomingMessage, caller: Caller): string | null {
    const now = this.#now();
    const given = digest(token);
    const found = this.#links.find((link) => timingSafeEqual(link.token, given));
    this.#links = this.#links.filter((link) => link !== found && now - link.madeAt < LINK_MS);
    if (!found || now - found.madeAt >= LINK_MS) return null;
    const secret = randomBytes(SECRET_BYTES).toString('hex');
    const session = { caller, secret: digest(secret), startedAt: now, usedAt: now, sockets: new Set<never>() };
    this.#sessions.push(session);
    if (this.#sessions.length > SESSIONS_MAX) this.end(this.#sessions[0] as BrowserSession);
    return `${this.#cookie(request)}=${secret}; ${this.#attributes()}`;
  }

  /** The session whose cookie the request carries; null where there is none, or it has ended. */
  session(request: IncomingMessage): BrowserSession | null {
    this.expire();
    const cookies = (request.headers.cookie ?? '').split(';').map((part) => part.trim());
    const prefix = `${this.#cookie(request)}=`;
    const ours = cookies.filter((part) => part.startsWith(prefix)).map((part) => digest(part.slice(prefix.length)));
    const found = this.#sessions.find(({ secret }) => ours.some((value) => timingSafeEqual(secret, value)));
    if (found) found.usedAt = this.#now();
    return found ?? null;
  }

  /** Ends what has been idle, or has lasted, for too long. */
  expire(): void {
    const now = this.#now();
    for (const session of this.#sessions.slice()) {
      if (session.sockets.size > 0) session.usedAt = now;
      if (now - session.usedAt >= IDLE_MS || now - session.startedAt >= SESSION_MS) this.end(session);
    }
  }

  /** Logs out: the cookie is good for nothing, and what is open is closed. */
  end(session: BrowserSession): void {
    this.#sessions = this.#sessions.filter((other) => other !== session);
    for (const socket of session.sockets) socket.close();
  }

  /** Logs everybody out, and makes all links useless. @returns how many sessions ended. */
  endAll(): number {
    const ending = this.#sessions;
    for (const session of ending) this.end(session);
    this.#links = [];
    return ending.length;
  }

  /** The `Set-Cookie` header that takes the cookie away. */
  farewell(request: IncomingMessage): string {
    return `${this.#cookie(request)}=; Max-Age=0; ${this.#attributes()}`;
  }

  /** The request was made under one of our names. */
  hostIsOurs(request: IncomingMessage): boolean {
    const { host, certified } = this.#options;
    const name = hostName(request.headers.host ?? '');
    if (name === 'localhost' || name === '127.0.0.1' || name === '::1' || name === host) return true;
    // Listening beyond loopback was asked for: any plain address will do; a name that is not in the certificate could
    // have been rebound.
    return !isLoopback(host) && (net.isIP(name) !== 0 || (certified?.(name) ?? false));
  }

  /** The request comes from a page that this server has served. */
  originIsOurs(request: IncomingMessage): boolean {
    return request.headers.origin === `${this.scheme}://${request.headers.host}`;
  }

  /**
   * Cookies are shared by all ports of a host: the port in the name keeps two hosts from logging each other's page out.
   * The prefix makes browsers take it from nobody but this very host, encrypted.
   */
  #cookie(request: IncomingMessage): string {
    const secure = this.#options.certified !== null;
    const port = /:(\d+)$/.exec(request.headers.host ?? '')?.[1] ?? (secure ? '443' : '80');
    return `${secure ? '__Host-' : ''}lockstep-${port}`;
  }

  #attributes(): string {
    return `HttpOnly; SameSite=Strict; Path=/${this.#options.certified ? '; Secure' : ''}`;
  }
}

/** Of equal length whatever comes in, and nothing of use to whoever reads this process's memory later. */
function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
