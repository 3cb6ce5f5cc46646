/**
 * Writes a disc image: ISO 9660 (ECMA-119) for every system, and Joliet beside it for long names of any script.
 *
 * Both trees of folders refer to the same files. Sectors of 2048 bytes: 16 the primary volume descriptor, 17 Joliet's,
 * 18 the end of the descriptors; then for each tree its path tables (for either byte order) and its folders; then the
 * files.
 *
 * Invariant: every length is known before the first byte is written; a file that has changed meanwhile ends the work.
 */
import type { DiskFile } from '../disk/device.ts';
import { HostFile } from '../disk/device.ts';
import { DiscError, type DiscFile, type DiscFolder, type Names } from './tree.ts';

export const SECTOR = 2048;
const DESCRIPTORS_AT = 16;
const TREES_AT = 19;
const PIECE_BYTES = 1 << 20;
/** Some drives and systems read ahead of the end. */
const PADDING = 16;
/** Path tables number folders in 16 bits. */
const FOLDERS_MAX = 65_535;

type Tree = keyof Names;

interface Placed {
  readonly folder: DiscFolder;
  readonly parent: number;
  sector: number;
  bytes: number;
}

interface Laid {
  readonly tree: Tree;
  /** The root first, then level by level, as path tables want it. */
  readonly folders: readonly Placed[];
  readonly table: { sector: number; readonly bytes: number };
}

const sectors = (bytes: number): number => Math.ceil(bytes / SECTOR);

/**
 * @param advance hears 0 to 1; what it throws ends the work.
 * @throws {DiscError} when a file has changed; as the files do.
 */
export async function writeDisc(
  file: DiskFile,
  root: DiscFolder,
  volume: string,
  advance: (fraction: number) => void,
): Promise<void> {
  const trees = (['iso', 'joliet'] as const).map((tree) => layOut(root, tree));
  let next = TREES_AT;
  for (const laid of trees) {
    laid.table.sector = next;
    next += 2 * sectors(laid.table.bytes);
    for (const placed of laid.folders) {
      placed.sector = next;
      next += sectors(placed.bytes);
    }
  }
  const files = new Map<DiscFile, number>();
  for (const { folder } of trees[0]?.folders ?? []) {
    for (const child of folder.children) {
      if (child.kind !== 'file') continue;
      files.set(child, next);
      next += sectors(child.bytes);
    }
  }
  const total = next + PADDING;
  for (const [index, laid] of trees.entries()) {
    await file.write(descriptor(laid, volume, total), (DESCRIPTORS_AT + index) * SECTOR);
    await writeTree(file, laid, files);
  }
  await file.write(terminator(), (DESCRIPTORS_AT + 2) * SECTOR);
  for (const [source, sector] of files) {
    await copyFile(file, source, sector * SECTOR, (done) => advance((sector + done / SECTOR) / total));
  }
  await file.write(Buffer.alloc(PADDING * SECTOR), next * SECTOR);
  await file.sync();
}

function layOut(root: DiscFolder, tree: Tree): Laid {
  const folders: Placed[] = [{ folder: root, parent: 0, sector: 0, bytes: 0 }];
  for (let at = 0; at < folders.length; at += 1) {
    const { folder } = folders[at] as Placed;
    for (const child of sorted(folder, tree)) {
      if (child.kind === 'folder') folders.push({ folder: child, parent: at, sector: 0, bytes: 0 });
    }
  }
  if (folders.length > FOLDERS_MAX) throw new DiscError(`A disc has at most ${FOLDERS_MAX} folders.`);
  for (const placed of folders) placed.bytes = sectors(folderBytes(placed.folder, tree)) * SECTOR;
  const bytes = folders.reduce((sum, { folder }) => sum + even(8 + identifier(folder.names, tree).length), 0);
  return { tree, folders, table: { sector: 0, bytes } };
}

/** Records stand in the order of their names, folders and files alike. */
function sorted(folder: DiscFolder, tree: Tree): (DiscFile | DiscFolder)[] {
  return folder.children.toSorted((one, other) =>
    Buffer.compare(identifier(one.names, tree), identifier(other.names, tree)),
  );
}

function identifier(names: Names, tree: Tree): Buffer {
  if (names.iso === '\0') return Buffer.from([0]);
  return tree === 'iso' ? Buffer.from(names.iso, 'latin1') : Buffer.from(names.joliet, 'utf16le').swap16();
}

function even(length: number): number {
  return length + (length % 2);
}

function recordBytes(name: Buffer): number {
  return even(33 + name.length);
}

/** No record lies across two sectors. */
function folderBytes(folder: DiscFolder, tree: Tree): number {
  let at = 2 * recordBytes(Buffer.alloc(1));
  for (const child of sorted(folder, tree)) {
    const length = recordBytes(identifier(child.names, tree));
    if ((at % SECTOR) + length > SECTOR) at = sectors(at) * SECTOR;
    at += length;
  }
  return at;
}

async function writeTree(file: DiskFile, laid: Laid, files: ReadonlyMap<DiscFile, number>): Promise<void> {
  const { tree, folders, table } = laid;
  const half = sectors(table.bytes) * SECTOR;
  const bytes = Buffer.alloc(2 * half);
  let at = 0;
  for (const { folder, parent, sector } of folders) {
    const name = identifier(folder.names, tree);
    for (const [start, little] of [
      [at, true],
      [half + at, false],
    ] as const) {
      bytes[start] = name.length;
      if (little) bytes.writeUInt32LE(sector, start + 2);
      else bytes.writeUInt32BE(sector, start + 2);
      if (little) bytes.writeUInt16LE(parent + 1, start + 6);
      else bytes.writeUInt16BE(parent + 1, start + 6);
      name.copy(bytes, start + 8);
    }
    at += even(8 + name.length);
  }
  await file.write(bytes, table.sector * SECTOR);
  const places = new Map(folders.map((placed) => [placed.folder, placed]));
  for (const placed of folders) await file.write(folderRecords(placed, laid, places, files), placed.sector * SECTOR);
}

function folderRecords(
  { folder, parent, sector, bytes: length }: Placed,
  { tree, folders }: Laid,
  places: ReadonlyMap<DiscFolder, Placed>,
  files: ReadonlyMap<DiscFile, number>,
): Buffer {
  const bytes = Buffer.alloc(length);
  const above = folders[parent] as Placed;
  let at = 0;
  const add = (entry: Buffer): void => {
    if ((at % SECTOR) + entry.length > SECTOR) at = sectors(at) * SECTOR;
    entry.copy(bytes, at);
    at += entry.length;
  };
  add(record(Buffer.from([0]), sector, length, folder.changed, true));
  add(record(Buffer.from([1]), above.sector, above.bytes, above.folder.changed, true));
  for (const child of sorted(folder, tree)) {
    const name = identifier(child.names, tree);
    if (child.kind === 'file') {
      add(record(name, files.get(child) ?? 0, child.bytes, child.changed, false));
    } else {
      const { sector: where, bytes: size } = places.get(child) as Placed;
      add(record(name, where, size, child.changed, true));
    }
  }
  return bytes;
}

function record(name: Buffer, sector: number, bytes: number, changed: Date, folder: boolean): Buffer {
  const entry = Buffer.alloc(recordBytes(name));
  entry[0] = entry.length;
  both32(entry, 2, sector);
  both32(entry, 10, bytes);
  const year = Math.min(255, Math.max(0, changed.getUTCFullYear() - 1900));
  const day = [changed.getUTCMonth() + 1, changed.getUTCDate()];
  entry.set([year, ...day, changed.getUTCHours(), changed.getUTCMinutes(), changed.getUTCSeconds(), 0], 18);
  entry[25] = folder ? 2 : 0;
  both16(entry, 28, 1);
  entry[32] = name.length;
  name.copy(entry, 33);
  return entry;
}

function descriptor({ tree, folders, table }: Laid, volume: string, total: number): Buffer {
  const bytes = Buffer.alloc(SECTOR);
  const joliet = tree === 'joliet';
  const blank = (from: number, to: number): void => {
    if (joliet) for (let at = from; at + 1 < to; at += 2) bytes.writeUInt16BE(0x20, at);
    else bytes.fill(0x20, from, to);
  };
  bytes.write(`${joliet ? '\x02' : '\x01'}CD001\x01`, 0, 'latin1');
  blank(8, 72);
  const label = joliet
    ? Buffer.from(volume.slice(0, 16), 'utf16le').swap16()
    : Buffer.from(
        volume
          .toUpperCase()
          .replaceAll(/[^A-Z0-9_]/g, '_')
          .slice(0, 32),
        'latin1',
      );
  label.copy(bytes, 40);
  both32(bytes, 80, total);
  // UCS-2 level 3 (ISO 2022): this is what makes it Joliet.
  if (joliet) bytes.write('%/E', 88, 'latin1');
  both16(bytes, 120, 1);
  both16(bytes, 124, 1);
  both16(bytes, 128, SECTOR);
  both32(bytes, 132, table.bytes);
  bytes.writeUInt32LE(table.sector, 140);
  bytes.writeUInt32BE(table.sector + sectors(table.bytes), 148);
  const root = folders[0] as Placed;
  record(Buffer.from([0]), root.sector, root.bytes, root.folder.changed, true).copy(bytes, 156);
  blank(190, 813);
  bytes.fill('0', 813, 881, 'latin1');
  for (const at of [829, 846, 863, 880]) bytes[at] = 0;
  bytes[881] = 1;
  return bytes;
}

function terminator(): Buffer {
  const bytes = Buffer.alloc(SECTOR);
  bytes.write('\xffCD001\x01', 0, 'latin1');
  return bytes;
}

async function copyFile(
  target: DiskFile,
  { source, bytes }: DiscFile,
  at: number,
  copied: (bytes: number) => void,
): Promise<void> {
  const handle = await HostFile.open(source, 'r');
  try {
    for (let done = 0; done < bytes; ) {
      const piece = Buffer.alloc(sectors(Math.min(PIECE_BYTES, bytes - done)) * SECTOR);
      const wanted = Math.min(PIECE_BYTES, bytes - done);
      const read = await handle.read(piece.subarray(0, wanted), done);
      if (read < wanted) throw new DiscError(`"${source}" became shorter while it was read: try again.`);
      await target.write(piece, at + done);
      done += wanted;
      copied(done);
    }
  } finally {
    await handle.close();
  }
}

/** Numbers stand in both byte orders. */
function both32(at: Buffer, offset: number, value: number): void {
  at.writeUInt32LE(value, offset);
  at.writeUInt32BE(value, offset + 4);
}

function both16(at: Buffer, offset: number, value: number): void {
  at.writeUInt16LE(value, offset);
  at.writeUInt16BE(value, offset + 2);
}
