/**
 * The host, the VM, and the present life of its guest: what a campaign's failures happen to.
 *
 * Invariant: a life that ends is looked at before the next begins: it said so, no process of it is left, and all that
 * it has synced is on the disk that the VM names.
 */
import { copyFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { EVENTS_LIMIT_MAX, type FtStatus, type VmView } from '../../preload/contract/contract.ts';
import { guestLibrary } from '../../main/paths.ts';
import { isAlive, type TestHost } from '../support/host.ts';
import { addForwards, Life, until, VM, type Forwards } from './life.ts';
import { checkImage } from './observers.ts';
import type { Mode } from './plan.ts';

/** Enough for the sample guest and its load, and little to copy. */
const MEMORY_MB = '72';
const PATIENCE_SECONDS = 180;
/** A host that was killed leaves replicas that end by themselves. */
const ORPHANS_END_MS = 20_000;

/** The processes that this process has forked (Linux). */
function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}

function isReplicaOfVm(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith(`lockstep replica ${VM}`);
  } catch {
    return false;
  }
}

export class Scene {
  readonly host: TestHost;
  life: Life;
  readonly #forwards: Forwards;
  #mode: Mode;
  #lives = 1;

  private constructor(host: TestHost, life: Life, forwards: Forwards, mode: Mode) {
    this.host = host;
    this.life = life;
    this.#forwards = forwards;
    this.#mode = mode;
  }

  /** A VM of its own, Protected and at work. `timeoutMs`: its failure timeout. */
  static async begin(host: TestHost, mode: Mode, timeoutMs: number): Promise<Scene> {
    const image = path.join(host.dataFolder, 'disk.img');
    copyFileSync(path.join(path.dirname(guestLibrary().bios), 'data.img'), image);
    await host.json('vm', 'create', VM, '--sample', 'linux', '--memory', MEMORY_MB, '--hda', image);
    await host.call('vm.set', {
      vm: VM,
      failureTimeoutMs: timeoutMs,
      diskMode: mode.disk,
      diskReads: mode.reads,
    });
    const forwards = await addForwards(host);
    const life = await Life.begin(host, forwards, 0);
    await host.call('ft.on', { vm: VM });
    return new Scene(host, life, forwards, mode);
  }

  status(): Promise<FtStatus> {
    return this.host.call('ft.status', { vm: VM });
  }

  view(): Promise<VmView> {
    return this.host.call('vm.show', { vm: VM });
  }

  isProtected(): Promise<FtStatus> {
    return this.host.call('ft.wait', { vm: VM, for: 'protected', timeoutSeconds: PATIENCE_SECONDS });
  }

  /** The disk mode of all that follows: the present secondary, of another one, is replaced. */
  async use(mode: Mode): Promise<void> {
    if (mode.disk === this.#mode.disk && mode.reads === this.#mode.reads) return;
    this.#mode = mode;
    await this.isProtected();
    await this.host.call('vm.set', { vm: VM, diskMode: mode.disk, diskReads: mode.reads });
    await this.host.call('ft.testRestartSecondary', { vm: VM });
  }

  /**
   * The guest's only copy is gone: the VM must say so, leave nothing behind, and have everything on its disk. Then it
   * is powered on anew. @throws {Error} with what is wrong.
   */
  async beginAnew(former: readonly number[]): Promise<void> {
    const { note, power } = await this.view();
    if (power !== 'off' || !note?.startsWith('Powered off unexpectedly')) {
      throw new Error(`the VM should be off and say why; its power is "${power}", its note ${JSON.stringify(note)}`);
    }
    const left = (): number[] => [...former, ...childrenOf(this.host.pid).filter(isReplicaOfVm)].filter(isAlive);
    await until(
      () => left().length === 0,
      () => `no replica is left of a VM that ended, but ${left().join(', ')}`,
    );
    await this.checkDisk();
    this.#lives += 1;
    this.life = await Life.begin(this.host, this.#forwards, this.#lives - 1);
    await this.isProtected();
  }

  /** Looks at the disk of the life that has ended, and at all that its observers saw to its end. */
  async checkDisk(): Promise<void> {
    await this.life.end();
    this.life.check();
    const { hardware, currentDisk } = await this.view();
    const wrong = checkImage(currentDisk ?? hardware.files.hda ?? '', this.life.console.rounds);
    if (wrong) throw new Error(wrong);
  }

  /** Kills the host and starts it again; what it knew it must know. @throws {Error} with what is wrong. */
  async killHost(): Promise<void> {
    const known = await this.#known();
    const processes = childrenOf(this.host.pid);
    this.life.mayBeCut(true);
    await this.host.stop('SIGKILL');
    await until(() => !processes.some(isAlive), 'the processes of a host that was killed end', ORPHANS_END_MS);
    await this.host.start();
    const now = await this.#known();
    for (const what of ['settings', 'networks', 'forwards'] as const) {
      const [before, after] = [JSON.stringify(known[what]), JSON.stringify(now[what])];
      if (before !== after) throw new Error(`the ${what} were ${before} and are ${after} after the host was killed`);
    }
    const events = new Set(now.events.map((event) => JSON.stringify(event)));
    const lost = known.events.find((event) => !events.has(JSON.stringify(event)));
    if (lost) throw new Error(`the host has lost the event ${JSON.stringify(lost)}`);
    await this.beginAnew([]);
  }

  /** All that a host keeps. The newest events are enough: there are new ones in every failure. */
  async #known() {
    const { host } = this;
    const { hardware, ftEnabled, ftSettings, nic, createdAt } = await this.view();
    return {
      settings: { hardware, ftEnabled, ftSettings, nic: [nic.type, nic.network, nic.address], createdAt },
      networks: (await host.call('network.list', {})).map(({ name, subnet }) => ({ name, subnet })),
      forwards: (await host.call('forward.list', { vm: VM })).map(({ id, hostPort, guestPort }) => [
        id,
        hostPort,
        guestPort,
      ]),
      // All of them: of the newest few the oldest would make way for what a new host has to tell.
      events: await host.call('event.list', { vm: VM, limit: EVENTS_LIMIT_MAX }),
    };
  }

  /** Ends the guest at once, as a power cut would, and looks at the image from outside. */
  async end(): Promise<void> {
    this.life.mayBeCut(true);
    await this.host.call('power.off', { vm: VM });
    await this.checkDisk();
  }
}
