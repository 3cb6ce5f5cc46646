// A saved state in a file: what was written is read, and whatever is damaged, cut off or foreign is refused by name.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  encodeStateHeader,
  readState,
  readStateHeader,
  StateFileError,
  writeState,
} from '../../main/datastore/state-file.ts';
import { temporaryFolder } from '../support/folder.ts';

const sha = (digit: string): string => digit.repeat(64);
const header = {
  vm: 'web',
  takenAt: 5,
  epoch: 70,
  virtualNs: 1.5e9,
  lastInput: 3,
  fingerprint: sha('a'),
  hash: sha('b'),
};
const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));

/** Two megabytes and a bit, some of it zeros: three frames of pages. */
function parts(): { description: Uint8Array; pages: Uint8Array } {
  const pages = new Uint8Array((2 << 20) + 100);
  pages.set(random(1 << 20), 1000);
  return { description: random(5000), pages };
}

async function written(): Promise<{ file: string; state: ReturnType<typeof parts> }> {
  const file = path.join(temporaryFolder(), 'states', 'one.lockstate');
  const state = parts();
  const bytes = await writeState(file, header, state);
  expect(bytes).toBe(readFileSync(file).length);
  return { file, state };
}

test('what was written is read, and both tell how far they are', async () => {
  const file = path.join(temporaryFolder(), 'one.lockstate');
  const state = parts();
  const told: number[] = [];
  await writeState(file, header, state, (fraction) => told.push(fraction) > 0);
  const heard: number[] = [];
  const read = await readState(file, (fraction) => heard.push(fraction));
  expect(Buffer.compare(read.description, state.description)).toBe(0);
  expect(Buffer.compare(read.pages, state.pages)).toBe(0);
  expect(read.header).toEqual({ ...header, descriptionBytes: 5000, pagesBytes: state.pages.length });
  expect(await readStateHeader(file)).toEqual(read.header);
  expect([told, heard]).toEqual([heard, heard.toSorted((a, b) => a - b)]);
  expect(heard.at(-1)).toBe(1);
});

test('what is given up, or cannot be written, leaves nothing', async () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'one.lockstate');
  expect(await writeState(file, header, parts(), (fraction) => fraction < 0.5)).toBeNull();
  mkdirSync(`${file}.part`);
  await expect(writeState(file, header, parts())).rejects.toThrow();
  expect(existsSync(file)).toBe(false);
});

test('an older one stays until the new one is whole', async () => {
  const { file, state } = await written();
  expect(await writeState(file, { ...header, epoch: 71 }, parts(), () => false)).toBeNull();
  expect((await readState(file)).header.epoch).toBe(70);
  expect(Buffer.compare((await readState(file)).pages, state.pages)).toBe(0);
});

describe('is refused by its name', () => {
  test('where any byte was changed', async () => {
    const { file } = await written();
    const good = readFileSync(file);
    for (let round = 0; round < 60; round += 1) {
      const bytes = Buffer.from(good);
      // The header and the last bytes are as likely as all the rest.
      const at = [Math.random() * 500, bytes.length - 1 - Math.random() * 20, Math.random() * bytes.length][round % 3];
      const place = Math.floor(at as number);
      bytes[place] = (bytes[place] as number) ^ (1 << (round % 8));
      writeFileSync(file, bytes);
      const error = await readState(file).catch((thrown: Error) => thrown);
      expect(error, `byte ${place}`).toBeInstanceOf(StateFileError);
      expect((error as Error).message, `byte ${place}`).toMatch(
        /^The saved state ".*one\.lockstate" cannot be used: .*\.$/,
      );
    }
  });

  test('where it was cut off, anywhere, or is longer', async () => {
    const { file } = await written();
    const good = readFileSync(file);
    for (const length of [0, 5, 20, 100, 5000, good.length >> 1, good.length - 13, good.length - 12, good.length - 1]) {
      writeFileSync(file, good.subarray(0, length));
      await expect(readState(file), `${length}`).rejects.toThrow(/cut off|no saved state/);
    }
    writeFileSync(file, Buffer.concat([good, Buffer.from('x')]));
    await expect(readState(file)).rejects.toThrow('it is longer than it says');
  });

  test.each([
    ['it is no saved state of Lockstep', () => Buffer.from('LOCKSTEPREC\n and so on and on and on')],
    ['it was made by a newer Lockstep: it has version 9', () => versioned(9)],
    ['a state of 9007199254740991 bytes is absurd', () => sized(Number.MAX_SAFE_INTEGER)],
    ['its header is damaged (hash', () => encodeStateHeader({ ...sizes(1), hash: 'x' } as never)],
  ])('%s', async (words, make) => {
    const file = path.join(temporaryFolder(), 'one.lockstate');
    writeFileSync(file, make());
    await expect(readState(file)).rejects.toThrow(words);
  });

  test('where it is not there, or is no file', async () => {
    const folder = temporaryFolder();
    await expect(readState(path.join(folder, 'none'))).rejects.toThrow(/it cannot be read \(ENOENT\)/);
    await expect(readState(folder)).rejects.toThrow(StateFileError);
  });
});

const sizes = (pagesBytes: number) => ({ ...header, descriptionBytes: 0, pagesBytes });
const sized = (pagesBytes: number): Buffer => encodeStateHeader(sizes(pagesBytes));

function versioned(version: number): Buffer {
  const bytes = sized(1);
  bytes.writeUInt32LE(version, 12);
  return bytes;
}
