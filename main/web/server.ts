/**
 * The web door: serves the page, and its WebSocket, to browsers that were let in.
 *
 * Invariants: beyond loopback it is encrypted, or it does not open; only files of the built page are served, each with
 * the same strict headers; everything else is refused with a sentence; whoever is slow, or comes too often, is cut off.
 */
import { lookup } from 'node:dns/promises';
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { CommandError } from '../../preload/contract/contract.ts';
import { CLIENT_MESSAGE_BYTES_MAX } from '../../preload/contract/messages.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { Access, type BrowserSession } from './access.ts';
import { clientOf, isLoopback } from './addresses.ts';
import { Answers } from './answers.ts';
import { nameIn, type Tls } from './certificate.ts';
import { openDoor } from './websocket-door.ts';

export interface WebServer {
  /** A link that lets one browser in. */
  link(): string;
  readonly port: number;
  /** Logs every browser out. @returns how many there were. */
  logout(): number;
  close(): Promise<void>;
}

export interface WebOptions {
  /** An address or a name of this computer. */
  readonly host: string;
  readonly port: number;
  readonly pageFolder: string;
  readonly tls?: Tls | null;
  /** How long a client may take for its handshake, its headers or a whole request, in milliseconds. */
  readonly patienceMs?: number;
}

/** The session is not known: the page says how to get a new link. */
const CLOSE_UNKNOWN_SESSION = 4401;
const PATIENCE_MS = 10_000;
/** A connection on which nothing moves. */
const IDLE_MS = 30_000;
const HEADER_BYTES_MAX = 8192;
const HEADERS_MAX = 64;
const CONNECTIONS_MAX = 256;
/** Of one client. */
export const CONNECTIONS_OF_CLIENT_MAX = 128;
/** Of one login: windows of one browser. */
export const SOCKETS_OF_SESSION_MAX = 32;
const EXPIRY_MS = 60_000;

/** @throws {Error} when the address or port cannot be used; {CommandError} when it must be encrypted and is not. */
export async function startWebServer(fleet: Fleet, options: WebOptions): Promise<WebServer> {
  const tls = options.tls ?? null;
  // What is looked at is what is listened on, whatever the name means a moment later.
  const { address } = await lookup(options.host);
  if (!tls && !isLoopback(address)) {
    throw new CommandError(
      'refused',
      `Other computers can reach ${options.host}, and without encryption they could take over what passes. ` +
        'Add --tls-cert FILE --tls-key FILE, or listen on 127.0.0.1 and come through an SSH tunnel.',
    );
  }
  const certified = tls && ((name: string) => tls.certificate.checkHost(name) !== undefined);
  const access = new Access({ host: options.host.toLowerCase(), certified });
  const answers = new Answers(fleet, access, options.pageFolder);
  const server = makeServer(options, (request, response) => void answers.answer(request, response));
  const sockets = new WebSocketServer({ noServer: true, maxPayload: CLIENT_MESSAGE_BYTES_MAX });
  server.on('upgrade', (request, socket, head) => {
    // A client that goes away in the middle is nobody's problem.
    socket.on('error', () => socket.destroy());
    if (!answers.mayUpgrade(request)) {
      refuseUpgrade(socket);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (opened) => admit(fleet, access.session(request), opened));
  });
  const expiry = setInterval(() => access.expire(), EXPIRY_MS).unref();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, address, resolve);
  });
  const { port } = server.address() as { port: number };
  const name = (isLoopback(address) ? null : tls && nameIn(tls)) ?? options.host;
  return {
    link: () => `${access.scheme}://${name.includes(':') ? `[${name}]` : name}:${port}/?token=${access.token()}`,
    port,
    logout: () => access.endAll(),
    async close() {
      clearInterval(expiry);
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function makeServer(options: WebOptions, listener: http.RequestListener): http.Server {
  const patience = options.patienceMs ?? PATIENCE_MS;
  const limits = {
    headersTimeout: patience,
    requestTimeout: patience,
    connectionsCheckingInterval: Math.ceil(patience / 4),
    maxHeaderSize: HEADER_BYTES_MAX,
  };
  const { tls } = options;
  const server = tls
    ? https.createServer(
        { ...limits, cert: tls.cert, key: tls.key, minVersion: 'TLSv1.2', handshakeTimeout: patience },
        listener,
      )
    : http.createServer(limits, listener);
  server.maxHeadersCount = HEADERS_MAX;
  server.maxConnections = CONNECTIONS_MAX;
  server.timeout = IDLE_MS;
  limitClients(server);
  return server;
}

/** One client cannot take all connections. */
function limitClients(server: http.Server): void {
  const counts = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const client = clientOf(socket.remoteAddress);
    const count = (counts.get(client) ?? 0) + 1;
    counts.set(client, count);
    socket.once('close', () => {
      const left = (counts.get(client) ?? 1) - 1;
      if (left > 0) counts.set(client, left);
      else counts.delete(client);
    });
    if (count > CONNECTIONS_OF_CLIENT_MAX) socket.destroy();
  });
}

/** A browser's socket lives as long as its session. */
function admit(fleet: Fleet, session: BrowserSession | null, socket: WebSocket): void {
  if (!session) {
    socket.close(CLOSE_UNKNOWN_SESSION, 'open the link that the host prints');
    return;
  }
  if (session.sockets.size >= SOCKETS_OF_SESSION_MAX) {
    socket.close(1008, `a session can have ${SOCKETS_OF_SESSION_MAX} sockets`);
    return;
  }
  const ended = { close: () => socket.close(CLOSE_UNKNOWN_SESSION, 'the session has ended: open a new link') };
  session.sockets.add(ended);
  socket.on('close', () => session.sockets.delete(ended));
  openDoor(fleet, session.caller, socket);
}

function refuseUpgrade(socket: Duplex): void {
  socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
}
