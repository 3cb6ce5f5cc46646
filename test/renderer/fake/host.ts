/**
 * A TEST DOUBLE of the host: static files and a WebSocket that speak the contract with plausible, scripted data.
 *
 * Invariant: every argument is parsed by the contract's schemas and every refusal comes from the contract's rules, so
 * that the page sees what a host would say; nothing runs a guest here.
 */
import { createReadStream, existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { WebSocketServer, type WebSocket } from 'ws';
import { FakeSession } from './session.ts';
import type { FakeWorld } from './world.ts';

/** What every door that serves the page sends (main/web/page-files.ts). */
export const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const TYPES: { readonly [extension: string]: string } = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

export interface FakeHost {
  readonly url: string;
  readonly world: FakeWorld;
  /** Ends every connection; with a code, as the host would refuse the session; new ones are let in or not. */
  drop(code?: number): void;
  accept(yes: boolean | 'refuse'): void;
  close(): Promise<void>;
}

export async function startFakeHost(files: string, world: FakeWorld): Promise<FakeHost> {
  let accepting: boolean | 'refuse' = true;
  const server = createServer((request, response) => serveFile(files, request, response));
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    if (accepting === false || request.url !== '/socket') return void socket.destroy();
    sockets.handleUpgrade(request, socket, head, (opened) => {
      if (accepting === 'refuse') opened.close(4401, 'unknown session');
      else joinWorld(opened, world);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    world,
    drop: (code) => {
      for (const socket of sockets.clients) {
        if (code) socket.close(code);
        else socket.terminate();
      }
    },
    accept: (yes) => {
      accepting = yes;
    },
    close: () => closeAll(server, sockets, world),
  };
}

function joinWorld(socket: WebSocket, world: FakeWorld): void {
  const session = new FakeSession(world, (message) => socket.send(message));
  socket.on('message', (data: Buffer, binary) => session.receive(binary ? new Uint8Array(data) : data.toString()));
  socket.on('close', () => session.close());
}

async function closeAll(server: Server, sockets: WebSocketServer, world: FakeWorld): Promise<void> {
  world.stop();
  for (const socket of sockets.clients) socket.terminate();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
}

function serveFile(root: string, request: IncomingMessage, response: ServerResponse): void {
  const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://host').pathname));
  const file = join(root, path === '/' ? 'index.html' : path);
  if (!file.startsWith(root) || !existsSync(file)) return void response.writeHead(404).end();
  response.writeHead(200, {
    'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
    'content-security-policy': CONTENT_SECURITY_POLICY,
    'x-content-type-options': 'nosniff',
  });
  createReadStream(file).pipe(response);
}
