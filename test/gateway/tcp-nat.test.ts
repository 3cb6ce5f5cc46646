// TCP between guests and real sockets of the host. The guest's side is played by our own endpoint.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer, get } from 'node:http';
import net, { type AddressInfo, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { afterEach, expect, test } from 'vitest';
import type { Forward } from '../../main/gateway/forwards.ts';
import { TCP_LIMITS } from '../../main/gateway/nat/tcp-types.ts';
import { FLAG } from '../../main/gateway/wire/tcp.ts';
import { eventually } from '../support/eventually.ts';
import { Guest, GUEST, type GuestOptions } from './tcp-guest.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function guestWith(options?: GuestOptions): Guest {
  const guest = new Guest(options);
  cleanups.push(() => guest.close());
  return guest;
}

async function listening<T extends Server>(server: T): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** A server on the host's loopback. */
function hostServer(serve: (socket: Socket) => void): Promise<number> {
  return listening(
    net.createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {});
      serve(socket);
    }),
  );
}

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function forwardTo(guest: Guest, guestPort: number, address: number | null = GUEST): Promise<number> {
  const hostPort = await freePort();
  const forward: Forward = { id: 'f', protocol: 'tcp', hostAddress: '127.0.0.1', hostPort, vm: 'vm', guestPort };
  const listener = await guest.tcp.listen(forward, { guest: () => address, refused: () => {} });
  cleanups.push(() => listener.close());
  return hostPort;
}

function clientOf(port: number): Socket {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {});
  cleanups.push(() => socket.destroy());
  return socket;
}

/** Waits until it is closed. @returns the code or message of its error, if it had one. */
function closing(socket: Duplex): Promise<string | null> {
  return new Promise((resolve) => {
    let why: string | null = null;
    socket.on('error', (error: NodeJS.ErrnoException) => (why = error.code ?? error.message));
    socket.on('close', () => resolve(why));
    socket.resume();
  });
}

/** As `nc -N` does: the answer begins when the question has ended. */
function answerAtTheEnd(socket: Duplex): void {
  let length = 0;
  socket.on('data', (bytes: Uint8Array) => (length += bytes.length));
  socket.on('end', () => socket.end(`${length} bytes`));
}

/** `count` megabytes that differ. */
async function* megabytes(count: number): AsyncGenerator<Buffer> {
  for (let number = 0; number < count; number++) {
    const bytes = Buffer.alloc(1 << 20, `megabyte ${number} `);
    yield bytes;
  }
}

async function digest(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}

test('a guest fetches from a server on the host’s loopback through the gateway’s address', async () => {
  const guest = guestWith();
  const server = createHttpServer((request, response) => response.end(`you asked for ${request.url}`));
  const port = await listening(server);
  const socket = await guest.open(port);
  socket.end('GET /hello HTTP/1.0\r\n\r\n');
  expect(await text(socket)).toMatch(/^HTTP\/1.1 200 OK[\s\S]*you asked for \/hello$/);
});

test('a forward leads to a server in the guest, which sees the gateway as its client', async () => {
  const guest = guestWith();
  guest.servers.set(80, (socket) => {
    socket.once('data', () => socket.end('HTTP/1.0 200 OK\r\n\r\nfrom the guest'));
  });
  const port = await forwardTo(guest, 80);
  const body = await new Promise<string>((resolve) => {
    get({ port, host: '127.0.0.1' }, (response) => resolve(text(response)));
  });
  expect(body).toBe('from the guest');
});

test('a guest’s connection is answered only when the host’s is open, and refused when that is refused', async () => {
  const guest = guestWith();
  const refused = guest.connect(await freePort());
  expect(await closing(refused)).toBe('connection refused');
  expect(guest.counters.refusedByHosts).toBe(1);
  // Port 1 of an address that is for documentation only: nobody answers.
  const silent = guest.connect(1, 0xc0000201);
  await eventually(() => expect(guest.tcp.connections(GUEST).total).toBe(2));
  expect(silent.connection.state).not.toBe('established');
});

test('a forward to a closed port of the guest resets its client', async () => {
  const guest = guestWith();
  expect(await closing(clientOf(await forwardTo(guest, 81)))).toBe('ECONNRESET');
  await eventually(() => expect(guest.counters.refusedByGuests).toBe(1));
  expect(await closing(clientOf(await forwardTo(guest, 80, null)))).toBe('ECONNRESET');
});

test('half a connection may end while the other goes on, in both directions', async () => {
  const guest = guestWith();
  const port = await hostServer(answerAtTheEnd);
  const asking = await guest.open(port);
  asking.end(Buffer.alloc(3_000_000));
  expect(await text(asking)).toBe('3000000 bytes');

  guest.servers.set(7, answerAtTheEnd);
  const client = clientOf(await forwardTo(guest, 7));
  client.end(Buffer.alloc(3_000_000));
  expect(await text(client)).toBe('3000000 bytes');
});

test('a reset on one side is a reset on the other', async () => {
  const guest = guestWith();
  const sockets: Socket[] = [];
  const port = await hostServer((socket) => void sockets.push(socket));
  const first = await guest.open(port);
  await eventually(() => expect(sockets.length).toBe(1));
  sockets[0]?.resetAndDestroy();
  expect(await closing(first)).toBe('connection reset');

  const second = await guest.open(port);
  await eventually(() => expect(sockets.length).toBe(2));
  const closed = sockets[1] ? closing(sockets[1]) : null;
  second.destroy();
  expect(await closed).toBe('ECONNRESET');
  await eventually(() => expect(guest.tcp.listConnections()).toEqual([]));
});

test.each([1500, 9000, 65_535])('streams arrive whole both ways at once with packets of %i bytes', async (mtu) => {
  const guest = guestWith({ mtu });
  guest.servers.set(9, (socket) => void pipeline(socket, socket));
  const client = clientOf(await forwardTo(guest, 9));
  const sent = digest(megabytes(32));
  const sending = pipeline(megabytes(32), client, { end: true });
  expect(await digest(client)).toBe(await sent);
  await sending;
});

test('what was written before the end arrives, however slowly it is read', async () => {
  const guest = guestWith({ capacity: 1 << 16 });
  guest.servers.set(9, (socket) => {
    socket.resume();
    void pipeline(megabytes(12), socket);
  });
  const client = clientOf(await forwardTo(guest, 9));
  client.end();
  const hash = createHash('sha256');
  for await (const chunk of client) {
    hash.update(chunk as Buffer);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  expect(hash.digest('hex')).toBe(await digest(megabytes(12)));
});

test('a thousand connections at once, each with its own conversation', async () => {
  const guest = guestWith();
  const port = await hostServer((socket) => void pipeline(socket, socket).catch(() => {}));
  const sockets = await Promise.all(Array.from({ length: 1000 }, () => guest.open(port)));
  expect(guest.tcp.connections(GUEST)).toEqual({ open: 1000, total: 1000 });
  const answers = sockets.map((socket, number) => {
    socket.end(`I am ${number}. `.repeat(100));
    return text(socket);
  });
  const wrong = (await Promise.all(answers)).filter((answer, number) => answer !== `I am ${number}. `.repeat(100));
  expect(wrong).toEqual([]);
});

test('who does not read is not sent more than the buffers hold, and nothing is lost', async () => {
  const guest = guestWith({ capacity: 1 << 16 });
  const sockets: Socket[] = [];
  const port = await hostServer((socket) => {
    sockets.push(socket);
    socket.pause();
  });
  const asking = await guest.open(port);
  const sending = pipeline(megabytes(40), asking, { end: true });
  const buffered = (): number => guest.tcp.listConnections().reduce((sum, { buffered: bytes }) => sum + bytes, 0);
  let before = -1;
  await eventually(() => {
    const now = guest.counters.bytesFromGuests;
    const still = now === before && now > 0;
    before = now;
    expect(still).toBe(true);
  });
  expect(buffered()).toBeLessThanOrEqual(TCP_LIMITS.bufferBytesMax);
  expect(guest.counters.bytesFromGuests).toBeLessThan(30 << 20);
  expect(await digest(sockets[0] as Socket)).toBe(await digest(megabytes(40)));
  await sending;

  // And the other way: the guest's program does not read.
  let paused: AsyncIterable<Uint8Array> | null = null;
  guest.servers.set(9, (socket) => (paused = socket));
  const client = clientOf(await forwardTo(guest, 9));
  const uploading = pipeline(megabytes(40), client, { end: true });
  before = -1;
  await eventually(() => {
    const now = guest.counters.bytesToGuests;
    const still = now === before && now > 0;
    before = now;
    expect(still).toBe(true);
  });
  expect(buffered()).toBeLessThanOrEqual(TCP_LIMITS.bufferBytesMax + (1 << 16));
  expect(guest.queueMax).toBeLessThan(1024);
  expect(await digest(paused ?? megabytes(0))).toBe(await digest(megabytes(40)));
  await uploading;
});

test('a guest has no more connections than it may, and that is said once', async () => {
  const guest = guestWith({ limits: { ...TCP_LIMITS, connectionsPerGuestMax: 10 } });
  const port = await hostServer(() => {});
  await Promise.all(Array.from({ length: 10 }, () => guest.open(port)));
  for (let count = 0; count < 5; count++) {
    expect(await closing(guest.connect(port))).toBe('connection refused');
  }
  expect(guest.counters.limited).toBe(5);
  expect(guest.limited).toEqual([10]);
  expect(await closing(clientOf(await forwardTo(guest, 80)))).toBe('ECONNRESET');
});

test('a guest that hears nothing for a while gets everything when it goes live', async () => {
  const guest = guestWith();
  const sockets: Socket[] = [];
  const port = await hostServer((socket) => void sockets.push(socket));
  const socket = await guest.open(port);
  await eventually(() => expect(sockets.length).toBe(1));
  guest.deaf = true;
  sockets[0]?.end('what was on its way to the dead primary');
  await eventually(() => expect(guest.counters.bytesToGuests).toBeGreaterThan(0));
  guest.deaf = false;
  guest.tcp.wentLive(GUEST, performance.now());
  expect(await text(socket)).toBe('what was on its way to the dead primary');
});

test('connections are cut when the guest is gone, and everything when the gateway closes', async () => {
  const guest = guestWith();
  const sockets: Socket[] = [];
  const port = await hostServer((socket) => void sockets.push(socket));
  await guest.open(port);
  await eventually(() => expect(sockets.length).toBe(1));
  const closed = sockets[0] ? closing(sockets[0]) : null;
  guest.tcp.forget(GUEST);
  expect(await closed).toBe('ECONNRESET');
  await eventually(() => expect(guest.tcp.connections(GUEST)).toEqual({ open: 0, total: 0 }));
});

test('segments that belong to nothing are answered with a reset, and rubbish with nothing', async () => {
  const guest = guestWith();
  const sent = guest.counters.segmentsToGuests;
  const header = { sourcePort: 5, destinationPort: 6, sequence: 7, acknowledgment: 8, window: 0 };
  const rest = { mss: null, windowScale: null, payload: new Uint8Array() };
  guest.send({ ...header, ...rest, flags: FLAG.ack });
  guest.send({ ...header, ...rest, flags: FLAG.rst });
  guest.send({ ...header, ...rest, flags: 0 });
  guest.send({ ...header, ...rest, flags: FLAG.fin | FLAG.syn });
  guest.send({ ...header, ...rest, flags: FLAG.syn }, 0x7f000001);
  guest.tcp.receive({ source: GUEST, destination: 1, payload: new Uint8Array(20) }, performance.now());
  await eventually(() => expect(guest.counters.segmentsFromGuests).toBe(5));
  expect(guest.counters.segmentsToGuests - sent).toBe(4);
  expect(guest.counters.malformed).toBe(1);
  expect(guest.counters.misdirected).toBe(1);
  expect(guest.tcp.listConnections()).toEqual([]);
});
