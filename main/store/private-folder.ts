/**
 * Whose data folder it is, and who else can get at it.
 *
 * Invariants: nothing in a folder of somebody else, or behind a link of somebody else, is opened; what belongs to this
 * user and is open to others is closed to them, and told. A folder that holds other things than Lockstep's is never
 * changed. On Windows the user's profile is private, and nothing is looked at.
 */
import { chmodSync, lstatSync, readdirSync, realpathSync, statSync, type Stats } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;
const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;
const ANYBODY_WRITES = 0o002;
const STICKY = 0o1000;
const ROOT = 0;

/** Databases, and what SQLite puts beside them. */
const SUFFIXES = ['', '-wal', '-shm', '-journal'] as const;
const FILES = ['lockstep.db', 'lock.db', 'datastore/leases.db'].flatMap((name) => SUFFIXES.map((end) => name + end));
const FOLDERS = ['datastore', 'recordings'];
const MARK = 'lockstep.db';

/**
 * Makes the folder and what Lockstep keeps in it private.
 * @returns what was found open and what became of it, for the user.
 * @throws {Error} whose message says what is wrong and what to do, where it is not safe to use the folder.
 */
export function securePrivateFolder(folder: string): string[] {
  if (process.platform === 'win32') return [];
  const warnings: string[] = [];
  ownOnly(folder, lstatSync(folder));
  const real = realpathSync(folder);
  ownOnly(folder, statSync(real));
  closeFolder(real, warnings);
  for (const name of FOLDERS) {
    const inside = path.join(real, name);
    const link = look(inside);
    if (!link) continue;
    ownOnly(inside, link);
    const status = statSync(inside);
    if (!status.isDirectory()) throw new Error(`"${inside}" is no folder. Move it away.`);
    ownOnly(inside, status);
    close(inside, status, PRIVATE_FOLDER, warnings);
  }
  for (const name of FILES) {
    const inside = path.join(real, name);
    const status = look(inside);
    if (!status) continue;
    if (!status.isFile() || status.nlink > 1) {
      throw new Error(`"${inside}" is not a plain file with this one name. Move it away, or restore it.`);
    }
    ownOnly(inside, status);
    close(inside, status, PRIVATE_FILE, warnings);
  }
  return [...warnings, ...openParents(real)];
}

function look(file: string): Stats | undefined {
  return lstatSync(file, { throwIfNoEntry: false });
}

function ownOnly(file: string, { uid }: Stats): void {
  const own = os.userInfo().uid;
  if (uid === own) return;
  throw new Error(
    `"${file}" belongs to another user (${uid}; you are ${own}). ` +
      'Choose another folder with --data DIR, or make it yours with chown.',
  );
}

function close(file: string, { mode }: Stats, wanted: number, warnings: string[]): void {
  if ((mode & OTHERS) === 0) return;
  chmodSync(file, wanted);
  warnings.push(`"${file}" was open to other users (${octal(mode)}) and was closed to them (${octal(wanted)}).`);
}

/** A folder that is not (only) Lockstep's keeps its permissions. */
function closeFolder(folder: string, warnings: string[]): void {
  const status = statSync(folder);
  const names = readdirSync(folder);
  const ours = names.length === 0 || names.includes(MARK);
  if (ours && (status.mode & STICKY) === 0) {
    close(folder, status, PRIVATE_FOLDER, warnings);
  } else if ((status.mode & OTHERS_WRITE) !== 0) {
    throw new Error(
      `Others may write to the folder "${folder}" (${octal(status.mode)}). Choose a folder of its own with --data DIR.`,
    );
  } else if ((status.mode & OTHERS) !== 0) {
    warnings.push(`The data folder "${folder}" holds other things too, and others may look at it.`);
  }
}

/** Whoever may write to a folder above can put another one in this one's place. */
function openParents(folder: string): string[] {
  const warnings: string[] = [];
  for (let at = path.dirname(folder); ; at = path.dirname(at)) {
    const { mode, uid } = statSync(at);
    if ((mode & ANYBODY_WRITES) !== 0 && (mode & STICKY) === 0) {
      warnings.push(`Anybody may write to "${at}" (${octal(mode)}) and could replace the data folder below it.`);
    } else if (uid !== ROOT && uid !== os.userInfo().uid) {
      warnings.push(`"${at}" belongs to another user (${uid}), who could replace the data folder below it.`);
    }
    if (at === path.dirname(at)) return warnings;
  }
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}
