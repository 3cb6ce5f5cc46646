/**
 * The probe's utility process: does what main asks, and answers.
 *
 * Invariant: one task at a time; an answer carries the task's name.
 */
import { getHashes } from 'node:crypto';
import zlib from 'node:zlib';
import { guestSpeed } from './guest-speed.ts';

export type Task =
  | { readonly task: 'facts' | 'guest' | 'echo' | 'listen' }
  | { readonly task: 'roundTrips'; readonly bytes: number; readonly count: number }
  | { readonly task: 'flood'; readonly bytes: number; readonly count: number };

interface Port {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { data: unknown }) => void): void;
  on(event: 'close', listener: () => void): void;
  start(): void;
}

const { parentPort } = process as unknown as {
  parentPort: {
    postMessage(message: unknown): void;
    on(event: 'message', listener: (event: { data: Task; ports: Port[] }) => void): void;
  };
};

let link: Port | null = null;
let onData: (data: unknown) => void = () => {};

function take(port: Port): void {
  link = port;
  port.on('message', ({ data }) => onData(data));
  port.on('close', () => parentPort.postMessage({ task: 'closed', at: Date.now() }));
  port.start();
}

function facts(): object {
  const block = Buffer.alloc(16 << 20, 'Lockstep ');
  const startedAt = performance.now();
  const hasZstd = typeof zlib.zstdCompressSync === 'function';
  if (hasZstd) zlib.zstdCompressSync(block, { params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 } });
  const zstdMs = hasZstd ? performance.now() - startedAt : null;
  const hashes = ['sha256', 'sha1', 'md5'].filter((name) => getHashes().includes(name));
  const { node, v8, zlib: zlibVersion, chrome } = process.versions;
  const versions = { node, v8, zlib: zlibVersion, chrome };
  return { versions, execArgv: process.execArgv, hasZstd, zstdMs, hashes };
}

/** Milliseconds of one round trip: the median and the worst. */
async function roundTrips(bytes: number, count: number): Promise<object> {
  const message = new Uint8Array(bytes);
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const startedAt = performance.now();
    await new Promise<void>((resolve) => {
      onData = () => resolve();
      link?.postMessage(message);
    });
    times.push(performance.now() - startedAt);
  }
  const sorted = times.toSorted((a, b) => a - b);
  return { bytes, medianMs: sorted[count >> 1], worstMs: sorted.at(-1) };
}

/** Megabytes a second in one direction; the other side says when it has all. */
async function flood(bytes: number, count: number): Promise<object> {
  const message = new Uint8Array(bytes);
  const startedAt = performance.now();
  const all = new Promise<void>((resolve) => (onData = () => resolve()));
  link?.postMessage({ expect: count });
  for (let index = 0; index < count; index++) link?.postMessage(message);
  await all;
  return { bytes, megabytesPerSecond: (bytes * count) / (performance.now() - startedAt) / 1000 };
}

/** Answers every message; a flood with one answer at its end. */
function echo(): void {
  let expected = 0;
  onData = (data) => {
    if (data instanceof Uint8Array && expected === 0) link?.postMessage(data);
    else if (data instanceof Uint8Array && --expected === 0) link?.postMessage('all');
    else if (!(data instanceof Uint8Array)) expected = (data as { expect: number }).expect;
  };
}

/** Tells main what arrives, for the moment when the other side is killed. */
function listen(): void {
  onData = (data) => parentPort.postMessage({ task: 'heard', data });
}

parentPort.on('message', ({ data, ports }) => {
  const [port] = ports;
  if (port) take(port);
  const answer = (result: unknown): void => parentPort.postMessage({ task: data.task, result });
  if (data.task === 'facts') answer(facts());
  else if (data.task === 'guest') void guestSpeed().then(answer, (error: Error) => answer({ failed: error.message }));
  else if (data.task === 'roundTrips') void roundTrips(data.bytes, data.count).then(answer);
  else if (data.task === 'flood') {
    if (data.bytes > 0) void flood(data.bytes, data.count).then(answer);
    else for (let index = 0; index < data.count; index++) link?.postMessage(index);
  } else {
    if (data.task === 'echo') echo();
    else listen();
    answer(null);
  }
});
