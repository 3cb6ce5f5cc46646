// Our TCP against the Linux kernel's. Skipped where it takes more than this computer has: see `whyNoKernelGuest`.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import net, { type AddressInfo, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { GUEST } from './tcp-guest.ts';
import { type KernelFaults, KernelGuest, whyNoKernelGuest } from './tcp-kernel.ts';
import { digestOf, patterned } from './tcp-patterned.ts';
import { moment } from '../support/eventually.ts';
import { seed } from '../support/random.ts';

const why = whyNoKernelGuest();
if (why !== null) process.stderr.write(`Our TCP is not tried against the kernel's: ${why}.\n`);
const kernelTest = test.skipIf(why !== null);

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function guestWith(mtu?: number, faults?: KernelFaults): Promise<KernelGuest> {
  const guest = await KernelGuest.start(mtu, faults);
  cleanups.push(() => guest.close());
  return guest;
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

function hostEcho(): Promise<number> {
  return listening(
    net.createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {});
      socket.pipe(socket);
    }),
  );
}

/** Connects to a port of the guest through a forward. */
async function toGuest(guest: KernelGuest, guestPort: number): Promise<Socket> {
  const hostPort = await listening(net.createServer());
  cleanups.pop()?.();
  await moment();
  const forward = { id: 'f', protocol: 'tcp', hostAddress: '127.0.0.1', hostPort, vm: 'vm', guestPort } as const;
  const listener = await guest.tcp.listen(forward, { guest: () => GUEST, refused: () => {} });
  cleanups.push(() => listener.close());
  const socket = net.connect({ port: hostPort, host: '127.0.0.1', allowHalfOpen: true });
  cleanups.push(() => socket.destroy());
  return socket;
}

/** Sends so many bytes, ends, and reads to the end. */
async function exchange(socket: Socket, bytes: number): Promise<{ received: number; sha256: string }> {
  const hash = createHash('sha256');
  let received = 0;
  patterned(bytes).pipe(socket);
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length;
    hash.update(chunk);
  });
  await once(socket, 'end');
  return { received, sha256: hash.digest('hex') };
}

const echoed = (bytes: number): object => ({ received: bytes, sha256: digestOf(bytes) });

const NONE = { loss: 0, late: 0, seed };
const SOME = { loss: 0.01, late: 0.05, seed };
const MANY = { loss: 0.05, late: 0.2, seed };

kernelTest('curl in the guest fetches from the host’s loopback', async () => {
  const guest = await guestWith();
  const port = await listening(createHttpServer((_request, response) => void patterned(5_000_000).pipe(response)));
  const curl = guest.run('curl', ['-sS', '--http1.1', `http://10.77.0.1:${port}/`]);
  const hash = createHash('sha256');
  for await (const chunk of curl.stdout ?? []) hash.update(chunk as Buffer);
  expect(hash.digest('hex')).toBe(digestOf(5_000_000));
});

kernelTest('curl in the guest is told at once that nobody listens', async () => {
  const guest = await guestWith();
  const curl = guest.run('curl', ['-s', 'http://10.77.0.1:1/']);
  // 7: it could not connect; 28 would be a timeout.
  expect(await once(curl, 'exit')).toEqual([7, null]);
});

kernelTest.each([
  [1500, 10_000_000, NONE],
  [65_000, 10_000_000, NONE],
  [576, 1_000_000, SOME],
  [1500, 4_000_000, SOME],
  [1500, 1_000_000, MANY],
])('a guest’s connection carries streams whole both ways: MTU %i, %i bytes, faults %o', async (mtu, bytes, faults) => {
  const guest = await guestWith(mtu, faults);
  const port = await hostEcho();
  expect(await guest.ask('send', '10.77.0.1', String(port), String(bytes))).toEqual(echoed(bytes));
});

kernelTest.each([
  [1500, 10_000_000, NONE],
  [65_000, 10_000_000, NONE],
  [1500, 4_000_000, SOME],
  [1500, 1_000_000, MANY],
])('a forward carries streams whole both ways: MTU %i, %i bytes, faults %o', async (mtu, bytes, faults) => {
  const guest = await guestWith(mtu, faults);
  expect(await guest.ask('echo', '80')).toEqual({ listening: 80 });
  expect(await exchange(await toGuest(guest, 80), bytes)).toEqual(echoed(bytes));
});

kernelTest('a guest that does not read for a while closes its window and gets everything afterwards', async () => {
  const guest = await guestWith();
  expect(await guest.ask('echo', '80', '1500')).toEqual({ listening: 80 });
  expect(await exchange(await toGuest(guest, 80), 20_000_000)).toEqual(echoed(20_000_000));
});

kernelTest('a forward to a closed port of the guest resets its client', async () => {
  const guest = await guestWith();
  const socket = await toGuest(guest, 81);
  socket.resume();
  await expect(once(socket, 'end')).rejects.toMatchObject({ code: 'ECONNRESET' });
});

kernelTest('streams go on after failovers that swallow what was on its way', async () => {
  const guest = await guestWith();
  expect(await guest.ask('echo', '80')).toEqual({ listening: 80 });
  const exchanged = exchange(await toGuest(guest, 80), 20_000_000);
  let failovers = 0;
  const failing = setInterval(() => {
    guest.deaf = true;
    setTimeout(() => {
      guest.deaf = false;
      failovers += 1;
      guest.tcp.wentLive(GUEST, performance.now());
    }, 30);
  }, 100);
  cleanups.push(() => clearInterval(failing));
  expect(await exchanged).toEqual(echoed(20_000_000));
  expect(failovers).toBeGreaterThan(0);
});

kernelTest('a hundred conversations at once', async () => {
  const guest = await guestWith();
  const port = await listening(createHttpServer((request, response) => response.end(`you asked for ${request.url}`)));
  const curl = guest.run('curl', ['-s', '-Z', '--parallel-max', '100', `http://10.77.0.1:${port}/[1-100]`]);
  const answers = (await text(curl.stdout ?? patterned(0))).match(/you asked for \/\d+/g) ?? [];
  expect(new Set(answers).size).toBe(100);
});
