/**
 * What the web door answers to a request.
 *
 * Invariants: every answer has the same strict headers; a request has no body; what a stranger tries is written down
 * (fleet/watch/audit.ts), without what was tried: a link's token is a secret also where it is wrong.
 */
import { readFile, realpath } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { newCaller } from '../fleet/watch/audit.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Access } from './access.ts';
import { clientOf } from './addresses.ts';
import { Attempts } from './attempts.ts';
import { pageHeaders, resolvePageFile } from './page-files.ts';

type Say = (status: number, text: string, headers?: { readonly [name: string]: string }) => void;

/** Foreign text in an event, in characters. */
const QUOTE_MAX = 100;

export class Answers {
  readonly #fleet: Fleet;
  readonly #access: Access;
  readonly #folder: string;
  readonly #attempts = new Attempts();

  constructor(fleet: Fleet, access: Access, pageFolder: string) {
    this.#fleet = fleet;
    this.#access = access;
    this.#folder = pageFolder;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const say: Say = (status, text, headers = {}) => {
      const plain = { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' };
      response.writeHead(status, { ...pageHeaders, ...plain, ...headers }).end(`${text}\n`);
    };
    if (hasBody(request)) return say(413, 'A request has no body here.', { Connection: 'close' });
    if (!this.#access.hostIsOurs(request)) {
      this.#refused(request, 'host', request.headers.host);
      return say(421, 'This server does not answer under that host name.');
    }
    const url = URL.parse(request.url ?? '/', 'http://localhost');
    if (!url) return say(400, 'That address cannot be read.');
    if (request.method === 'POST' && url.pathname === '/logout') return this.#logout(request, say);
    if (request.method !== 'GET' && request.method !== 'HEAD') return say(405, 'Only GET is answered here.');
    const token = url.searchParams.get('token');
    if (token !== null) return this.#login(request, response, token, say);
    if (!this.#access.session(request)) {
      return say(401, 'Open the link that the host printed when it was started; "lockstep link" prints a new one.');
    }
    return this.#file(request, response, url.pathname, say);
  }

  /** A socket may be opened; who has no session is told so through it. */
  mayUpgrade(request: IncomingMessage): boolean {
    const wrong = !this.#access.hostIsOurs(request) ? 'host' : !this.#access.originIsOurs(request) ? 'origin' : null;
    if (wrong) this.#refused(request, wrong, request.headers[wrong]);
    return wrong === null && request.url === '/socket';
  }

  #login(request: IncomingMessage, response: ServerResponse, token: string, say: Say): void {
    const client = clientOf(request.socket.remoteAddress);
    const known = this.#access.session(request) !== null;
    const wait = this.#attempts.waitSeconds(client);
    if (wait > 0 && !known) {
      return say(429, `There were too many wrong links. Try again in ${wait} s.`, { 'Retry-After': String(wait) });
    }
    const { audit } = this.#fleet;
    const caller = newCaller('browser');
    const cookie = this.#access.redeem(token, request, caller);
    if (cookie === null && !known) {
      this.#attempts.failed(client);
      audit.note('door.loginRefused', 'warning', `A browser at ${client} came with a link that is not good.`, {
        client,
      });
      return say(403, 'This link was used already, or is not of this host. "lockstep link" prints a new one.');
    }
    if (cookie !== null) {
      const { session } = caller;
      audit.note('door.login', 'info', `A browser at ${client} was let in (session ${session}).`, { client, session });
    }
    const headers = { Location: '/', 'Cache-Control': 'no-store', ...(cookie && { 'Set-Cookie': cookie }) };
    response.writeHead(303, { ...pageHeaders, ...headers }).end();
  }

  #logout(request: IncomingMessage, say: Say): void {
    if (!this.#access.originIsOurs(request)) {
      this.#refused(request, 'origin', request.headers.origin);
      return say(403, 'Only our own page can log out.');
    }
    const session = this.#access.session(request);
    if (session) {
      this.#access.end(session);
      const { session: name } = session.caller;
      this.#fleet.audit.note('door.logout', 'info', `A browser was logged out (session ${name}).`, { session: name });
    }
    return say(200, 'You are logged out.', { 'Set-Cookie': this.#access.farewell(request) });
  }

  async #file(request: IncomingMessage, response: ServerResponse, pathname: string, say: Say): Promise<void> {
    const file = resolvePageFile(this.#folder, pathname);
    if (!file) return say(404, 'There is no such page.');
    try {
      const [real, folder] = await Promise.all([realpath(file.path), realpath(this.#folder)]);
      // A link that leads out of the page's folder is no page.
      if (!real.startsWith(folder + path.sep)) return say(404, 'There is no such page.');
      const bytes = await readFile(real);
      const headers = { 'Content-Type': file.type, 'Content-Length': bytes.length, 'Cache-Control': 'no-cache' };
      response.writeHead(200, { ...pageHeaders, ...headers });
      response.end(request.method === 'HEAD' ? undefined : bytes);
    } catch {
      say(404, 'There is no such page.');
    }
    return undefined;
  }

  #refused(request: IncomingMessage, what: 'host' | 'origin', value: string | undefined): void {
    const client = clientOf(request.socket.remoteAddress);
    const given = (value ?? '').slice(0, QUOTE_MAX);
    const message = `A request from ${client} with the ${what} "${given}" was refused.`;
    this.#fleet.audit.note('door.requestRefused', 'warning', message, { client, [what]: given });
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
}
