// How each built file is made. Invariant: a recipe reads only the packages and source files that it lists, so that the
// hash over these says whether its outputs are current.

import { cp, lutimes, mkdtemp, readFile, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Package } from './apt.ts';
import { readDeb } from './deb.ts';
import { makeInitrd, readTree, words } from './initrd.ts';
import { repackKernel } from './kernel.ts';
import { isCandidate } from './modules.ts';
import { notices } from './notices.ts';
import type { Tools } from './tools.ts';

export type Role = 'seabios' | 'kernel' | 'busybox';

/** What a recipe works with. */
export interface Bench {
  /** The folder resources/guests. */
  readonly root: string;
  readonly tools: Tools;
  readonly package: (role: Role) => Package;
}

export interface Recipe {
  readonly name: string;
  readonly outputs: readonly string[];
  readonly packages: readonly Role[];
  /** Files or folders below resources/guests. */
  readonly sources: readonly string[];
  readonly make: (bench: Bench) => Promise<Record<string, Buffer>>;
}

const one = (files: ReadonlyMap<string, Buffer>, pattern: RegExp, from: string): [string, Buffer] => {
  const found = [...files].find(([name]) => pattern.test(name));
  if (!found) throw new Error(`package ${from} holds no file like ${pattern.source}`);
  return found;
};

async function makeFirmware({ package: get }: Bench): Promise<Record<string, Buffer>> {
  const files = await readDeb(get('seabios').file, (name) => name.startsWith('usr/share/seabios/'));
  return {
    'bios.bin': one(files, /\/bios\.bin$/, 'seabios')[1],
    'vgabios.bin': one(files, /\/vgabios-stdvga\.bin$/, 'seabios')[1],
  };
}

async function makeLinux({ root, tools, package: get }: Bench): Promise<Record<string, Buffer>> {
  const kernel = get('kernel');
  const files = await readDeb(kernel.file, (name) => name.startsWith('boot/vmlinuz-') || isCandidate(name));
  const [name, image] = one(files, /^boot\/vmlinuz-/, kernel.name);
  files.delete(name);
  const busybox = await readDeb(get('busybox').file, (found) => /(^|\/)bin\/busybox$/.test(found));
  const list = async (file: string): Promise<string[]> => words(await readFile(path.join(root, 'linux', file), 'utf8'));
  const initrd = makeInitrd({
    busybox: one(busybox, /busybox$/, 'busybox-static')[1],
    applets: await list('applets.txt'),
    release: name.slice('boot/vmlinuz-'.length),
    modules: files,
    wanted: await list('modules.txt'),
    files: await readTree(path.join(root, 'linux', 'rootfs')),
  });
  const unpack = (payload: Uint8Array): Promise<Buffer> => tools.run('xz', ['-dc', '--single-stream'], payload);
  return { 'linux.bzimage': await repackKernel(image, name, unpack), 'linux.initrd': initrd };
}

async function makeCommandLine({ root }: Bench): Promise<Record<string, Buffer>> {
  const text = await readFile(path.join(root, 'linux', 'cmdline.txt'), 'utf8');
  return { 'linux.cmdline': Buffer.from(`${words(text).join(' ')}\n`) };
}

const floppySize = 1440 * 1024;

async function makeTestGuest({ root, tools }: Bench): Promise<Record<string, Buffer>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lockstep-guests-'));
  try {
    const out = path.join(folder, 'test.bin');
    const source = path.join(root, 'test');
    await tools.run('nasm', ['-f', 'bin', '-Werror', `-I${source}/`, '-o', out, path.join(source, 'boot.asm')]);
    const image = Buffer.alloc(floppySize);
    (await readFile(out)).copy(image);
    return { 'test.img': image };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Any fixed time: file times of the data disk do not depend on the day of the build. */
const fixedTime = 1_700_000_000;

async function makeDataDisk({ root, tools }: Bench): Promise<Record<string, Buffer>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lockstep-guests-'));
  try {
    const content = path.join(folder, 'content');
    const out = path.join(folder, 'data.img');
    await cp(path.join(root, 'disk'), content, { recursive: true });
    for (const name of await readdir(content, { recursive: true })) {
      await lutimes(path.join(content, name), fixedTime, fixedTime);
    }
    await utimes(content, fixedTime, fixedTime);
    const label = ['-L', 'lockstep-data', '-U', '10c57e9a-0000-4000-8000-000000000001'];
    const settings = ['-E', 'root_owner=0:0,hash_seed=10c57e9a-0000-4000-8000-000000000002', '-m', '0'];
    await tools.run('mke2fs', ['-q', '-F', '-t', 'ext4', ...label, ...settings, '-d', content, out, '16M']);
    return { 'data.img': await readFile(out) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function makeNotices({ package: get }: Bench): Promise<Record<string, Buffer>> {
  return { 'NOTICES.txt': Buffer.from(await notices([get('seabios'), get('kernel'), get('busybox')])) };
}

const linuxCode = ['kernel.ts', 'initrd.ts', 'cpio.ts', 'modules.ts'];

export const recipes: readonly Recipe[] = [
  {
    name: 'firmware',
    outputs: ['bios.bin', 'vgabios.bin'],
    packages: ['seabios'],
    sources: [],
    make: makeFirmware,
  },
  {
    name: 'linux',
    outputs: ['linux.bzimage', 'linux.initrd'],
    packages: ['kernel', 'busybox'],
    sources: [...linuxCode, 'linux/applets.txt', 'linux/modules.txt', 'linux/rootfs'],
    make: makeLinux,
  },
  {
    name: 'command line',
    outputs: ['linux.cmdline'],
    packages: [],
    sources: ['linux/cmdline.txt'],
    make: makeCommandLine,
  },
  { name: 'test guest', outputs: ['test.img'], packages: [], sources: ['test'], make: makeTestGuest },
  { name: 'data disk', outputs: ['data.img'], packages: [], sources: ['disk'], make: makeDataDisk },
  {
    name: 'notices',
    outputs: ['NOTICES.txt'],
    packages: ['seabios', 'kernel', 'busybox'],
    sources: ['notices.ts'],
    make: makeNotices,
  },
];
