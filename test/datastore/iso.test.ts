// Discs made of folders, read back by a reader of their own: both trees lead to what the folder held.

import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HostFile } from '../../main/datastore/disk/device.ts';
import { scanFolder } from '../../main/datastore/iso/tree.ts';
import { SECTOR, writeDisc } from '../../main/datastore/iso/writer.ts';
import { temporaryFolder } from '../support/folder.ts';
import { holdsAsync } from '../support/random.ts';

type Found = { [name: string]: string | Found };

async function discOf(folder: string): Promise<Buffer> {
  const { root } = await scanFolder(folder);
  const image = path.join(temporaryFolder(), 'disc.iso');
  const file = await HostFile.open(image, 'wx+');
  const heard: number[] = [];
  await writeDisc(file, root, 'Some Files', (fraction) => void heard.push(fraction));
  await file.close();
  expect(heard.every((fraction) => fraction > 0 && fraction <= 1)).toBe(true);
  const disc = readFileSync(image);
  for (const at of [16, 17]) expect(disc.readUInt32LE(at * SECTOR + 80) * SECTOR).toBe(disc.length);
  return disc;
}

/** All that a tree holds, by the descriptor in this sector (ECMA-119, 8.4 and 9.1). */
function treeAt(disc: Buffer, descriptor: number): Found {
  const joliet = disc.toString('latin1', descriptor * SECTOR + 88, descriptor * SECTOR + 91) === '%/E';
  const nameOf = (bytes: Buffer): string =>
    joliet ? Buffer.from(bytes).swap16().toString('utf16le') : bytes.toString('latin1');
  function folder(sector: number, length: number): Found {
    const found: Found = {};
    const end = sector * SECTOR + length;
    for (let at = sector * SECTOR; at < end; ) {
      const size = disc[at] ?? 0;
      if (size === 0) {
        at = (Math.floor(at / SECTOR) + 1) * SECTOR;
        continue;
      }
      const [where, bytes] = [disc.readUInt32LE(at + 2), disc.readUInt32LE(at + 10)];
      expect([disc.readUInt32BE(at + 6), disc.readUInt32BE(at + 14)]).toEqual([where, bytes]);
      const name = disc.subarray(at + 33, at + 33 + (disc[at + 32] ?? 0));
      const special = name.length === 1 && (name[0] ?? 2) < 2;
      if (!special && disc[at + 25] === 2) found[nameOf(name)] = folder(where, bytes);
      else if (!special) found[nameOf(name)] = disc.toString('latin1', where * SECTOR, where * SECTOR + bytes);
      at += size;
    }
    return found;
  }
  const root = descriptor * SECTOR + 156;
  return folder(disc.readUInt32LE(root + 2), disc.readUInt32LE(root + 10));
}

const contents = (tree: Found): string[] =>
  Object.values(tree)
    .flatMap((value) => (typeof value === 'string' ? [value] : ['/', ...contents(value)]))
    .toSorted();

function isoNames(tree: Found): string[] {
  return Object.entries(tree).flatMap(([name, value]) => [name, ...(typeof value === 'string' ? [] : isoNames(value))]);
}

const NAMES = [
  'a.txt',
  'A.TXT',
  'a long name.tar.gz',
  'größe',
  '.hidden',
  'no extension',
  'x'.repeat(90),
  'ok.e',
  'b',
  '1',
];

test('a disc holds the folder, in both trees', async () => {
  const aTree = fc.letrec((tie) => ({
    file: fc.string({ maxLength: 40 }),
    folder: fc.dictionary(fc.constantFrom(...NAMES), fc.oneof({ depthSize: 'small' }, tie('file'), tie('folder')), {
      maxKeys: 8,
    }),
  })).folder as fc.Arbitrary<Found>;
  await holdsAsync(
    fc.asyncProperty(aTree, async (drawn) => {
      const folder = temporaryFolder();
      const tree = shallow(drawn);
      write(folder, tree);
      const disc = await discOf(folder);
      const [iso, joliet] = [treeAt(disc, 16), treeAt(disc, 17)];
      expect(contents(joliet)).toEqual(contents(tree));
      expect(contents(iso)).toEqual(contents(tree));
      for (const name of isoNames(iso)) expect(name).toMatch(/^[A-Z0-9_]{1,8}(\.[A-Z0-9_]{0,3};1)?$/);
    }),
    15,
  );
});

/** Folders of at most four levels, with contents that files can have. */
function shallow(tree: Found, depth = 1): Found {
  return Object.fromEntries(
    Object.entries(tree).flatMap(([name, value]): [string, string | Found][] => {
      if (typeof value === 'string') return [[name, Buffer.from(value).toString('latin1')]];
      return depth === 4 ? [] : [[name, shallow(value, depth + 1)]];
    }),
  );
}

function write(folder: string, tree: Found): void {
  for (const [name, value] of Object.entries(tree)) {
    if (typeof value === 'string') writeFileSync(path.join(folder, name), value, 'latin1');
    else {
      mkdirSync(path.join(folder, name));
      write(path.join(folder, name), value);
    }
  }
}

test('names stay what they are with Joliet, where that can be, and many files take several sectors', async () => {
  const folder = temporaryFolder();
  const names = Array.from({ length: 300 }, (_, index) => `Datei Nummer ${index}.größer.txt`);
  for (const name of names) writeFileSync(path.join(folder, name), name);
  symlinkSync('/etc', path.join(folder, 'link'));
  writeFileSync(path.join(folder, 'what:is*this?'), 'odd');
  const tree = treeAt(await discOf(folder), 17);
  expect(Object.keys(tree).toSorted()).toEqual([...names, 'what_is_this_'].toSorted());
  for (const name of names) expect(Buffer.from(tree[name] as string, 'latin1').toString()).toBe(name);
});

test('what does not fit a disc is refused by name', async () => {
  const folder = temporaryFolder();
  mkdirSync(path.join(folder, '1/2/3/4/5/6/7/8'), { recursive: true });
  await expect(scanFolder(folder)).rejects.toThrow(/1\/2\/3\/4\/5\/6\/7\/8" is deeper than the 8 levels/);
  const other = temporaryFolder();
  writeFileSync(path.join(other, 'large'), '');
  truncateSync(path.join(other, 'large'), 5 * 2 ** 30);
  await expect(scanFolder(other)).rejects.toThrow(/large" is larger than the 4 GB/);
  await expect(scanFolder(path.join(other, 'large'))).rejects.toThrow(/is no folder/);
});
