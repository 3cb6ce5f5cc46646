/**
 * The disk files: what can be done to them, and who uses them.
 *
 * Invariant: a file is never changed while a running VM uses it, and no VM is powered on, and no layer of its disk
 * merged, while its disk is being worked on; what takes long is a task.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { CommandError, type TaskKind } from '../../../preload/contract/contract.ts';
import type { diskCommands, DiskView } from '../../../preload/contract/disk.ts';
import { diskInfo } from '../../datastore/disk/check.ts';
import { createDisk } from '../../datastore/disk/create.ts';
import { chainFiles } from '../../datastore/disk/open.ts';
import type { Progress } from '../../datastore/disk/operations.ts';
import { RULE_WORDS } from '../../../preload/contract/rule-words.ts';
import type { TaskDesk } from '../watch/tasks.ts';

/** What is asked of a VM. */
export interface DiskUser {
  readonly name: string;
  readonly running: boolean;
  /** Its saved state is of a machine with this disk, of this size. */
  readonly suspended: boolean;
  /** Its hard disk images: the user's file, and the copy in the datastore. */
  readonly images: readonly string[];
  /** Where the layers of its snapshots are. */
  readonly layers: string;
  /** Meanwhile none of its layers is merged, and it is not powered on. Refused while its snapshots are worked on. */
  readonly hold: <T>(work: () => Promise<T>) => Promise<T>;
}

/** What a disk's file takes of the name that it is made for, in characters. */
const NAME_MAX = 64;

type Kind = Extract<TaskKind, keyof typeof diskCommands>;

export class DiskDesk {
  readonly #tasks: TaskDesk;
  readonly #folder: string;
  readonly #users: () => readonly DiskUser[];
  /** Files that are being worked on. */
  readonly #busy = new Set<string>();

  /** `folder` is where disks go whose file nobody has named. */
  constructor(tasks: TaskDesk, folder: string, users: () => readonly DiskUser[]) {
    this.#tasks = tasks;
    this.#folder = folder;
    this.#users = users;
  }

  async view(file: string): Promise<DiskView> {
    const info = await diskInfo(file);
    const self = real(file);
    const using = this.#users().filter(({ images }) => filesOf(images).has(self));
    return { ...info, vms: using.map(({ name }) => name) };
  }

  /** Makes a thin disk in the data folder, for a VM of this name. @returns its file. */
  async createFor(vm: string, bytes: number): Promise<string> {
    const file = this.newFile(vm);
    await createDisk(file, { virtualBytes: bytes });
    return file;
  }

  /** The name of a disk that is not there yet, for what is called so. */
  newFile(called: string): string {
    return path.join(this.folder(), `${called.slice(0, NAME_MAX)}-${randomUUID().slice(0, 8)}.lsd`);
  }

  /** @throws {CommandError} `refused` when a suspended VM uses it. */
  requireResizable(file: string): void {
    const self = real(file);
    for (const { name, suspended, images } of this.#users()) {
      if (suspended && filesOf(images).has(self)) throw new CommandError('refused', RULE_WORDS.diskSuspended(name));
    }
  }

  /** @throws {CommandError} `refused` while one of these is being worked on. */
  requireIdle(images: readonly string[]): void {
    if (this.#busy.size === 0) return;
    for (const file of filesOf(images)) {
      if (!this.#busy.has(file)) continue;
      throw new CommandError('refused', `The disk "${file}" is being worked on: wait until that is done.`);
    }
  }

  /**
   * Keeps a VM's disk from being used or worked on by somebody else meanwhile.
   * @throws {CommandError} `refused` while that happens already.
   */
  async hold<T>(images: readonly string[], act: () => Promise<T>): Promise<T> {
    this.requireIdle(images);
    const files = images.map(real);
    for (const file of files) this.#busy.add(file);
    try {
      return await act();
    } finally {
      for (const file of files) this.#busy.delete(file);
    }
  }

  /**
   * What other disks stand on must stay as it is.
   * @throws {CommandError} `refused` when these images are worked on, or another VM's disk stands on one of them.
   */
  requireWritable(vm: string, images: readonly string[]): void {
    this.requireIdle(images);
    const own = new Set(images.map(real));
    for (const { name, images: others } of this.#users()) {
      if (name === vm) continue;
      for (const file of others.flatMap((image) => chainFiles(image).slice(1)).map(real)) {
        if (!own.has(file)) continue;
        const words = `The disk of "${name}" stands on "${file}", which must stay as it is.`;
        throw new CommandError('refused', `${words} Give "${vm}" an overlay of its own: lockstep vm clone --linked.`);
      }
    }
  }

  /** `requireWritable`, as an answer. */
  isFree(vm: string, file: string): boolean {
    try {
      this.requireWritable(vm, [file]);
      return true;
    } catch {
      return false;
    }
  }

  /** The files of this folder that other VMs' disks are made of, each with the name of such a VM. */
  othersIn(folder: string, vm: string): ReadonlyMap<string, string> {
    const here = real(folder);
    const found = new Map<string, string>();
    for (const { name, images } of this.#users()) {
      if (name === vm) continue;
      const inside = [...filesOf(images)].filter((file) => path.dirname(file) === here);
      for (const file of inside) found.set(path.join(folder, path.basename(file)), name);
    }
    return found;
  }

  /** Where disks go whose file nobody has named. It is there. */
  folder(): string {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    return this.#folder;
  }

  /**
   * Works on a disk that no running VM uses, as a task. `base`: also none that is off may stand on it.
   * @throws {CommandError} `refused`, naming the VM.
   */
  async work<T>(kind: Kind, file: string, act: (progress: Progress) => Promise<T>, base = false): Promise<T> {
    const self = real(file);
    this.requireIdle([file]);
    for (const { name, running, images } of this.#users()) {
      if (running && filesOf(images).has(self)) {
        throw new CommandError('refused', RULE_WORDS.diskRunning(name));
      }
      if (base && filesOf(images).has(self) && !images.some((image) => real(image) === self)) {
        throw new CommandError('refused', `The disk of "${name}" stands on "${file}", which must stay as it is.`);
      }
    }
    const mine = this.#users().filter(
      ({ images, layers }) => filesOf(images).has(self) || path.dirname(self) === real(layers),
    );
    const task = (): Promise<T> => this.#task(kind, file, act);
    let work = task;
    for (const { hold } of mine) {
      const inner = work;
      work = () => hold(inner);
    }
    return work();
  }

  async #task<T>(kind: Kind, file: string, act: (progress: Progress) => Promise<T>): Promise<T> {
    const self = real(file);
    // It was somebody's turn meanwhile.
    this.requireIdle([file]);
    const { id } = this.#tasks.begin(kind, { id: '', name: path.basename(file) }, 'user', { progress: 0, phase: file });
    this.#busy.add(self);
    try {
      const result = await act((progress) => this.#tasks.progress(id, { progress, phase: file }));
      this.#tasks.end(id, 'done');
      return result;
    } catch (error) {
      this.#tasks.end(id, 'failed', (error as Error).message);
      throw error;
    } finally {
      this.#busy.delete(self);
    }
  }
}

function filesOf(images: readonly string[]): ReadonlySet<string> {
  return new Set(images.flatMap((image) => chainFiles(image)).map(real));
}

/** The same for two names of one file. */
function real(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return path.resolve(file);
  }
}
