// Writes and reads cpio archives in the "newc" format, which the Linux kernel unpacks as its first file system
// (Documentation/driver-api/early-userspace/buffer-format.rst). No root needed: device nodes are mere entries.
// Invariant: the same entries give the same bytes (owner 0, time 0, numbers in order).

export interface Entry {
  /** Path without a leading slash. */
  readonly path: string;
  /** Type and permissions, as in st_mode. */
  readonly mode: number;
  readonly data?: Uint8Array;
  /** Major and minor number of a device node. */
  readonly device?: readonly [number, number];
}

export const directory = (path: string, mode = 0o755): Entry => ({ path, mode: 0o040000 | mode });
export const file = (path: string, data: Uint8Array, mode = 0o644): Entry => ({ path, mode: 0o100000 | mode, data });
export const link = (path: string, to: string): Entry => ({ path, mode: 0o120777, data: Buffer.from(to) });
export const characterDevice = (path: string, mode: number, major: number, minor: number): Entry => ({
  path,
  mode: 0o020000 | mode,
  device: [major, minor],
});

const trailer = 'TRAILER!!!';
const headerSize = 110;

/** The archive of these entries, in this order, padded to 512 bytes. */
export function writeCpio(entries: readonly Entry[]): Buffer {
  const pieces: Buffer[] = [];
  const seen = new Set<string>();
  let size = 0;
  const put = (piece: Buffer, align: number): void => {
    const padding = -(size + piece.length) & (align - 1);
    pieces.push(piece, Buffer.alloc(padding));
    size += piece.length + padding;
  };
  [...entries, { path: trailer, mode: 0 }].forEach((entry, index) => {
    if (seen.has(entry.path)) throw new Error(`two entries of the archive are called ${entry.path}`);
    if (entry.path === '' || entry.path.startsWith('/')) throw new Error(`bad path in the archive: "${entry.path}"`);
    seen.add(entry.path);
    const data = Buffer.from(entry.data ?? []);
    put(Buffer.concat([header(entry, index + 1, data.length), Buffer.from(`${entry.path}\0`)]), 4);
    put(data, 4);
  });
  put(Buffer.alloc(0), 512);
  return Buffer.concat(pieces);
}

function header(entry: Entry, inode: number, size: number): Buffer {
  const [major, minor] = entry.device ?? [0, 0];
  const links = (entry.mode & 0o170000) === 0o040000 ? 2 : 1;
  const nameSize = Buffer.byteLength(entry.path) + 1;
  const fields = [inode, entry.mode, 0, 0, links, 0, size, 0, 0, major, minor, nameSize, 0];
  return Buffer.from(`070701${fields.map((value) => value.toString(16).padStart(8, '0')).join('')}`, 'latin1');
}

/** The entries of an archive. Throws on anything that writeCpio would not write. */
export function readCpio(archive: Buffer): Entry[] {
  const entries: Entry[] = [];
  let at = 0;
  for (;;) {
    const text = archive.toString('latin1', at, at + headerSize);
    if (!/^070701[0-9a-fA-F]{104}$/.test(text)) throw new Error(`no cpio header at byte ${at}`);
    const field = (index: number): number => Number.parseInt(text.slice(6 + index * 8, 14 + index * 8), 16);
    const nameEnd = at + headerSize + field(11);
    const dataStart = nameEnd + (-nameEnd & 3);
    const dataEnd = dataStart + field(6);
    if (field(11) < 2 || dataEnd > archive.length) throw new Error(`the cpio entry at byte ${at} is cut off`);
    const path = archive.toString('utf8', at + headerSize, nameEnd - 1);
    if (path === trailer) return entries;
    const mode = field(1);
    const isDevice = [0o020000, 0o060000].includes(mode & 0o170000);
    const hasData = [0o100000, 0o120000].includes(mode & 0o170000);
    entries.push({
      path,
      mode,
      ...(hasData ? { data: archive.subarray(dataStart, dataEnd) } : {}),
      ...(isDevice ? { device: [field(9), field(10)] as const } : {}),
    });
    at = dataEnd + (-dataEnd & 3);
  }
}
