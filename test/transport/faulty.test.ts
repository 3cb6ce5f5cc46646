/**
 * A link that fails on purpose: nothing is lost and nothing changes its order.
 */
import net from 'node:net';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { FaultyTransport } from '../../main/transport/faulty.ts';
import { socketTransport } from '../../main/transport/socket.ts';
import type { Transport } from '../../main/transport/transport.ts';

const open: { destroy(): void }[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
});

async function link(): Promise<{ faulty: FaultyTransport; far: Transport; heard: number[] }> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [net.Socket];
  server.close();
  open.push(near, accepted);
  const far = socketTransport(accepted);
  const heard: number[] = [];
  far.onMessage((message) => heard.push(message[0] ?? -1));
  return { faulty: new FaultyTransport(socketTransport(near)), far, heard };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('a cut link holds everything, says how much, and gives it all when it is healed', async () => {
  const { faulty, heard } = await link();
  faulty.send(Uint8Array.of(1));
  await expect.poll(() => heard).toEqual([1]);
  faulty.setFault({ kind: 'cut' });
  for (const number of [2, 3, 4]) faulty.send(Uint8Array.of(number));
  await pause(50);
  expect(heard).toEqual([1]);
  expect(faulty.unsentBytes()).toBe(3);
  faulty.setFault({ kind: 'none' });
  faulty.send(Uint8Array.of(5));
  await expect.poll(() => heard).toEqual([1, 2, 3, 4, 5]);
  expect(faulty.unsentBytes()).toBe(0);
});

test('a delayed link is late, keeps the order, and keeps it when it is healed', async () => {
  const { faulty, heard } = await link();
  faulty.setFault({ kind: 'delay', ms: 60 });
  const sentAt = performance.now();
  faulty.send(Uint8Array.of(1));
  faulty.send(Uint8Array.of(2));
  await expect.poll(() => heard, { interval: 2 }).toEqual([1, 2]);
  expect(performance.now() - sentAt).toBeGreaterThanOrEqual(59);
  faulty.send(Uint8Array.of(3));
  faulty.setFault({ kind: 'none' });
  faulty.send(Uint8Array.of(4));
  await expect.poll(() => heard).toEqual([1, 2, 3, 4]);
});

test('closing a cut link is not heard at the other end', async () => {
  const { faulty, far } = await link();
  const closed: string[] = [];
  far.onClose((why) => closed.push(why));
  faulty.setFault({ kind: 'cut' });
  faulty.send(Uint8Array.of(1));
  faulty.close();
  faulty.send(Uint8Array.of(2));
  await pause(50);
  expect(closed).toEqual([]);
  expect(faulty.unsentBytes()).toBe(0);
});
