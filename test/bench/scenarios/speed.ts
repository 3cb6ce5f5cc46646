/**
 * Speed: the same guest does the same work on stock v86, on a machine of ours, and on a protected pair, in one run and
 * in turn, so that a noisy computer disturbs all alike.
 *
 * Invariant: a ratio is of two times of the same round. Besides the clock there is the processor's time of the process
 * that executes the guest, since a pair shares two cores with everything else.
 */
import path from 'node:path';
import { guestLibrary } from '../../../main/paths.ts';
import { Collected, digits, median, ratios, spread } from '../figures.ts';
import type { Effort, Outcome, Scenario, Table } from '../scenario.ts';
import { echoes, work, type Guest } from '../subjects/guest.ts';
import { Subject } from '../subjects/lockstep.ts';
import { startStock } from '../subjects/stock.ts';

const BOOT = 'boot, power-on to shell';
const CPU = 'computing';
const PROCESSES = 'short processes';
const READS = 'disk reads';
const KEYS = 40;

/** A source of 2 MB that does not compress to nothing. */
const TWO_MB = 'cat /bin/busybox /bin/busybox | head -c 2000000';
/** As a build does: many processes that live for a moment, with pipes between them. */
const BUILD = [
  'i=0; while [ $i -lt 25 ]; do',
  'echo "int f$i(void);" > /tmp/f$i.c; sed s/int/long/ /tmp/f$i.c | grep -c long > /tmp/f$i.o;',
  'md5sum < /tmp/f$i.o | cut -c1-8 > /tmp/f$i.h; rm /tmp/f$i.c; i=$((i+1)); done',
].join(' ');
const UNCACHED = 'echo 3 > /proc/sys/vm/drop_caches';

interface Work {
  readonly name: string;
  readonly group: string;
  readonly command: string;
}

/** What the guest's shell is told to do. */
const WORK: readonly Work[] = [
  {
    name: 'md5sum of 20 MB',
    group: CPU,
    command: 'dd if=/dev/zero bs=1M count=20 2>/dev/null | md5sum >/dev/null',
  },
  { name: 'gzip of 2 MB', group: CPU, command: `${TWO_MB} | gzip | md5sum >/dev/null` },
  {
    name: 'awk, 200,000 rounds of arithmetic',
    group: CPU,
    command: "awk 'BEGIN { for (i = 0; i < 200000; i++) s += i * 3 % 7; print s }' >/dev/null",
  },
  {
    name: 'the shell counts to 30,000',
    group: CPU,
    command: 'i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done',
  },
  {
    name: 'memory copied, 400 MB',
    group: CPU,
    command: 'dd if=/dev/zero of=/dev/null bs=256k count=1600 2>/dev/null',
  },
  {
    name: 'system calls, 40,000',
    group: CPU,
    command: 'dd if=/dev/zero of=/dev/null bs=1 count=20000 2>/dev/null',
  },
  {
    name: '100 processes, one after the other',
    group: PROCESSES,
    command: 'i=0; while [ $i -lt 100 ]; do /bin/true; i=$((i+1)); done',
  },
  { name: 'a small build (200 processes, pipes)', group: PROCESSES, command: BUILD },
  { name: 'disk, 16 MB read in order', group: READS, command: `${UNCACHED}; cat /mnt/big > /dev/null` },
  {
    name: 'disk, 200 reads here and there',
    group: READS,
    command: `${UNCACHED}; i=0; while [ $i -lt 200 ]; do dd if=/mnt/big of=/dev/null bs=4k count=1 skip=$((i*811%4096)) 2>/dev/null; i=$((i+1)); done`,
  },
  {
    name: 'disk, 4 MB written and synced',
    group: 'disk writes',
    command: 'dd if=/mnt/big of=/mnt/copy bs=64k count=64 conv=fsync 2>/dev/null',
  },
  {
    name: 'disk, 20 small writes, each synced',
    group: 'disk writes',
    command:
      'i=0; while [ $i -lt 20 ]; do dd if=/dev/zero of=/mnt/s bs=4k count=1 conv=fsync 2>/dev/null; i=$((i+1)); done',
  },
  {
    name: '50 sleeps of 10 ms',
    group: 'timers',
    command: 'i=0; while [ $i -lt 50 ]; do usleep 10000; i=$((i+1)); done',
  },
  {
    name: '1000 lines on the console',
    group: 'console',
    command: 'i=0; while [ $i -lt 1000 ]; do echo $i; i=$((i+1)); done',
  },
];
const ECHO = `a key's echo, p50 of ${KEYS}`;

type Times = { readonly wall: Collected; readonly cpu: Collected };
const times = (): Times => ({ wall: new Collected(), cpu: new Collected() });

/** The disk is mounted a moment after the prompt. */
async function prepare(guest: Guest): Promise<void> {
  await work(guest, 'until grep -q /mnt /proc/mounts; do usleep 100000; done');
  await work(guest, 'dd if=/dev/urandom of=/mnt/big bs=1M count=16 2>/dev/null; sync');
}

async function measure(
  guest: Guest & { readonly output: () => string },
  pid: number,
  into: Times,
  which: readonly Work[] = WORK,
): Promise<void> {
  for (const { name, command } of which) {
    const took = await work(guest, command, pid);
    into.wall.add(name, took.ms);
    into.cpu.add(name, took.cpuMs);
  }
  if (which !== WORK) return;
  into.wall.add(ECHO, median(await echoes(guest, KEYS)));
}

async function stock(into: Times): Promise<void> {
  const startedAt = performance.now();
  const guest = startStock(path.join(path.dirname(guestLibrary().bios), 'data.img'));
  try {
    await guest.until(/:~# $/);
    into.wall.add(BOOT, performance.now() - startedAt);
    await prepare(guest);
    await measure(guest, guest.pid, into);
  } finally {
    guest.stop();
  }
}

/** A VM of ours: first alone, then as a protected pair, on the same boot; and one that boots under protection. */
async function lockstep(alone: Times, pair: Times, ownReads: Times): Promise<void> {
  const subject = new Subject();
  try {
    await subject.start();
    const reads = WORK.filter(({ group }) => group === READS);
    await subject.create('bench', '--hda', subject.disk);
    const { guest, ms } = await subject.powerOn('bench');
    alone.wall.add(BOOT, ms);
    await prepare(guest);
    await measure(guest, await subject.primaryPid('bench'), alone);
    await subject.protect('bench');
    await measure(guest, await subject.primaryPid('bench'), pair);
    await subject.client.call('vm.set', { vm: 'bench', diskReads: 'backup' });
    await subject.client.call('ft.migrate', { vm: 'bench' });
    await subject.untilProtected('bench');
    await measure(guest, await subject.primaryPid('bench'), ownReads, reads);
    pair.wall.add(BOOT, await bootProtected(subject));
  } finally {
    await subject.stop();
  }
}

/** Powered on with FT turned on: its boot goes through the log as soon as the secondary is there, in its first second. */
async function bootProtected(subject: Subject): Promise<number> {
  await subject.client.call('power.off', { vm: 'bench' });
  const { ms } = await subject.powerOn('bench');
  return ms;
}

const ROWS: readonly { readonly name: string; readonly group: string }[] = [
  { name: BOOT, group: 'boot' },
  ...WORK,
  { name: ECHO, group: 'console' },
];

/** Times of all subjects, by their columns. */
type All = { readonly stock: Times; readonly alone: Times; readonly pair: Times; readonly ownReads: Times };

/** Speed relative to stock, the rows' medians multiplied into one (geometric mean). */
function groupSpeed(all: All, subject: Times, group: string): number {
  const rows = ROWS.filter((row) => row.group === group);
  const logs = rows.map(({ name }) => Math.log(median(ratios(all.stock.wall.of(name), subject.wall.of(name)))));
  return Math.exp(logs.reduce((sum, one) => sum + one, 0) / logs.length);
}

function speeds(all: All): Table {
  const cell = (subject: Times, name: string): string => spread(ratios(all.stock.wall.of(name), subject.wall.of(name)));
  const cpu = (subject: Times, name: string): string =>
    digits(median(ratios(all.stock.cpu.of(name), subject.cpu.of(name))));
  return {
    title: 'Speed relative to stock v86',
    heads: ['work', 'stock, ms', 'alone', 'pair', 'pair, reads on the backup', 'alone, CPU time', 'pair, CPU time'],
    rows: ROWS.map(({ name }) => [
      name,
      digits(median(all.stock.wall.of(name))),
      cell(all.alone, name),
      cell(all.pair, name),
      cell(all.ownReads, name),
      cpu(all.alone, name),
      cpu(all.pair, name),
    ]),
    note:
      'Medians of the rounds, and from where to where they went; above 1 is faster than stock. "CPU time" compares what ' +
      'the process that executes the guest used of a processor (of the primary alone), whatever else the two cores had to ' +
      "do. Stock's disk is a buffer in memory; ours is a file, and what is synced is on the disk.",
  };
}

export const speed: Scenario = {
  name: 'speed',
  title: 'Speed against stock v86',
  async run({ rounds, say }: Effort): Promise<Outcome> {
    const all: All = { stock: times(), alone: times(), pair: times(), ownReads: times() };
    for (let round = 1; round <= rounds; round += 1) {
      say(`  round ${round} of ${rounds}`);
      await stock(all.stock);
      await lockstep(all.alone, all.pair, all.ownReads);
    }
    return {
      tables: [speeds(all)],
      figures: {
        aloneBoot: groupSpeed(all, all.alone, 'boot'),
        aloneCpu: groupSpeed(all, all.alone, CPU),
        aloneProcesses: groupSpeed(all, all.alone, PROCESSES),
        pairBoot: groupSpeed(all, all.pair, 'boot'),
        pairCpu: groupSpeed(all, all.pair, CPU),
        pairProcesses: groupSpeed(all, all.pair, PROCESSES),
        pairReadsInLog: groupSpeed(all, all.pair, READS),
        pairReadsOnBackup: groupSpeed(all, all.ownReads, READS),
        powerOn: median(all.alone.wall.of(BOOT)) / 1000,
      },
      raw: Object.fromEntries(
        Object.entries(all).map(([name, { wall, cpu }]) => [name, { wallMs: wall.all(), cpuMs: cpu.all() }]),
      ),
    };
  },
};
