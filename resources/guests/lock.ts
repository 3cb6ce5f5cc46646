// One build at a time. Invariant: the lock lives exactly as long as the process that holds it, even if it is killed:
// it is a listening socket in Linux's abstract namespace, which the kernel takes away with the process.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Run `work` while holding the lock named after `folder`; `waiting` is called once if another process holds it. */
export async function withLock<T>(folder: string, waiting: () => void, work: () => Promise<T>): Promise<T> {
  const name = `\0lockstep-guests-${createHash('sha256').update(folder).digest('hex').slice(0, 24)}`;
  let told = false;
  let server = await tryListen(name);
  while (server === undefined) {
    if (!told) waiting();
    told = true;
    await untilGone(name);
    server = await tryListen(name);
  }
  try {
    return await work();
  } finally {
    for (const socket of server.waiters) socket.destroy();
    server.server.close();
    await once(server.server, 'close');
  }
}

interface Held {
  readonly server: Server;
  readonly waiters: Set<Socket>;
}

async function tryListen(name: string): Promise<Held | undefined> {
  const waiters = new Set<Socket>();
  const server = createServer((socket) => {
    waiters.add(socket);
    socket.on('error', () => {}).on('close', () => waiters.delete(socket));
    socket.resume();
  });
  const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    server.once('error', resolve);
    server.listen(name, () => resolve(undefined));
  });
  if (error === undefined) return { server, waiters };
  if (error.code === 'EADDRINUSE') return undefined;
  throw error;
}

/** Ends when the holder lets go or dies: its end of our connection closes. */
async function untilGone(name: string): Promise<void> {
  await new Promise<void>((resolve) => {
    const socket = connect(name);
    socket.on('error', () => {}).on('close', () => resolve());
    socket.resume();
  });
}
