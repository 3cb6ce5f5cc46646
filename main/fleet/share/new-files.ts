/**
 * The files of a VM that is still being made: clones, imports, and exports that are being written.
 *
 * Invariants: a file has its own name only when it is complete; what a host that died left of the others is removed, or
 * (where the VM is there already) put in its place, before anybody can use it. Names are made here, never taken from
 * what is imported.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { EXPORT_EXTENSION } from '../../../preload/contract/share.ts';
import { syncFolder } from '../../datastore/disk/create.ts';
import type { VmRecord } from '../../store/vms.ts';
import { FILE_KINDS } from '../spec.ts';

/** Begins the name of what is not complete. VMs' names begin with a letter or a digit. */
const UNFINISHED = '.new-';
/** Begins the name of a note: the file that it names is being written, somewhere else. */
const NOTE = '.writing-';
/** Ends the name of an export that is being written. */
const WRITING = `${EXPORT_EXTENSION}.part`;

export class NewFiles {
  readonly #folder: string;
  readonly #vm: string;
  readonly #names: string[] = [];

  /** `vm` is the name of the VM that they are for. */
  constructor(folder: string, vm: string) {
    this.#folder = folder;
    this.#vm = vm;
  }

  /** A name for one more, with its dot: where it is made, and where it will be. The extension stays. */
  add(extension: string): { readonly made: string; readonly file: string } {
    const name = `${this.#vm}-${randomUUID().slice(0, 8)}${extension}`;
    this.#names.push(name);
    return { made: path.join(this.#folder, UNFINISHED + name), file: path.join(this.#folder, name) };
  }

  /** What was made will be there after a power cut, too. */
  settle(): Promise<void> {
    return syncFolder(this.#folder);
  }

  /** They are complete, and somebody's: they take their places. */
  keep(): void {
    for (const name of this.#names.splice(0)) place(this.#folder, name);
  }

  /** Removes those that were not kept. */
  discard(): void {
    for (const name of this.#names.splice(0)) rmSync(path.join(this.#folder, UNFINISHED + name), { force: true });
  }
}

function place(folder: string, name: string): void {
  renameSync(path.join(folder, UNFINISHED + name), path.join(folder, name));
}

/** At the start: nobody is making anything. */
export function removeUnfinished(folder: string, vms: readonly VmRecord[]): void {
  const used = new Set(vms.flatMap(({ config }) => FILE_KINDS.map((kind) => config[kind])));
  for (const entry of readdirSync(folder)) {
    const file = path.join(folder, entry);
    if (entry.startsWith(NOTE)) removeNoted(file);
    if (!entry.startsWith(UNFINISHED)) continue;
    const name = entry.slice(UNFINISHED.length);
    const wanted = path.join(folder, name);
    if (used.has(wanted) && !existsSync(wanted)) place(folder, name);
    else rmSync(file, { force: true });
  }
}

function removeNoted(note: string): void {
  try {
    const file = readFileSync(note, 'utf8');
    if (file.endsWith(WRITING) && lstatSync(file).isFile()) rmSync(file);
  } catch {
    // It is gone, or its disk is away: then it stays there.
  }
  rmSync(note, { force: true });
}

/**
 * The name under which `file` is written until it is complete, noted in `folder` until `forget` is called.
 * @throws {Error} as node:fs does, when `folder` cannot be written to.
 */
export function writingBeside(
  folder: string,
  file: string,
): {
  readonly temporary: string;
  readonly forget: () => void;
} {
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}-${randomUUID().slice(0, 8)}${WRITING}`);
  const note = path.join(folder, `${NOTE}${randomUUID()}`);
  writeFileSync(note, temporary, { mode: 0o600, flag: 'wx' });
  return { temporary, forget: () => rmSync(note, { force: true }) };
}
