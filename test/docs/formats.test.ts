// What docs/formats says of versions and kinds is what the code writes.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { VERSION as DISK_VERSION } from '../../main/datastore/disk/layout.ts';
import { VERSION as EXPORT_VERSION } from '../../main/datastore/export/layout.ts';
import { STATE_VERSION } from '../../main/datastore/state-file.ts';
import { LOG_VERSION } from '../../main/ft/constants.ts';
import { decodeEntry, encodeEntry, type Entry } from '../../main/ft/log.ts';
import { entriesByKind } from '../ft/entries.ts';

const root = path.resolve(import.meta.dirname, '..', '..');
const read = (name: string): string => readFileSync(path.join(root, 'docs', 'formats', name), 'utf8');

test.each(readdirSync(path.join(root, 'docs', 'formats')))('%s has a rule for its next version', (name) => {
  expect(read(name)).toMatch(/^## Version rule$/m);
});

test.each([
  ['disk.md', DISK_VERSION],
  ['export.md', EXPORT_VERSION],
  ['state.md', STATE_VERSION],
])('%s describes the version that is written', (name, version) => {
  expect(read(name).split('\n', 1)[0]).toMatch(new RegExp(`version ${version}\\b`));
});

test('log.md names every kind of entry by its number', () => {
  const named = [...read('log.md').matchAll(/^\| (\d+) (\w+) \|/gm)].map(([, number, kind]) => [Number(number), kind]);
  const written = entriesByKind.map(([kind, entries]) => [encodeEntry(fc.sample(entries, 1)[0]!, crc32)[0], kind]);
  expect(named).toEqual(written.toSorted(([a], [b]) => Number(a) - Number(b)));
  const next = new Uint8Array(15).fill(named.length + 1, 0, 1);
  expect(() => decodeEntry(next, crc32)).toThrow(`unknown log entry kind ${named.length + 1}`);
});

/** One entry of each kind, with every device. */
const ENTRIES: readonly Entry[] = [
  { kind: 'hello', epoch: 0, version: 1, role: 'backup' },
  {
    kind: 'head',
    epoch: 70_000,
    head: {
      advanceUs: 400,
      rate: 5120,
      slices: 1,
      inputs: [
        ...(['serial', 'keyboard', 'mouse', 'nic', 'disk', 'medium'] as const).map((device, index) => ({
          device,
          sequence: index * 100,
          data: Uint8Array.of(index, 255),
        })),
        { device: 'diskRead', id: 9, length: 4096, checksum: 0xfeedface },
      ],
    },
  },
  { kind: 'control', epoch: 2, control: { type: 'protect', generation: 300 } },
  ...(['end', 'powerOff', 'pause', 'unpause'] as const).map(
    (type): Entry => ({ kind: 'control', epoch: 3, control: { type } }),
  ),
  ...(['cpu', 'full', 'devices', { first: 16, end: 272 }] as const).map(
    (region): Entry => ({ kind: 'hash', epoch: 2 ** 40, region, hash: '0123abcd' }),
  ),
  { kind: 'heartbeat', epoch: 5, received: 4, mayGoLive: true },
  { kind: 'released', epoch: 5, index: 3 },
  { kind: 'snapshot', epoch: 6, descriptionBytes: 1000, pagesBytes: 2 ** 33, lastInput: 12 },
  { kind: 'chunk', epoch: 6, size: 1000, data: Uint8Array.of(1, 2, 3) },
  { kind: 'sync', epoch: 0, data: Uint8Array.of(4) },
];
/** Of those entries as bytes, and the first version whose layout it is. */
const LAYOUT = { sha256: 'cb229ac07fca6654c074028ff9ab37751b9b604cb45be7312d7b943256e50bd3', since: 7 };

test('the layout of the log has changed since no version but the last', () => {
  const hash = createHash('sha256');
  for (const entry of ENTRIES) hash.update(encodeEntry(entry, crc32));
  // Another layout: raise LOG_VERSION, then write both down here.
  expect(hash.digest('hex')).toBe(LAYOUT.sha256);
  expect(LOG_VERSION).toBeGreaterThanOrEqual(LAYOUT.since);
});
