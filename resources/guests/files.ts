// Where the guest files are. Cheap to import and to call: no hashing, no child process, no network.
// Invariant: every path handed out is absolute, and LOCKSTEP_GUESTS, when set, is the only folder consulted.

import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** Absolute paths of everything a VM can be started from. */
export interface GuestFiles {
  readonly folder: string;
  readonly bios: string;
  readonly vgabios: string;
  readonly bzimage: string;
  readonly initrd: string;
  /** A text file: the kernel's command line, one line. */
  readonly cmdline: string;
  /** The test guest, a 1.44 MB floppy image. */
  readonly testImage: string;
  /** A 16 MiB ext4 image with a few text files. */
  readonly dataImage: string;
  readonly notices: string;
}

/** The files without which no Linux VM starts. */
const needed = ['bios.bin', 'vgabios.bin', 'linux.bzimage', 'linux.initrd', 'linux.cmdline'] as const;
/** Made by the build as well; a folder of one's own may do without them. */
const extra = ['test.img', 'data.img', 'NOTICES.txt'] as const;
const builtNames: readonly string[] = [...needed, ...extra];

/** A folder of the user's own, from the environment variable LOCKSTEP_GUESTS; undefined when not set. */
export function ownFolder(): string | undefined {
  const value = process.env['LOCKSTEP_GUESTS'];
  return value ? path.resolve(value) : undefined;
}

const marker = path.join('linux', 'cmdline.txt');

/** The folder resources/guests of the sources, also when this file was bundled elsewhere. Throws if there is none. */
export function recipesFolder(): string {
  let folder = import.meta.dirname;
  for (;;) {
    for (const candidate of [folder, path.join(folder, 'resources', 'guests')]) {
      if (existsSync(path.join(candidate, marker))) return candidate;
    }
    const parent = path.dirname(folder);
    if (parent === folder) break;
    folder = parent;
  }
  throw new Error(`no resources/guests folder above ${import.meta.dirname}; set LOCKSTEP_GUESTS to a folder of files`);
}

/** Absolute paths of the guest files, whether or not they are there yet (see missingGuests). */
export function guestFiles(): GuestFiles {
  return filesIn(ownFolder() ?? path.join(recipesFolder(), 'built'));
}

export function filesIn(folder: string): GuestFiles {
  const at = (name: string): string => path.join(folder, name);
  return {
    folder,
    bios: at('bios.bin'),
    vgabios: at('vgabios.bin'),
    bzimage: at('linux.bzimage'),
    initrd: at('linux.initrd'),
    cmdline: at('linux.cmdline'),
    testImage: at('test.img'),
    dataImage: at('data.img'),
    notices: at('NOTICES.txt'),
  };
}

/** The guest's kernel command line, trimmed. Throws the file system's error when it is missing. */
export function guestCommandLine(): string {
  return readFileSync(guestFiles().cmdline, 'utf8').trim();
}

/** Names of the files that are missing or empty; an empty list means that VMs can start. */
export function missingGuests(): string[] {
  const own = ownFolder();
  const folder = own ?? path.join(recipesFolder(), 'built');
  return (own ? needed : builtNames).filter((name) => !isFile(path.join(folder, name)));
}

function isFile(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false });
  return found !== undefined && found.isFile() && found.size > 0;
}
