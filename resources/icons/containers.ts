// Icon files that hold several sizes, as Windows and macOS want them: .ico and .icns, both with PNGs inside.
// Invariant: pure; the sizes inside are those of the PNGs that are given.

export interface Png {
  /** Width and height in pixels. */
  readonly size: number;
  readonly bytes: Uint8Array;
}

const ICO_HEADER_BYTES = 6;
const ICO_ENTRY_BYTES = 16;
const ICO_SIZE_MAX = 256;

/** Microsoft's format: a directory of entries, 0 for a width of 256. */
export function ico(pngs: readonly Png[]): Buffer {
  const fitting = pngs.filter(({ size }) => size <= ICO_SIZE_MAX);
  const header = Buffer.alloc(ICO_HEADER_BYTES + fitting.length * ICO_ENTRY_BYTES);
  header.writeUInt16LE(1, 2);
  header.writeUInt16LE(fitting.length, 4);
  let offset = header.length;
  fitting.forEach(({ size, bytes }, index) => {
    const at = ICO_HEADER_BYTES + index * ICO_ENTRY_BYTES;
    header.writeUInt8(size % ICO_SIZE_MAX, at);
    header.writeUInt8(size % ICO_SIZE_MAX, at + 1);
    header.writeUInt16LE(1, at + 4);
    header.writeUInt16LE(32, at + 6);
    header.writeUInt32LE(bytes.length, at + 8);
    header.writeUInt32LE(offset, at + 12);
    offset += bytes.length;
  });
  return Buffer.concat([header, ...fitting.map(({ bytes }) => bytes)]);
}

/** Apple's types of PNG entries: plain sizes, and the doubled ones for fine screens. */
const ICNS_TYPES: readonly (readonly [type: string, size: number])[] = [
  ['icp4', 16],
  ['icp5', 32],
  ['ic11', 32],
  ['ic12', 64],
  ['ic07', 128],
  ['ic13', 256],
  ['ic08', 256],
  ['ic14', 512],
  ['ic09', 512],
  ['ic10', 1024],
];

export function icns(pngs: readonly Png[]): Buffer {
  const chunks = ICNS_TYPES.flatMap(([type, wanted]) => {
    const png = pngs.find(({ size }) => size === wanted);
    return png ? [chunk(type, png.bytes)] : [];
  });
  return chunk('icns', Buffer.concat(chunks));
}

function chunk(type: string, body: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.write(type, 'latin1');
  head.writeUInt32BE(head.length + body.length, 4);
  return Buffer.concat([head, body]);
}
