/**
 * The logging channel: what a Protected pair's carries, how far the secondary is behind, and how long outputs wait,
 * while the guest idles, computes, prints, reads its disk, and uses the network.
 *
 * Invariant: each row is what `lockstep metrics` shows, over the same time; reads through the log and reads on the
 * secondary are the same guest work on the same image.
 */
import net, { type AddressInfo } from 'node:net';
import type { VmMetrics } from '../../../preload/contract/contract.ts';
import { interrupt } from '../../support/interrupt.ts';
import { digits, median } from '../figures.ts';
import { delay, type Effort, type Outcome, type Scenario } from '../scenario.ts';
import { work } from '../subjects/guest.ts';
import { Subject, type VmGuest } from '../subjects/lockstep.ts';

const VM = 'bench';
const SETTLE_MS = 2000;
const GB_PER_DAY = 86_400 / 8 / 1000;
const READ_DISK = 'while :; do echo 3 > /proc/sys/vm/drop_caches; cat /mnt/big > /dev/null; done';
const IDLE = 'idle';
const COMPUTES = 'computes (md5sum)';
const PRINTS = 'prints a line 20 times a second';
const RECEIVES = 'receives by TCP';
/** Those that goals refer to. */
const QUICK: readonly string[] = [IDLE, COMPUTES, PRINTS, RECEIVES];

interface Load {
  readonly name: string;
  readonly diskReads: 'log' | 'backup';
  /** What the guest's shell does meanwhile, until it is interrupted. */
  readonly command: string;
}

function loads(sink: number, source: number): Load[] {
  return [
    { name: IDLE, diskReads: 'log', command: 'sleep 1000' },
    { name: COMPUTES, diskReads: 'log', command: 'md5sum /dev/zero' },
    { name: 'processes', diskReads: 'log', command: 'while :; do /bin/true; done' },
    { name: PRINTS, diskReads: 'log', command: 'while :; do echo line; usleep 50000; done' },
    { name: 'prints as fast as it can', diskReads: 'log', command: 'while :; do echo 012345678901234567890; done' },
    { name: 'sends by TCP', diskReads: 'log', command: `nc 10.77.0.1 ${sink} < /dev/zero` },
    { name: RECEIVES, diskReads: 'log', command: `sleep 1000 | nc 10.77.0.1 ${source} > /dev/null` },
    { name: 'reads its disk, through the log', diskReads: 'log', command: READ_DISK },
    { name: 'reads its disk, on the secondary', diskReads: 'backup', command: READ_DISK },
  ];
}

interface Row {
  readonly name: string;
  readonly mbit: number;
  readonly lagMs: number;
  readonly delayP50: number;
  readonly delayP99: number;
  readonly throttle: number;
  readonly stalls: number;
  readonly primaryCpu: number;
  readonly receivedMbit: number;
}

async function measure(subject: Subject, guest: VmGuest, { name, command }: Load, seconds: number): Promise<Row> {
  guest.write(`${command}\n`);
  await delay(SETTLE_MS);
  const samples: VmMetrics[] = [];
  for (let second = 0; second < seconds; second += 1) {
    samples.push(await subject.metrics(VM));
    await delay(1000);
  }
  await interrupt(guest);
  await delay(500);
  const mid = (pick: (sample: VmMetrics) => number | null | undefined): number =>
    median(samples.map((sample) => pick(sample) ?? Number.NaN));
  return {
    name,
    mbit: mid((sample) => sample.logBandwidthBitsPerSecond) / 1e6,
    lagMs: mid((sample) => sample.lagMs),
    delayP50: mid((sample) => sample.outputDelayMsP50),
    delayP99: mid((sample) => sample.outputDelayMsP99),
    throttle: mid((sample) => sample.throttle),
    stalls: (samples.at(-1)?.stalls ?? 0) - (samples[0]?.stalls ?? 0),
    primaryCpu: mid((sample) => sample.primary?.cpuPercent),
    receivedMbit: mid((sample) => sample.network?.bitsInPerSecond) / 1e6,
  };
}

async function protect(subject: Subject, diskReads: Load['diskReads']): Promise<void> {
  await subject.client.call('vm.set', { vm: VM, diskReads });
  const { status } = await subject.status(VM);
  await subject.client.call(status === 'protected' ? 'ft.migrate' : 'ft.on', { vm: VM });
  await subject.untilProtected(VM);
}

/** Takes what comes, and sends for as long as somebody listens. */
async function peers(): Promise<{ sink: number; source: number; close: () => void }> {
  const zeros = Buffer.alloc(65_536);
  const sink = net.createServer((socket) => void socket.on('error', () => {}).resume());
  const source = net.createServer((socket) => {
    const send = (): void => {
      while (socket.write(zeros));
    };
    socket.on('drain', send).on('error', () => {});
    send();
  });
  for (const server of [sink, source]) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): void => void [sink, source].map((server) => server.close());
  return { sink: (sink.address() as AddressInfo).port, source: (source.address() as AddressInfo).port, close };
}

async function measureAll(subject: Subject, seconds: number, { quick, say }: Effort): Promise<Row[]> {
  const servers = await peers();
  try {
    await subject.create(VM, '--hda', subject.disk);
    const { guest } = await subject.powerOn(VM);
    await work(guest, 'until grep -q /mnt /proc/mounts && ip route | grep -q default; do usleep 100000; done');
    await work(guest, 'dd if=/dev/urandom of=/mnt/big bs=1M count=8 2>/dev/null; sync');
    const rows: Row[] = [];
    let reads: Load['diskReads'] | null = null;
    for (const load of loads(servers.sink, servers.source)) {
      if (quick && !QUICK.includes(load.name)) continue;
      if (reads !== load.diskReads) await protect(subject, load.diskReads);
      reads = load.diskReads;
      say(`  ${load.name}`);
      rows.push(await measure(subject, guest, load, seconds));
    }
    return rows;
  } finally {
    servers.close();
  }
}

function outcome(rows: readonly Row[], seconds: number): Outcome {
  const row = (name: string): Row | undefined => rows.find((one) => one.name === name);
  const [idle, busy, receiving] = [row(IDLE), row(COMPUTES), row(RECEIVES)];
  const interactive = row(PRINTS);
  return {
    tables: [
      {
        title: `A protected pair, ${seconds} s each, medians of the seconds`,
        heads: [
          'the guest',
          'log, Mbit/s',
          'GB a day',
          'lag, ms',
          'output delay p50 / p99, ms',
          'throttle',
          'stalls',
          'primary, % of a core',
        ],
        rows: rows.map((one) => [
          one.name,
          digits(one.mbit),
          digits(one.mbit * GB_PER_DAY),
          digits(one.lagMs),
          `${digits(one.delayP50)} / ${digits(one.delayP99)}`,
          digits(one.throttle),
          String(one.stalls),
          digits(one.primaryCpu),
        ]),
        note:
          `While receiving, ${digits(receiving?.receivedMbit ?? Number.NaN)} Mbit/s of frames reached the guest. ` +
          'The paper has 1.5 Mbit/s (SPECjbb), 3.0 (kernel compile), 12 (Swingbench), 18 (DVD Store); ' +
          'VMware’s white paper 0.68 for an idle guest at 250 Hz.',
      },
    ],
    figures: {
      ...(idle && { logIdle: idle.mbit }),
      ...(busy && { logBusy: busy.mbit }),
      ...(receiving && { logReceive: receiving.mbit / receiving.receivedMbit }),
      ...(interactive && { delayP50: interactive.delayP50, delayP99: interactive.delayP99 }),
    },
    raw: rows,
  };
}

export const log: Scenario = {
  name: 'log',
  title: 'The logging channel',
  async run(effort: Effort): Promise<Outcome> {
    const seconds = effort.quick ? 3 : 10;
    const subject = new Subject();
    try {
      await subject.start();
      return outcome(await measureAll(subject, seconds, effort), seconds);
    } finally {
      await subject.stop();
    }
  },
};
