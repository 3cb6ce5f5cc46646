/**
 * `npm run bench:log -- [--seconds N] [--report FILE.json]`: what a Protected pair's logging channel carries, and how
 * far the secondary is behind, while the guest idles, computes, prints, reads its disk, and uses the network.
 *
 * Invariant: each row is what `lockstep metrics` shows, over the same time; reads through the log and reads on the
 * secondary are the same guest work on the same image.
 */
import { copyFileSync, writeFileSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { VmMetrics } from '../../preload/contract.ts';
import { guestLibrary } from '../../main/paths.ts';
import { prepareCheckout } from '../../main/prepare.ts';
import { TestHost, type SerialProgram } from '../support/host.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '10' }, report: { type: 'string' } } });
const SECONDS = Number(values.seconds);
const VM = 'bench';
const say = (line: string): void => void process.stdout.write(`${line}\n`);

interface Scenario {
  readonly name: string;
  readonly diskReads: 'log' | 'backup';
  /** What the guest's shell does meanwhile, until it is interrupted. */
  readonly work: string;
}

const READ_DISK = 'while :; do echo 3 > /proc/sys/vm/drop_caches; cat /mnt/big > /dev/null; done';

function scenarios(sink: number, source: number): Scenario[] {
  return [
    { name: 'idle', diskReads: 'log', work: 'sleep 1000' },
    { name: 'computes (md5sum)', diskReads: 'log', work: 'md5sum /dev/zero' },
    { name: 'processes (100 forks)', diskReads: 'log', work: 'while :; do /bin/true; done' },
    {
      name: 'prints (serial console)',
      diskReads: 'log',
      work: 'while :; do echo 0123456789012345678901234567890; done',
    },
    { name: 'reads its disk, through the log', diskReads: 'log', work: READ_DISK },
    { name: 'reads its disk, on the secondary', diskReads: 'backup', work: READ_DISK },
    { name: 'sends by TCP', diskReads: 'log', work: `nc 10.77.0.1 ${sink} < /dev/zero` },
    { name: 'receives by TCP', diskReads: 'log', work: `sleep 1000 | nc 10.77.0.1 ${source} > /dev/null` },
  ];
}

interface Row {
  readonly name: string;
  readonly mbit: number;
  readonly lagMs: number;
  readonly delayP50: number;
  readonly delayP99: number;
  readonly throttled: number;
  readonly stalls: number;
  readonly cpu: number;
}

function mean(numbers: readonly number[]): number {
  return numbers.length === 0 ? 0 : numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function measure(host: TestHost, serial: SerialProgram, { name, work }: Scenario): Promise<Row> {
  serial.write(`${work}\n`);
  await delay(2000);
  const samples: VmMetrics[] = [];
  for (let second = 0; second < SECONDS; second += 1) {
    samples.push(await host.call('metrics', { vm: VM }));
    await delay(1000);
  }
  serial.write('\x03');
  await delay(500);
  const of = (pick: (sample: VmMetrics) => number | null): number[] => samples.flatMap((sample) => pick(sample) ?? []);
  return {
    name,
    mbit: mean(of((sample) => sample.logBandwidthBitsPerSecond)) / 1e6,
    lagMs: mean(of((sample) => sample.lagMs)),
    delayP50: mean(of((sample) => sample.outputDelayMsP50)),
    delayP99: mean(of((sample) => sample.outputDelayMsP99)),
    throttled: mean(of((sample) => sample.throttle)),
    stalls: (samples.at(-1)?.stalls ?? 0) - (samples[0]?.stalls ?? 0),
    cpu: mean(of((sample) => sample.primary?.cpuPercent ?? null)),
  };
}

async function protectedWith(host: TestHost, diskReads: Scenario['diskReads']): Promise<void> {
  await host.json('vm', 'set', VM, `diskReads=${diskReads}`);
  const { ftEnabled } = await host.call('vm.show', { vm: VM });
  if (ftEnabled) await host.json('ft', 'migrate', VM);
  else await host.json('ft', 'on', VM);
  await host.waitFor(VM, 'protected');
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

await prepareCheckout(say);
const host = new TestHost();
const servers = await peers();
const rows: Row[] = [];
try {
  await host.start();
  const image = path.join(host.dataFolder, 'disk.img');
  copyFileSync(path.join(path.dirname(guestLibrary().bios), 'data.img'), image);
  await host.json('vm', 'create', VM, '--sample', 'linux', '--hda', image);
  await host.json('vm', 'set', VM, 'failureTimeoutMs=5000');
  await host.json('power', 'on', VM);
  const serial = host.attach(VM);
  await serial.until(/:~# $/);
  serial.write('until grep -q /mnt /proc/mounts && ip route | grep -q default; do sleep 0.1; done\n');
  serial.write('dd if=/dev/urandom of=/mnt/big bs=1M count=8; sync; echo rea""dy\n');
  await serial.until(/\nready/);
  let reads: Scenario['diskReads'] | null = null;
  for (const scenario of scenarios(servers.sink, servers.source)) {
    if (reads !== scenario.diskReads) await protectedWith(host, scenario.diskReads);
    reads = scenario.diskReads;
    const row = await measure(host, serial, scenario);
    rows.push(row);
    say(
      `${row.name.padEnd(34)} log ${row.mbit.toFixed(3).padStart(9)} Mbit/s, lag ${row.lagMs.toFixed(1)} ms, ` +
        `output delay ${row.delayP50.toFixed(2)}/${row.delayP99.toFixed(2)} ms (p50/p99), ` +
        `throttle ${row.throttled.toFixed(2)}, stalls ${row.stalls}, primary ${row.cpu.toFixed(0)} % of a core`,
    );
  }
  await serial.close();
} finally {
  servers.close();
  await host.stop();
  host.remove();
}
if (values.report) {
  const machine = { cpus: os.cpus().length, model: os.cpus()[0]?.model, node: process.version };
  writeFileSync(values.report, `${JSON.stringify({ seconds: SECONDS, rows, machine }, null, 2)}\n`);
}
