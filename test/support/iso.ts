/**
 * The smallest CD image that Linux mounts: ISO 9660 (ECMA-119) with one file in its root directory.
 *
 * Sectors of 2048 bytes: 16 the primary volume descriptor, 17 the end of the descriptors, 18 and 19 the path tables, 20
 * the root directory, 21 the file.
 */
const SECTOR = 2048;
const ROOT = 20;
const FILE = 21;

/** `sectors` is how large the image is at least. */
export function isoWith(volume: string, text: string, sectors = 64): Uint8Array {
  const image = Buffer.alloc(Math.max(sectors, FILE + Math.ceil(text.length / SECTOR)) * SECTOR);
  const descriptor = image.subarray(16 * SECTOR, 17 * SECTOR);
  descriptor.write('\x01CD001\x01', 0, 'latin1');
  descriptor.write(' '.repeat(32), 8, 'latin1');
  descriptor.write(volume.toUpperCase().padEnd(32), 40, 'latin1');
  both32(descriptor, 80, image.length / SECTOR);
  both16(descriptor, 120, 1);
  both16(descriptor, 124, 1);
  both16(descriptor, 128, SECTOR);
  both32(descriptor, 132, 10);
  descriptor.writeUInt32LE(18, 140);
  descriptor.writeUInt32BE(19, 148);
  record(ROOT, SECTOR, 2, '\0').copy(descriptor, 156);
  descriptor.fill(' ', 190, 813, 'latin1');
  descriptor.fill('0', 813, 881, 'latin1');
  descriptor[881] = 1;
  image.write('\xffCD001\x01', 17 * SECTOR, 'latin1');
  image.set([1, 0, ROOT, 0, 0, 0, 1, 0, 0, 0], 18 * SECTOR);
  image.set([1, 0, 0, 0, 0, ROOT, 0, 1, 0, 0], 19 * SECTOR);
  const entries = [
    record(ROOT, SECTOR, 2, '\0'),
    record(ROOT, SECTOR, 2, '\x01'),
    record(FILE, text.length, 0, 'A.TXT;1'),
  ];
  Buffer.concat(entries).copy(image, ROOT * SECTOR);
  image.write(text, FILE * SECTOR, 'latin1');
  return new Uint8Array(image);
}

function record(sector: number, bytes: number, flags: number, name: string): Buffer {
  const length = 33 + name.length + ((name.length + 1) % 2);
  const entry = Buffer.alloc(length);
  entry[0] = length;
  both32(entry, 2, sector);
  both32(entry, 10, bytes);
  entry.set([126, 11, 21, 12, 0, 0, 0], 18);
  entry[25] = flags;
  both16(entry, 28, 1);
  entry[32] = name.length;
  entry.write(name, 33, 'latin1');
  return entry;
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
