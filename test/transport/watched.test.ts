/**
 * A link to a process of this computer closes when the process is ending, also while something keeps its socket open.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { socketTransport } from '../../main/transport/socket.ts';
import { isEnding, WatchedTransport } from '../../main/transport/watched.ts';
import { temporaryFolder } from '../support/folder.ts';

/** Says its pid over the socket, and gives the socket to a process of its own, which outlives it. */
const PEER = `
  const { spawn } = require('node:child_process');
  const net = require('node:net');
  const socket = net.connect(process.argv[1], () => {
    const keeper = spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', socket._handle] });
    socket.write(Buffer.from([1, 0, 0, 0, 42]));
    process.stdout.write(String(keeper.pid) + '\\n');
  });
  setInterval(() => {}, 1000);
`;

async function peer(): Promise<{ child: ChildProcess; socket: net.Socket }> {
  const file = path.join(temporaryFolder(), 'socket');
  const server = net.createServer().listen(file);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const child = spawn(process.execPath, ['-e', PEER, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [socket] = (await once(server, 'connection')) as [net.Socket];
  onTestFinished(() => void socket.destroy());
  const [keeper] = (await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data')) as [Buffer];
  onTestFinished(() => void process.kill(Number(keeper), 'SIGKILL'));
  return { child, socket };
}

test.runIf(process.platform === 'linux')('closes when the peer is killed, after what it had sent', async () => {
  const { child, socket } = await peer();
  const pid = child.pid ?? 0;
  const link = new WatchedTransport(socketTransport(socket), pid);
  const heard: (number | string | undefined)[] = [];
  link.onClose((why) => heard.push(why));
  link.onMessage((message) => heard.push(message[0]));
  await expect.poll(() => heard, { timeout: 20_000 }).toEqual([42]);
  expect(isEnding(pid)).toBe(false);
  child.kill('SIGKILL');
  const why = `process ${pid} at its other end is ending`;
  await expect.poll(() => heard, { timeout: 20_000 }).toEqual([42, why]);
  // The one that keeps the socket lives, so the socket alone would have said nothing.
  expect(isEnding(pid)).toBe(true);
});

test.runIf(process.platform === 'linux')('a process that stands still is not ending', async () => {
  const { child, socket } = await peer();
  const link = new WatchedTransport(socketTransport(socket), child.pid ?? 0);
  let closed = false;
  link.onClose(() => (closed = true));
  link.onMessage(() => {});
  child.kill('SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect({ closed, ending: isEnding(child.pid ?? 0) }).toEqual({ closed: false, ending: false });
  link.close();
});

test('of a process that cannot be seen nothing is said', async () => {
  const { socket } = await peer();
  const link = new WatchedTransport(socketTransport(socket), 2 ** 30);
  let closed = false;
  link.onClose(() => (closed = true));
  link.onMessage(() => {});
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(closed).toBe(false);
  link.close();
});
