/**
 * The command line's door: a local socket that only this user can open, with the same conversation as every door.
 *
 * Invariants: the socket's address follows from the data folder alone, so that a client finds the host that serves it;
 * from its first moment no other user can open it. Node does not tell who is at the other end (SO_PEERCRED): the
 * permissions of the socket and of its folder are the check.
 */
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { WebSocket, WebSocketServer } from 'ws';
import { CLIENT_MESSAGE_BYTES_MAX } from '../../preload/contract/messages.ts';
import { newCaller } from '../fleet/watch/audit.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { openDoor } from './websocket-door.ts';

/** The longest path a local socket can have on all platforms (sockaddr_un holds 104 bytes on macOS, 108 on Linux). */
const SOCKET_PATH_MAX = 100;
/** Clients at a time; each command of the command line is one. */
export const CLIENTS_MAX = 256;
/** How long a client may take for its headers, in milliseconds. */
const PATIENCE_MS = 10_000;
const LIMITS = { headersTimeout: PATIENCE_MS, requestTimeout: PATIENCE_MS, maxHeaderSize: 8192 };

/** Where the host of this data folder listens. */
export function controlAddress(dataFolder: string): string {
  const digest = createHash('sha256').update(path.resolve(dataFolder)).digest('hex').slice(0, 16);
  if (process.platform === 'win32') return `\\\\.\\pipe\\lockstep-control-${digest}`;
  const inside = path.join(path.resolve(dataFolder), 'control.sock');
  if (Buffer.byteLength(inside) <= SOCKET_PATH_MAX) return inside;
  return path.join(os.tmpdir(), `lockstep-${os.userInfo().uid}`, `${digest}.sock`);
}

/**
 * Opens the door. `link` makes a link for a browser and `logout` ends their sessions; null where there is no web door.
 */
export async function startControl(
  fleet: Fleet,
  dataFolder: string,
  link: () => string | null,
  logout: () => number | null = () => null,
): Promise<{ close(): Promise<void> }> {
  const address = controlAddress(dataFolder);
  const server = http.createServer(LIMITS, (request, response) => {
    const asked = `${request.method} ${request.url}`;
    const answer = asked === 'GET /link' ? link() : asked === 'POST /logout' ? logout() : null;
    const headers = { 'Content-Type': 'text/plain', Connection: 'close' };
    response.writeHead(answer === null ? 404 : 200, headers).end(String(answer ?? ''));
  });
  server.maxConnections = CLIENTS_MAX;
  const sockets = new WebSocketServer({ server, maxPayload: CLIENT_MESSAGE_BYTES_MAX });
  sockets.on('connection', (socket) => openDoor(fleet, newCaller('command line'), socket));
  sockets.on('error', () => {
    // Listening failed: the server's own error says so.
  });
  if (process.platform !== 'win32') {
    const folder = path.dirname(address);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (folder !== path.resolve(dataFolder)) makePrivate(folder);
    // The data folder's lock is ours, so a socket that is still there is a dead host's.
    rmSync(address, { force: true });
  }
  await listen(server, address);
  return {
    async close() {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** The socket's file is made while nobody else may use what is made: at no moment is it open to others. */
async function listen(server: http.Server, address: string): Promise<void> {
  const listening = new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', resolve);
  });
  // A thread cannot set it: there the permissions follow a moment later.
  const before = isMainThread ? process.umask(0o177) : null;
  try {
    server.listen(address);
  } finally {
    if (before !== null) process.umask(before);
  }
  await listening;
  if (process.platform !== 'win32') chmodSync(address, 0o600);
}

/** Anybody may have made a folder of this name in the temporary folder. @throws {Error} when it is not this user's. */
function makePrivate(folder: string): void {
  const status = lstatSync(folder);
  if (!status.isDirectory() || status.uid !== os.userInfo().uid) {
    throw new Error(`"${folder}" was made by somebody else. Remove it, or choose a data folder with a shorter path.`);
  }
  chmodSync(folder, 0o700);
}

/** A client's socket to the host of this data folder. @throws {Error} when there is none. */
export async function connectControl(dataFolder: string): Promise<WebSocket> {
  const address = controlAddress(dataFolder);
  const socket = new WebSocket('ws://lockstep/', {
    createConnection: () => net.connect(address),
    perMessageDeflate: false,
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return socket;
}

/** A new link for a browser from the host of this data folder; null where it has no web door. */
export function requestLink(dataFolder: string): Promise<string | null> {
  return ask(dataFolder, 'GET', '/link');
}

/** Logs every browser out. @returns how many there were; null where there is no web door. */
export async function requestLogout(dataFolder: string): Promise<number | null> {
  const count = await ask(dataFolder, 'POST', '/logout');
  return count === null ? null : Number(count);
}

function ask(dataFolder: string, method: 'GET' | 'POST', what: string): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const where = { socketPath: controlAddress(dataFolder), path: what, method };
    const request = http.request(where, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('end', () => resolve(response.statusCode === 200 ? text : null));
    });
    request.on('error', reject);
    request.end();
  });
}
