/**
 * `npm run fuzz -- [--frames N] [--seed S]`: throws mutated frames at a whole gateway (links, switch, services, NAT)
 * as two hostile guests would, and at the uplink's framing. Prints progress, the seed and the peak of memory; exit
 * status 0 when nothing was thrown, memory stayed within bounds, and the network still serves a guest at the end.
 *
 * Invariant: it runs in a network namespace of its own (unshare), so that no mutated packet reaches anybody; where that
 * cannot be had it refuses to run.
 */
import { spawn, spawnSync } from 'node:child_process';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { hostGateway } from '../../main/gateway/host.ts';
import {
  DEFAULT_NETWORK,
  type AttachedVm,
  type FromGateway,
  type GatewayRequest,
} from '../../main/gateway/messages.ts';
import { StreamFrames } from '../../main/gateway/wire/stream.ts';
import { encodeToGateway } from '../../main/transport/frames.ts';
import type { Transport } from '../../main/transport/transport.ts';
import { Mutator, type FuzzGuest } from './mutator.ts';

const { values } = parseArgs({
  options: {
    frames: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    inside: { type: 'boolean', default: false },
  },
});
const FRAMES = Number(values.frames);
const SEED = Number(values.seed);
/** Above what the process needs with nothing to do. All the gateway's bounds together are far below it. */
const GROWTH_BYTES_MAX = 512 << 20;
const BATCH = 500;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** A link with a replica that reads everything at once. */
class FuzzLink implements Transport {
  received = 0;
  #onMessage: (message: Uint8Array) => void = () => {};

  /** What the replica sends. */
  say(message: Uint8Array): void {
    this.#onMessage(message);
  }

  send(): void {
    this.received += 1;
  }

  onMessage(listener: (message: Uint8Array) => void): void {
    this.#onMessage = listener;
  }

  unsentBytes(): number {
    return 0;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  pause(): void {}
  onClose(): void {}
  close(): void {}
}

const GUESTS: readonly (FuzzGuest & AttachedVm)[] = [1, 2].map((n) => ({
  id: `vm-${n}`,
  name: `guest ${n}`,
  mac: `02:00:00:00:00:0${n}`,
  address: `10.77.0.1${n}`,
}));

async function fuzz(): Promise<void> {
  const answers: (string | null)[] = [];
  const gateway = hostGateway((message: FromGateway) => {
    if (message.type === 'answer') answers.push(message.error);
  });
  const request = async (wanted: GatewayRequest): Promise<void> => {
    const before = answers.length;
    gateway.handle({ ...wanted, request: before });
    while (answers.length === before) await nextTurn();
    const error = answers.at(-1);
    if (error) throw new Error(error);
  };
  await request({ type: 'configure', networks: [DEFAULT_NETWORK] });
  const links: FuzzLink[] = [];
  for (const guest of GUESTS) {
    await request({ type: 'attach', vm: guest, network: 'default' });
    const link = new FuzzLink();
    gateway.link(guest.id, link);
    links.push(link);
  }
  const forward = {
    id: 'f',
    protocol: 'udp',
    hostAddress: '127.0.0.1',
    hostPort: 4000,
    vm: 'vm-1',
    guestPort: 7,
  } as const;
  await request({ type: 'addForward', network: 'default', forward });
  for (const link of links) link.say(encodeToGateway({ kind: 'live', generation: 1 }));

  const mutator = new Mutator(SEED, GUESTS);
  const timer = setInterval(() => gateway.tick(), 20);
  const peak = await throwFrames(links, mutator);
  await afterwards(links, mutator);
  const report = gateway.report();
  for (const { vm, framesIn, framesOut, malformed, spoofed, udp, tcp } of report?.vms ?? []) {
    say(JSON.stringify({ vm, framesIn, framesOut, malformed, spoofed, udp, tcp }));
  }
  say(JSON.stringify(report?.networks));
  clearInterval(timer);
  gateway.close();
  say(`seed ${SEED}: ${FRAMES} frames, memory grew by at most ${Math.round(peak / 2 ** 20)} MiB`);
  if (peak > GROWTH_BYTES_MAX) throw new Error(`memory grew by more than ${GROWTH_BYTES_MAX >> 20} MiB`);
}

/** @returns by how much memory had grown at most, in bytes. */
async function throwFrames(links: readonly FuzzLink[], mutator: Mutator): Promise<number> {
  const memory = (): number => process.memoryUsage().rss;
  const base = memory();
  let [peak, saidAt] = [0, performance.now()];
  const stream = new StreamFrames();
  for (let n = 0; n < FRAMES; n++) {
    const [frame, guest] = mutator.next();
    try {
      links[guest]?.say(encodeToGateway({ kind: 'frame', epoch: n + 1, index: 0, data: frame }));
      // The same bytes as an uplink would split them.
      if (n % 16 === 0) stream.push(frame);
    } catch (error) {
      say(`seed ${SEED}, frame ${n}: ${Buffer.from(frame).toString('hex')}`);
      throw error;
    }
    if (n % BATCH !== 0) continue;
    await nextTurn();
    peak = Math.max(peak, memory() - base);
    if (performance.now() - saidAt < 5000) continue;
    saidAt = performance.now();
    say(`${n} frames, memory +${Math.round((memory() - base) / 2 ** 20)} MiB`);
  }
  return peak;
}

/** The network must still answer an honest guest. */
async function afterwards(links: readonly FuzzLink[], mutator: Mutator): Promise<void> {
  await sleep(1100);
  const [link] = links;
  const before = link?.received ?? 0;
  mutator.honest(0).forEach((frame, index) => {
    link?.say(encodeToGateway({ kind: 'frame', epoch: FRAMES + 1, index, data: frame }));
  });
  await sleep(100);
  const answered = (link?.received ?? 0) - before;
  // One answer each, and the confirmation of all.
  if (answered < mutator.honest(0).length + 1) throw new Error(`only ${answered} answers to an honest guest`);
}

if (values.inside) {
  // The namespace's own loopback; without it nothing could be answered.
  spawnSync('ip', ['link', 'set', 'lo', 'up'], { stdio: 'inherit' });
  await fuzz();
  process.exit(0);
} else {
  const again = [
    process.execPath,
    import.meta.filename,
    '--inside',
    '--frames',
    String(FRAMES),
    '--seed',
    String(SEED),
  ];
  const child = spawn('unshare', ['--user', '--map-root-user', '--net', ...again], { stdio: 'inherit' });
  child.on('error', () => {
    say('This needs Linux’s unshare: mutated packets must not leave a network namespace of their own.');
    process.exitCode = 1;
  });
  child.on('exit', (code) => (process.exitCode = code ?? 1));
}
