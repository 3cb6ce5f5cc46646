/**
 * A VM under write load whose snapshots are taken, reverted to and deleted, and whose host is killed; with all that is
 * known of what must be on its disks.
 *
 * Invariants: what the host has reported is believed and held against it; of what was under way when it died either end
 * is good, and nothing else. Only processes of its own host are killed.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SnapshotView, VmView } from '../../preload/contract/contract.ts';
import { isAlive, type TestHost } from '../support/host.ts';
import { until } from './life.ts';
import { folderBytes, hashDisk, lookInto, misplaced, overlaysIn } from './snapshot-disk.ts';
import { SnapshotGuest } from './snapshot-guest.ts';
import { actionFor, FILES, type Action, type SnapshotOrder, type SnapshotStep } from './snapshot-plan.ts';

export const VM = 'snapshots';
const MEMORY_MB = '72';
const FAILURE_TIMEOUT_MS = 5000;
const PATIENCE_MS = 600_000;
const PROTECT_SECONDS = 150;
/** A guest that was taken back has counted its calls less far. */
const CALLS_BETWEEN = 1000;

/** The round that each file holds. */
type Rounds = readonly (number | null)[];

/** A snapshot that was reported, or found after a death. */
interface Known {
  readonly name: string;
  readonly rounds: Rounds;
  readonly hash: string;
  readonly running: boolean;
  /** Its files were looked at: from then on its hash says enough. */
  looked: boolean;
}

/** What came of a step. */
export interface SnapshotResult {
  readonly number: number;
  readonly action: Action;
  readonly offline: boolean;
  readonly protect: boolean;
  /** Null where the host lived; whether the action had been reported before it died. */
  readonly death: { readonly afterMs: number; readonly reported: boolean; readonly happened: boolean } | null;
  /** Until it was reported, in milliseconds; null where it never was. */
  readonly tookMs: number | null;
  /** How long the guest stood still for a take. */
  readonly stunMs: number | null;
  /** After a delete without a death: until nothing was left to merge at this time. */
  readonly mergedMs: number | null;
  /** Of the snapshot that was taken. */
  readonly bytes: number | null;
  /** Of all states and layers, and of how many files the disk is made, afterwards. */
  readonly folderBytes: number;
  readonly diskFiles: number;
  readonly snapshots: number;
  /** How long it took to look at everything after a death. */
  readonly checkedMs: number | null;
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

export class SnapshotScene {
  readonly host: TestHost;
  readonly #diskMB: number;
  readonly #known = new Map<string, Known>();
  #guest: SnapshotGuest | null = null;
  #current: Rounds = Array.from({ length: FILES }, () => null);
  #folder = '';
  #round = 0;
  #calls = 0;

  private constructor(host: TestHost, diskMB: number) {
    this.host = host;
    this.#diskMB = diskMB;
  }

  static async begin(host: TestHost, { diskMB, format }: SnapshotOrder): Promise<SnapshotScene> {
    const image = path.join(host.dataFolder, 'disk.img');
    writeFileSync(image, '');
    truncateSync(image, diskMB * 2 ** 20);
    execFileSync('mkfs.ext4', ['-q', '-F', image]);
    const thin = path.join(host.dataFolder, 'disk.lsd');
    if (format === 'lsd') await host.call('disk.import', { source: image, file: thin });
    const hda = format === 'lsd' ? thin : image;
    await host.json('vm', 'create', VM, '--sample', 'linux', '--memory', MEMORY_MB, '--hda', hda);
    await host.call('vm.set', { vm: VM, failureTimeoutMs: FAILURE_TIMEOUT_MS });
    const scene = new SnapshotScene(host, diskMB);
    scene.#folder = path.join(host.dataFolder, 'states', (await scene.#view()).id);
    return scene;
  }

  /** @throws {Error} with what is wrong. */
  async step(step: SnapshotStep): Promise<SnapshotResult> {
    const { number, offline, deathMs } = step;
    const action = actionFor(step, this.#known.size);
    const isProtected = await this.#bring(step);
    if (!offline) await this.#write(step.files);
    const target = [...this.#known][Math.floor(step.pick * this.#known.size)];
    const before = this.#current;
    const beganAt = performance.now();
    let tookMs: number | null = null;
    const done = this.#act(action, number, target?.[0] ?? '').then((snapshot) => {
      tookMs = performance.now() - beganAt;
      return snapshot;
    });
    if (deathMs !== null) {
      const outcome = await this.#die(done, deathMs);
      const found = await this.#afterDeath(action, number, target, before, outcome.reported);
      const checkedMs = performance.now() - found.at;
      const death = { afterMs: deathMs, ...outcome, happened: found.happened };
      return this.#result(step, action, { isProtected, death, tookMs, mergedMs: null, taken: null, checkedMs });
    }
    const taken = await done;
    const mergedMs = await this.#afterwards(action, taken, target, beganAt + (tookMs ?? 0));
    return this.#result(step, action, { isProtected, death: null, tookMs, mergedMs, taken, checkedMs: null });
  }

  /** Deletes all snapshots while the VM is off: one file must be left, and the disk as it was. */
  async end(): Promise<void> {
    if ((await this.#view()).power !== 'off') await this.#powerOff();
    const before = await hashDisk(await this.#disk());
    for (const id of this.#known.keys()) await this.host.call('snapshot.delete', { vm: VM, snapshot: id });
    this.#known.clear();
    await until(
      async () => (await this.#view()).diskFiles === undefined,
      () => `the disk becomes one file again; there are ${overlaysIn(this.#folder).join(', ')}`,
      PATIENCE_MS,
    );
    if ((await hashDisk(await this.#disk())) !== before)
      throw new Error('the disk changed when its layers were merged');
    this.#compare(await lookInto(this.host, await this.#disk()), [this.#current], 'at the end');
    await this.#tidy([]);
  }

  /* -------------------------------------------------------------- before and meanwhile ---------------------- */

  /** @returns whether it is Protected. */
  async #bring({ offline, protect, restore, pick }: Pick<SnapshotStep, 'offline' | 'protect' | 'restore' | 'pick'>) {
    const { power, ftEnabled } = await this.#view();
    if (offline) {
      if (power !== 'off') await this.#powerOff();
      return false;
    }
    if (power === 'off') {
      if (ftEnabled) await this.host.call('ft.off', { vm: VM });
      const states = [...this.#known].filter(([, { running }]) => running);
      const [id, snapshot] = states[Math.floor(pick * states.length)] ?? [];
      if (restore && id !== undefined && snapshot) await this.#revertTo(id, snapshot);
      else await this.#boot();
    }
    return this.#protect(protect);
  }

  async #boot(): Promise<void> {
    await this.host.call('power.on', { vm: VM });
    this.#guest = await SnapshotGuest.boot(this.host, VM, this.#diskMB);
  }

  async #revertTo(id: string, snapshot: Known): Promise<void> {
    await this.host.call('snapshot.revert', { vm: VM, snapshot: id });
    await this.#reverted(snapshot);
  }

  async #powerOff(): Promise<void> {
    await this.#leave();
    await this.host.call('power.off', { vm: VM });
  }

  /** On a computer that gives the secondary no time it is not: then the step is done without one. */
  async #protect(protect: boolean): Promise<boolean> {
    const { ftEnabled } = await this.#view();
    if (ftEnabled !== protect) await this.host.call(protect ? 'ft.on' : 'ft.off', { vm: VM });
    if (!protect) return false;
    try {
      await this.host.call('ft.wait', { vm: VM, for: 'protected', timeoutSeconds: PROTECT_SECONDS });
      return true;
    } catch {
      return false;
    }
  }

  async #write(files: readonly number[]): Promise<void> {
    const rounds = new Map(files.map((file) => [file, (this.#round += 1)]));
    await this.#guest?.write(rounds);
    this.#current = this.#current.map((round, file) => rounds.get(file) ?? round);
  }

  async #act(action: Action, number: number, target: string): Promise<SnapshotView | null> {
    if (action === 'take') return this.host.call('snapshot.take', { vm: VM, name: nameOf(number) });
    if (action === 'revert') await this.host.call('snapshot.revert', { vm: VM, snapshot: target });
    else await this.host.call('snapshot.delete', { vm: VM, snapshot: target });
    return null;
  }

  async #die(done: Promise<unknown>, deathMs: number): Promise<{ reported: boolean }> {
    let reported = false;
    const over = done.then(
      () => (reported = true),
      () => {
        // Its host was killed.
      },
    );
    await sleep(deathMs);
    const processes = childrenOf(this.host.pid);
    await this.host.stop('SIGKILL');
    await over;
    await this.#leave();
    await until(() => !processes.some(isAlive), 'the processes of a host that was killed end', PATIENCE_MS);
    await this.host.start();
    return { reported };
  }

  async #leave(): Promise<void> {
    if (!this.#guest) return;
    this.#calls = Math.max(this.#calls, this.#guest.calls) + 1;
    await this.#guest.close();
    this.#guest = null;
  }

  /* -------------------------------------------------------------- afterwards -------------------------------- */

  /** @returns how long merging took; null where nothing was deleted. */
  async #afterwards(
    action: Action,
    taken: SnapshotView | null,
    target: readonly [string, Known] | undefined,
    since: number,
  ): Promise<number | null> {
    if (taken) await this.#remember(taken, this.#current);
    if (action === 'revert' && target) {
      await this.#reverted(target[1]);
      return null;
    }
    if (action !== 'delete' || !target) return null;
    this.#known.delete(target[0]);
    await this.#tidy(await this.#listed());
    return performance.now() - since;
  }

  /** The guest goes on from there, and has its files. */
  async #reverted(snapshot: Known): Promise<void> {
    await this.#leave();
    this.#current = snapshot.rounds;
    if (!snapshot.running) return;
    this.#calls += CALLS_BETWEEN;
    this.#guest = await SnapshotGuest.resume(this.host, VM, this.#calls);
    this.#compare(await this.#guest.read(), [snapshot.rounds], `in the guest, taken back to ${snapshot.name}`);
  }

  /** Everything is looked at. `target` and `number`: of what was under way. */
  async #afterDeath(
    action: Action,
    number: number,
    target: readonly [string, Known] | undefined,
    before: Rounds,
    reported: boolean,
  ): Promise<{ readonly at: number; readonly happened: boolean }> {
    const at = performance.now();
    const list = await this.#listed();
    const taken = list.find(({ name }) => name === nameOf(number));
    const gone = target !== undefined && !list.some(({ id }) => id === target[0]);
    if (reported && action === 'take' && !taken) throw new Error(`${nameOf(number)} was reported taken, and is lost`);
    if (reported && action === 'delete' && !gone)
      throw new Error(`${target?.[1].name} was reported deleted, and is there`);
    if (action === 'delete' && gone && target) this.#known.delete(target[0]);
    await this.#tidy(list);
    if (taken) await this.#remember(taken, before);
    for (const id of this.#known.keys()) {
      if (!list.some((one) => one.id === id)) throw new Error(`the snapshot ${id}, which was there, is lost`);
    }
    await this.#checkDisks(list);
    const { power, note, suspended } = await this.#view();
    if (power !== 'off') throw new Error(`after the death of its host the VM is "${power}" (${note})`);
    const ends =
      action === 'revert' && target ? (reported ? [target[1].rounds] : [before, target[1].rounds]) : [before];
    const rounds = await lookInto(this.host, await this.#disk());
    this.#compare(rounds, ends, `on the disk after the death in a ${action} (note: ${note})`);
    this.#current = rounds as Rounds;
    // A revert that had come so far: the disk alone is looked at here; its state is left to the other reverts.
    if (suspended) await this.host.call('power.off', { vm: VM });
    const moved = JSON.stringify(rounds) !== JSON.stringify(before);
    return { at, happened: action === 'take' ? taken !== undefined : action === 'delete' ? gone : moved };
  }

  async #checkDisks(list: readonly SnapshotView[]): Promise<void> {
    for (const file of overlaysIn(this.#folder)) {
      const { problems } = await this.host.call('disk.check', { file, repair: false });
      if (problems[0]) throw new Error(`disk check of ${file}: ${problems[0].message}`);
    }
    for (const { id, disk, name } of list) {
      const known = this.#known.get(id);
      if (!known || disk === null) continue;
      if ((await hashDisk(disk)) !== known.hash) throw new Error(`the disk of the snapshot ${name} has changed`);
    }
    for (const { id, disk, name } of list) {
      const known = this.#known.get(id);
      if (!known || disk === null || known.looked) continue;
      known.looked = true;
      this.#compare(await lookInto(this.host, disk), [known.rounds], `in the disk of ${name}`);
    }
  }

  async #remember({ id, name, disk, machine }: SnapshotView, rounds: Rounds): Promise<void> {
    const hash = await hashDisk(disk ?? '');
    this.#known.set(id, { name, rounds, hash, running: machine !== null, looked: false });
  }

  #compare(found: readonly unknown[], ends: readonly Rounds[], where: string): void {
    if (ends.some((end) => JSON.stringify(end) === JSON.stringify(found))) return;
    const words = ends.map((end) => JSON.stringify(end)).join(' or ');
    throw new Error(`${where} the files should hold ${words}, and hold ${JSON.stringify(found)}`);
  }

  /** Waits until nothing is in the folder that nobody needs. */
  async #tidy(list: readonly SnapshotView[]): Promise<void> {
    let wrong: string[] = [];
    await until(
      () => {
        wrong = misplaced(this.#folder, list);
        return wrong.length === 0;
      },
      () => `the VM's folder is in order: ${wrong.join(', ')}`,
      PATIENCE_MS,
    );
  }

  async #result(
    { number, offline }: SnapshotStep,
    action: Action,
    came: Pick<SnapshotResult, 'death' | 'tookMs' | 'mergedMs' | 'checkedMs'> & {
      readonly taken: SnapshotView | null;
      readonly isProtected: boolean;
    },
  ): Promise<SnapshotResult> {
    const { taken, isProtected, ...rest } = came;
    const { diskFiles } = await this.#view();
    return {
      number,
      action,
      offline,
      protect: isProtected,
      ...rest,
      stunMs: taken && (await this.#stunOf(taken.id)),
      bytes: taken?.bytes ?? null,
      folderBytes: folderBytes(this.#folder),
      diskFiles: diskFiles?.length ?? 1,
      snapshots: this.#known.size,
    };
  }

  async #stunOf(id: string): Promise<number | null> {
    const events = await this.host.call('event.list', { vm: VM, kind: 'snapshot.taken', limit: 10 });
    const stunMs = events.find(({ data }) => data['id'] === id)?.data['stunMs'];
    return typeof stunMs === 'number' ? stunMs : null;
  }

  #listed(): Promise<readonly SnapshotView[]> {
    return this.host.call('snapshot.list', { vm: VM });
  }

  #view(): Promise<VmView> {
    return this.host.call('vm.show', { vm: VM });
  }

  async #disk(): Promise<string> {
    const { diskFiles, currentDisk, hardware } = await this.#view();
    return diskFiles?.[0] ?? currentDisk ?? hardware.files.hda ?? '';
  }
}

function nameOf(number: number): string {
  return `step ${number}`;
}
