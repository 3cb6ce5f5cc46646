/**
 * The web door: serves the page, and its WebSocket, to browsers that were let in.
 *
 * Invariant: only files of the built page are served, each with the same strict headers; everything else is refused
 * with a sentence.
 */
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { CLIENT_MESSAGE_BYTES_MAX } from '../../preload/messages.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { Access } from './access.ts';
import { pageHeaders, resolvePageFile } from './page-files.ts';
import { openDoor } from './websocket-door.ts';

export interface WebServer {
  /** A link that lets one browser in. */
  link(): string;
  readonly port: number;
  close(): Promise<void>;
}

/** The session is not known: the page says how to get a new link. */
const CLOSE_UNKNOWN_SESSION = 4401;

/** @throws {Error} when the address or port cannot be used. */
export async function startWebServer(
  fleet: Fleet,
  options: { host: string; port: number; pageFolder: string },
): Promise<WebServer> {
  const access = new Access(options.host);
  const sockets = new WebSocketServer({ noServer: true, maxPayload: CLIENT_MESSAGE_BYTES_MAX });
  const server = http.createServer((request, response) => {
    void answer(request, response, access, options.pageFolder);
  });
  server.on('upgrade', (request, socket, head) => {
    if (!access.hostIsOurs(request) || !access.originIsOurs(request) || request.url !== '/socket') {
      refuseUpgrade(socket);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (opened) => {
      if (access.knows(request)) openDoor(fleet, opened);
      else opened.close(CLOSE_UNKNOWN_SESSION, 'open the link that the host prints');
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as { port: number };
  const name = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    link: () => `http://${name}:${port}/?token=${access.token()}`,
    port,
    async close() {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function answer(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  access: Access,
  pageFolder: string,
): Promise<void> {
  const say = (status: number, text: string): void => {
    response.writeHead(status, { ...pageHeaders, 'Content-Type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
  };
  if (!access.hostIsOurs(request)) return say(421, 'This server does not answer under that host name.');
  if (request.method !== 'GET' && request.method !== 'HEAD') return say(405, 'Only GET is answered here.');
  const url = URL.parse(request.url ?? '/', 'http://localhost');
  if (!url) return say(400, 'That address cannot be read.');
  const token = url.searchParams.get('token');
  if (token !== null) {
    const cookie = access.redeem(token, request);
    if (cookie === null && !access.knows(request)) {
      return say(403, 'This link was used already, or is not of this host. "lockstep link" prints a new one.');
    }
    response.writeHead(303, { ...pageHeaders, Location: '/', ...(cookie && { 'Set-Cookie': cookie }) }).end();
    return undefined;
  }
  if (!access.knows(request)) {
    return say(401, 'Open the link that the host printed when it was started; "lockstep link" prints a new one.');
  }
  return serveFile(request, response, pageFolder, url.pathname, say);
}

async function serveFile(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  folder: string,
  pathname: string,
  say: (status: number, text: string) => void,
): Promise<void> {
  const file = resolvePageFile(folder, pathname);
  if (!file) return say(404, 'There is no such page.');
  try {
    const bytes = await readFile(file.path);
    const headers = { 'Content-Type': file.type, 'Content-Length': bytes.length, 'Cache-Control': 'no-cache' };
    response.writeHead(200, { ...pageHeaders, ...headers });
    response.end(request.method === 'HEAD' ? undefined : bytes);
  } catch {
    say(404, 'There is no such page.');
  }
  return undefined;
}

function refuseUpgrade(socket: Duplex): void {
  socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
}
