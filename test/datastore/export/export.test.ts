// The format of exported VMs: what is read is what was written; whatever was changed, cut off or made up is refused.

import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { crc32, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { createDisk, createOverlay } from '../../../main/datastore/disk/create.ts';
import { HostFile } from '../../../main/datastore/disk/device.ts';
import { openDisk, openOverlay } from '../../../main/datastore/disk/open.ts';
import { copySparse, dataOf } from '../../../main/datastore/disk/sparse.ts';
import {
  CHUNK_BYTES,
  encodeEnd,
  encodeHead,
  encodeRecord,
  ExportError,
  type RecordHead,
} from '../../../main/datastore/export/layout.ts';
import { ROLES, type Part } from '../../../main/datastore/export/manifest.ts';
import { ExportReader, type Chunk } from '../../../main/datastore/export/reader.ts';
import { ExportWriter } from '../../../main/datastore/export/writer.ts';
import { holdsAsync } from '../../support/random.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'lockstep-export-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const newFile = (): string => path.join(folder, `${(files += 1)}.lockstep`);

type Piece = Pick<Chunk, 'part' | 'offset' | 'bytes'>;

async function written(
  parts: readonly Part[],
  pieces: readonly Piece[],
  vm: unknown = { name: 'web' },
): Promise<string> {
  const file = newFile();
  const handle = await HostFile.open(file, 'wx+');
  const writer = new ExportWriter(handle);
  await writer.begin({ parts, vm });
  for (const { part, offset, bytes } of pieces) await writer.data(part, offset, bytes);
  await writer.end();
  expect(writer.bytes).toBe(statSync(file).size);
  await handle.close();
  return file;
}

async function read(file: string): Promise<Piece[]> {
  const reader = await ExportReader.open(file);
  try {
    const pieces: Piece[] = [];
    for await (const { part, offset, bytes } of reader.chunks()) {
      pieces.push({ part, offset, bytes: Uint8Array.from(bytes) });
    }
    return pieces;
  } finally {
    await reader.close();
  }
}

async function refused(file: string): Promise<string> {
  const error = await read(file).then(
    () => new Error('nothing was refused'),
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(ExportError);
  expect((error as Error).message).toMatch(/^".*\.lockstep" cannot be imported: .*\.$/);
  return (error as Error).message;
}

const disk: Part = { role: 'hda', format: 'raw', bytes: 3000 };
const small = (): Promise<string> =>
  written(
    [disk, { role: 'fda', format: 'raw', bytes: 500 }],
    [
      { part: 0, offset: 0, bytes: Buffer.alloc(600, 'compresses well') },
      { part: 0, offset: 1000, bytes: Buffer.from([1, 2, 3]) },
      { part: 1, offset: 499, bytes: Buffer.from([9]) },
    ],
  );

test('what is read is what was written', async () => {
  const aPiece = fc.record({ gap: fc.nat(3000), bytes: fc.uint8Array({ minLength: 1, maxLength: 5000 }) });
  await holdsAsync(
    fc.asyncProperty(fc.array(aPiece, { maxLength: 8 }), fc.jsonValue({ maxDepth: 2 }), async (drawn, vm) => {
      let offset = 0;
      const pieces = drawn.map(({ gap, bytes }) => {
        const piece = { part: 0, offset: offset + gap, bytes };
        offset += gap + bytes.length;
        return piece;
      });
      const file = await written([{ ...disk, bytes: offset + 1 }], pieces, vm);
      expect(await read(file)).toEqual(pieces);
      const reader = await ExportReader.open(file);
      expect(reader.manifest.vm).toEqual(JSON.parse(JSON.stringify(vm)));
      expect(reader.end.dataBytes).toBe(pieces.reduce((sum, { bytes }) => sum + bytes.length, 0));
      await reader.close();
    }),
    25,
  );
});

test('a file with whatever byte flipped is refused', async () => {
  const bytes = readFileSync(await small());
  const flipped = newFile();
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
    writeFileSync(flipped, changed);
    await refused(flipped);
  }
});

test('a file that is cut off anywhere, or goes on behind its end, is refused', async () => {
  const file = await small();
  const bytes = readFileSync(file);
  for (let length = bytes.length - 1; length >= 0; length -= 1) {
    truncateSync(file, length);
    await refused(file);
  }
  writeFileSync(file, Buffer.concat([bytes, Buffer.from([0])]));
  await refused(file);
  writeFileSync(file, Buffer.concat([bytes, bytes]));
  await refused(file);
});

/** A file whose checksums are right, whatever it says. */
function made(records: readonly (readonly [Partial<RecordHead>, Uint8Array])[], dataBytes = 10): string {
  const pieces: Buffer[] = [encodeHead()];
  for (const [index, [head, payload]] of records.entries()) {
    const lengths = { bytes: payload.length, stored: payload.length };
    const whole = { kind: 'data', encoding: 'plain', index, part: 0, offset: 0, ...lengths, ...head } as RecordHead;
    pieces.push(encodeRecord(whole, payload), Buffer.from(payload));
  }
  const before = Buffer.concat(pieces);
  const end = encodeEnd({ dataBytes, records: records.length, digest: createHash('sha256').update(before).digest() });
  const head: RecordHead = {
    kind: 'end',
    encoding: 'plain',
    index: records.length,
    part: 0,
    offset: 0,
    bytes: 48,
    stored: 48,
  };
  const file = newFile();
  writeFileSync(file, Buffer.concat([before, encodeRecord(head, end), end]));
  return file;
}

const manifest = (value: unknown): readonly [Partial<RecordHead>, Uint8Array] => [
  { kind: 'manifest' },
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
];
const good = manifest({ parts: [disk], vm: null });
const ten = Buffer.from('0123456789');

describe('a file that somebody made up', () => {
  test('is read where it keeps the rules', async () => {
    expect(await read(made([good, [{}, ten]]))).toEqual([{ part: 0, offset: 0, bytes: Uint8Array.from(ten) }]);
  });

  test.each([
    ['data outside its part', [good, [{ offset: 2995 }, ten]], /outside its part/],
    ['data far outside it', [good, [{ offset: 2 ** 60 }, ten]], /outside its part/],
    ['data of no part', [good, [{ part: 1 }, ten]], /outside its part/],
    ['data over data', [good, [{}, ten.subarray(5)], [{ offset: 4 }, ten.subarray(5)]], /over another/],
    ['more data than it says', [good, [{}, ten], [{ offset: 10 }, ten]], /holds more than it says/],
    ['less data than it says', [good, [{}, ten.subarray(1)]], /checksum of all of it/],
    ['a record twice', [good, [{ index: 0 }, ten]], /missing or stands at the wrong place/],
    ['a second description', [good, good], /outside its part/],
    ['no description', [[{}, ten]], /not where it belongs/],
    ['a compressed chunk that is none', [good, [{ encoding: 'zstd', bytes: 11 }, ten]], /does not unpack/],
    ['a bomb', [good, [{ encoding: 'zstd', bytes: 3000 }, zstdCompressSync(Buffer.alloc(1 << 24))]], /does not unpack/],
    [
      'less than it says in a chunk',
      [good, [{ encoding: 'zstd', bytes: 3000 }, zstdCompressSync(Buffer.alloc(2999))]],
      /does not unpack/,
    ],
    ['a chunk that is too long', [good, [{}, Buffer.alloc(CHUNK_BYTES + 1)]], /impossible length/],
    ['an empty chunk', [good, [{}, Buffer.alloc(0)]], /impossible length/],
    ['an unknown role', [manifest({ parts: [{ ...disk, role: '../../etc/passwd' }], vm: 1 })], /no known role/],
    ['a role of the prototype', [manifest({ parts: [{ ...disk, role: 'constructor' }], vm: 1 })], /no known role/],
    ['an unknown format', [manifest({ parts: [{ ...disk, format: 'qcow2' }], vm: 1 })], /no known format/],
    [
      'a disc of our format',
      [manifest({ parts: [{ ...disk, role: 'cdrom', format: 'lsd' }], vm: 1 })],
      /no known format/,
    ],
    ['an absurd size', [manifest({ parts: [{ ...disk, bytes: ROLES.hda + 1 }], vm: 1 })], /impossible size/],
    ['no size', [manifest({ parts: [{ ...disk, bytes: 0.5 }], vm: 1 })], /impossible size/],
    ['a role twice', [manifest({ parts: [disk, disk], vm: 1 })], /two parts of one role/],
    ['many parts', [manifest({ parts: Array.from({ length: 17 }, () => disk), vm: 1 })], /makes no sense/],
    ['something else in its description', [manifest({ parts: [], vm: 1, files: [] })], /makes no sense/],
    ['no JSON', [manifest('{')], /cannot be read/],
    ['no object', [manifest('null')], /cannot be read/],
  ] as const)('with %s is refused', async (_what, records, why) => {
    expect(await refused(made(records as never, /does not unpack/.exec(String(why)) ? 3000 : 10))).toMatch(why);
  });

  test('for a newer Lockstep, or something else altogether, is refused in words', async () => {
    const file = await small();
    const bytes = readFileSync(file);
    bytes.writeUInt32LE(2, 8);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 12)), 12);
    writeFileSync(file, bytes);
    expect(await refused(file)).toMatch(/has version 2, this Lockstep reads version 1: update Lockstep/);
    writeFileSync(file, 'PK\x03\x04 a zip file, longer than a head');
    expect(await refused(file)).toMatch(/no exported virtual machine/);
  });
});

test('holes of a chain are passed over without being read, and read as zeros in the copy', async () => {
  const at = (name: string): string => path.join(folder, name);
  const bytes = 1 << 30;
  await createDisk(at('base.lsd'), { virtualBytes: bytes });
  const base = await openOverlay(at('base.lsd'), false);
  await base.write(5 * CHUNK_BYTES + 7, Buffer.from('below'));
  await base.write(9 * CHUNK_BYTES, Buffer.from('hidden'));
  await base.close();
  await createOverlay(at('top.lsd'), at('base.lsd'));
  const top = await openOverlay(at('top.lsd'), false);
  await top.write(9 * CHUNK_BYTES, Buffer.alloc(65_536));
  await top.write(bytes - 512, Buffer.from('end'));
  const places: number[] = [];
  for await (const piece of dataOf(top, CHUNK_BYTES)) places.push(piece.at / CHUNK_BYTES);
  expect(places).toEqual([5, bytes / CHUNK_BYTES - 1]);
  await createDisk(at('copy.lsd'), { virtualBytes: bytes });
  const copy = await openOverlay(at('copy.lsd'), false);
  const heard: number[] = [];
  await copySparse(top, copy, (fraction) => void heard.push(fraction));
  expect(heard.at(-1)).toBe(1);
  await Promise.all([copy.close(), top.close()]);
  const reopened = await openDisk(at('copy.lsd'), true);
  expect(Buffer.from(await reopened.read(5 * CHUNK_BYTES + 7, 5)).toString()).toBe('below');
  expect(Buffer.from(await reopened.read(9 * CHUNK_BYTES, 6))).toEqual(Buffer.alloc(6));
  expect(Buffer.from(await reopened.read(bytes - 512, 3)).toString()).toBe('end');
  await reopened.close();
});
