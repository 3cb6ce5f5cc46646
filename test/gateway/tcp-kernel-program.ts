/**
 * What runs inside the kernel guest's network namespace: ordinary programs over the kernel's own TCP.
 *
 * Invariant: it prints one line of JSON for each thing it was asked for. `echo PORT [MS]` returns what it gets, and
 * begins to read after so many milliseconds; `send HOST PORT BYTES` sends, ends its half, and reads to the end.
 */
import { createHash } from 'node:crypto';
import net from 'node:net';
import { patterned } from './tcp-patterned.ts';

const [command, ...words] = process.argv.slice(2);

function say(what: object): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

function echo(port: number, afterMs: number): void {
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    socket.on('error', (error: NodeJS.ErrnoException) => say({ error: error.code }));
    setTimeout(() => socket.pipe(socket), afterMs);
  });
  server.listen(port, () => say({ listening: port }));
}

function send(host: string, port: number, bytes: number): void {
  const hash = createHash('sha256');
  let received = 0;
  const socket = net.connect({ host, port, allowHalfOpen: true });
  socket.on('error', (error: NodeJS.ErrnoException) => say({ error: error.code }));
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length;
    hash.update(chunk);
  });
  socket.on('end', () => say({ received, sha256: hash.digest('hex') }));
  patterned(bytes).pipe(socket);
}

if (command === 'echo') echo(Number(words[0]), Number(words[1] ?? 0));
else if (command === 'send') send(words[0] ?? '', Number(words[1]), Number(words[2]));
else throw new Error(`unknown command ${command}`);
