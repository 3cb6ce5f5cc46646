/**
 * `npm run campaign -- [--kills N] [--hangs N] [--cuts N] [--disk shared|separate] [--reads log|backup]
 * [--victim primary|secondary|both] [--timeout MS] [--no-network] [--report FILE.json]`: makes a pair fail again and
 * again, under a guest that counts on its console, writes and reads its disk and serves programs over the network, and
 * watches from outside (observers.ts, clients.ts). Kills (kill -9) and hangs (SIGSTOP for longer than the failure
 * timeout) hit primary and secondary in turn; a cut channel leaves both alive.
 *
 * Invariant: it ends with exit status 1 as soon as an observer sees a gap, a repeat, a contradiction or a lost write,
 * two replicas go on in one generation, or the pair does not become Protected again. Only processes of its own host
 * are killed.
 */
import { copyFileSync, writeFileSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { FailoverReport, FtStatus, VmMetrics } from '../../preload/contract.ts';
import { guestLibrary } from '../../main/paths.ts';
import { prepareCheckout } from '../../main/prepare.ts';
import { TestHost, type SerialProgram } from '../support/host.ts';
import { CurlClient, ShellClient, StoreClients, type Observer } from './clients.ts';
import { GUEST_PORTS, loadLines, STORE_CLIENTS } from './load.ts';
import { checkImage, ConsoleObserver, FrameObserver } from './observers.ts';
import { summary } from './summary.ts';

export type Fault = 'kill' | 'hang' | 'cut';

export interface Failure {
  readonly number: number;
  readonly fault: Fault;
  /** Whom it hit; null for a cut channel. */
  readonly victim: 'primary' | 'secondary' | null;
  /** The longest time in which each observer saw nothing, from just before the fault until all saw more after it. */
  readonly silenceMs: { readonly [observer: string]: number };
  /** From the fault until Protected again. */
  readonly protectedMs: number;
  readonly stunMs: number | null;
  /** What the new primary told of its going live; null where the primary stayed the same. */
  readonly failover: FailoverReport | null;
  readonly metrics: Pick<VmMetrics, 'lagMs' | 'logBandwidthBitsPerSecond' | 'outputDelayMsP50' | 'outputDelayMsP99'>;
}

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    hangs: { type: 'string', default: '0' },
    cuts: { type: 'string', default: '0' },
    disk: { type: 'string', default: 'shared' },
    reads: { type: 'string', default: 'log' },
    // With two cores a replica may get no time for longer than the default of 500 ms.
    timeout: { type: 'string', default: '800' },
    victim: { type: 'string', default: 'both' },
    network: { type: 'boolean', default: true },
    report: { type: 'string' },
  },
  allowNegative: true,
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const VM = 'campaign';
/** The gateway's address stands for the host's loopback. */
const HOST_ADDRESS = '10.77.0.1';
const PATIENCE_MS = 60_000;

/** The faults in the order in which they come: the kinds mixed evenly. */
function plan(): Fault[] {
  const counts = { kill: Number(values.kills), hang: Number(values.hangs), cut: Number(values.cuts) };
  const faults = Object.entries(counts).flatMap(([fault, count]) =>
    Array.from({ length: count }, (_, index) => ({ fault: fault as Fault, place: (index + 0.5) / count })),
  );
  return faults.toSorted((a, b) => a.place - b.place).map(({ fault }) => fault);
}

interface Scene {
  readonly host: TestHost;
  readonly console: ConsoleObserver;
  /** The console among them. */
  readonly observers: readonly Observer[];
}

const status = (host: TestHost): Promise<FtStatus> => host.call('ft.status', { vm: VM });
const becomes = (host: TestHost, state: FtStatus['status']): Promise<FtStatus> =>
  host.call('ft.wait', { vm: VM, for: state, timeoutSeconds: PATIENCE_MS / 1000 });

async function failOnce(scene: Scene, number: number, fault: Fault): Promise<Failure> {
  const { host, observers } = scene;
  const victim = fault === 'cut' ? null : victimOf(fault);
  const before = await becomes(host, 'protected');
  const metrics = await host.call('metrics', { vm: VM });
  for (const observer of observers) observer.takeSilence();
  const failedAt = performance.now();
  if (victim && fault === 'kill') process.kill(before[victim]?.pid ?? 0, 'SIGKILL');
  else await host.call('fault', { vm: VM, kind: victim ? `hang-${victim}` : 'cut-channel' });
  await until(async () => (await status(host)).generation !== before.generation, `after the ${fault} somebody goes on`);
  await goesOn(scene);
  const silenceMs = Object.fromEntries(observers.map((observer) => [observer.name, observer.takeSilence()]));
  if (fault === 'hang') await host.call('fault', { vm: VM, kind: 'heal' });
  const after = await becomes(host, 'protected');
  const protectedMs = performance.now() - failedAt;
  const changed = after.primary?.pid !== before.primary?.pid;
  if (victim && changed !== (victim === 'primary')) throw new Error(`the ${victim} was hit, and the wrong one went on`);
  await goesOn(scene);
  const { lagMs, logBandwidthBitsPerSecond, outputDelayMsP50, outputDelayMsP99 } = metrics;
  return {
    number,
    fault,
    victim,
    silenceMs,
    protectedMs,
    stunMs: after.lastStart?.stunMs ?? null,
    failover: changed ? after.lastFailover : null,
    metrics: { lagMs, logBandwidthBitsPerSecond, outputDelayMsP50, outputDelayMsP99 },
  };
}

const hits: { [F in Fault]: number } = { kill: 0, hang: 0, cut: 0 };

/** In turn for each kind of fault, unless it is to be one of them always. */
function victimOf(fault: Fault): 'primary' | 'secondary' {
  if (values.victim === 'primary' || values.victim === 'secondary') return values.victim;
  hits[fault] += 1;
  return hits[fault] % 2 === 1 ? 'primary' : 'secondary';
}

/** Every observer sees more, and nothing wrong. @throws {Error} with what is wrong. */
async function goesOn({ console: program, observers }: Scene): Promise<void> {
  const counts = observers.map(({ count }) => count);
  const { synced, read } = program;
  const wants = (): string | undefined => {
    if (program.synced === synced || program.read === read) return 'disk';
    return observers.find((observer, index) => observer.count === counts[index])?.name;
  };
  await until(
    () => {
      const wrong = observers.find((observer) => observer.wrong !== null);
      if (wrong) throw new Error(`${wrong.name}: ${wrong.wrong}`);
      return wants() === undefined;
    },
    () => `${wants()} goes on`,
  );
}

async function until(condition: () => boolean | Promise<boolean>, what: string | (() => string)): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) {
      throw new Error(`${typeof what === 'string' ? what : what()}: not within ${PATIENCE_MS / 1000} s`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Every generation has had one holder that went on: the events say who did. */
async function checkGenerations(host: TestHost): Promise<void> {
  const holders = new Map<number, number>();
  for (const event of await host.call('event.list', { vm: VM, limit: 10_000 })) {
    if (event.kind !== 'ft.failover') continue;
    const { generation, pid } = event.data as { generation: number; pid: number };
    const other = holders.get(generation);
    if (other !== undefined) throw new Error(`${other} and ${pid} both went live in generation ${generation}`);
    holders.set(generation, pid);
  }
}

async function begin(host: TestHost, image: string): Promise<{ serial: SerialProgram; scene: Scene }> {
  copyFileSync(path.join(path.dirname(guestLibrary().bios), 'data.img'), image);
  await host.json('vm', 'create', VM, '--sample', 'linux', '--memory', '80', '--hda', image);
  const settings = { diskMode: values.disk, diskReads: values.reads, failureTimeoutMs: values.timeout };
  await host.json('vm', 'set', VM, ...Object.entries(settings).map(([key, value]) => `${key}=${value}`));
  await host.json('power', 'on', VM);
  const serial = host.attach(VM);
  await serial.until(/:~# $/);
  const network = values.network ? ' && ip route | grep -q default' : '';
  serial.write(`until grep -q /mnt /proc/mounts${network}; do sleep 0.1; done; echo rea""dy\n`);
  await serial.until(/ready/);
  const frames = new FrameObserver();
  const listener = values.network ? { address: HOST_ADDRESS, port: await frames.listen() } : null;
  for (const line of loadLines(listener)) serial.write(`${line}\n`);
  await serial.until(/C 50\r/);
  const program = new ConsoleObserver(serial);
  const clients = values.network ? await startClients(host) : [];
  const observers = [program, ...(values.network ? [frames] : []), ...clients];
  return { serial, scene: { host, console: program, observers } };
}

/** Ordinary programs, each through a port forward of its own. */
async function startClients(host: TestHost): Promise<Observer[]> {
  const forward = async (guestPort: number): Promise<number> => {
    const hostPort = await freePort();
    await host.json('forward', 'add', VM, `tcp:${hostPort}:${guestPort}`);
    return hostPort;
  };
  return [
    new CurlClient(await forward(GUEST_PORTS.http)),
    new ShellClient(await forward(GUEST_PORTS.shell)),
    new StoreClients(await forward(GUEST_PORTS.store), STORE_CLIENTS),
  ];
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Ends the guest at once, as a power cut would, and looks at the image from outside. */
async function endAndCheckDisk(host: TestHost, scene: Scene): Promise<string | null> {
  for (const observer of scene.observers) observer.close();
  await host.json('power', 'off', VM);
  const { hardware } = await host.call('vm.show', { vm: VM });
  return checkImage(hardware.files.hda ?? '', scene.console.synced);
}

await prepareCheckout(say);
const host = new TestHost();
const done: Failure[] = [];
let failure: string | null = null;
try {
  await host.start();
  const { serial, scene } = await begin(host, path.join(host.dataFolder, 'disk.img'));
  await host.json('ft', 'on', VM);
  const faults = plan();
  for (const [index, fault] of faults.entries()) {
    const failed = await failOnce(scene, index + 1, fault);
    done.push(failed);
    const silence = Object.entries(failed.silenceMs).map(([name, ms]) => `${name} ${ms.toFixed(0)}`);
    say(
      `${failed.number}/${faults.length} ${fault} ${failed.victim ?? 'channel'}: ` +
        `protected again after ${(failed.protectedMs / 1000).toFixed(1)} s, silent for ms: ${silence.join(', ')}`,
    );
  }
  await checkGenerations(host);
  failure = await endAndCheckDisk(host, scene);
  await serial.close();
} catch (error) {
  failure = (error as Error).message;
  const events = await host.events(VM).catch(() => []);
  for (const event of events.slice(-20)) say(`${new Date(event.at).toISOString()} ${event.kind}: ${event.message}`);
} finally {
  await host.stop();
  host.remove();
}
say(summary(done));
if (values.report) {
  const machine = { cpus: os.cpus().length, model: os.cpus()[0]?.model, node: process.version };
  const { disk, reads } = values;
  writeFileSync(values.report, `${JSON.stringify({ disk, reads, failures: done, failure, machine }, null, 2)}\n`);
}
say(failure ? `FAILED after ${done.length} failures: ${failure}` : `${done.length} failures, no violation`);
process.exitCode = failure ? 1 : 0;
