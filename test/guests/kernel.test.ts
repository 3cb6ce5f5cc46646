// Repacking a kernel: a small made-up kernel goes where it belongs, and anything damaged gives an error that names the
// file and what to do.

import { describe, expect, test } from 'vitest';
import { repackKernel } from '../../resources/guests/kernel.ts';

const xz = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);

/** A 32-bit ELF file with one segment of four bytes at the physical address 0x1000c0. */
function makeElf(change: (elf: Buffer) => void = () => {}): Buffer {
  const elf = Buffer.alloc(88);
  elf.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  elf.writeUInt16LE(3, 18);
  elf.writeUInt32LE(0xc01000c0, 0x18);
  elf.writeUInt32LE(52, 0x1c);
  elf.writeUInt16LE(32, 0x2a);
  elf.writeUInt16LE(1, 0x2c);
  [1, 84, 0xc01000c0, 0x1000c0, 4, 4, 5, 16].forEach((value, index) => elf.writeUInt32LE(value, 52 + index * 4));
  elf.writeUInt32LE(0xdeadbeef, 84);
  change(elf);
  return elf;
}

function makeImage(unpackedSize: number, change: (image: Buffer) => void = () => {}): Buffer {
  const image = Buffer.alloc(1024 + 64);
  image[0x1f1] = 1;
  image.writeUInt16LE(0xaa55, 0x1fe);
  image.write('HdrS', 0x202, 'latin1');
  image.writeUInt16LE(0x20f, 0x206);
  image.writeUInt32LE(8, 0x248);
  image.writeUInt32LE(56, 0x24c);
  xz.copy(image, 1024 + 8);
  image.writeUInt32LE(unpackedSize, 1024 + 60);
  change(image);
  return image;
}

const repack = (elf: Buffer, change?: (image: Buffer) => void): Promise<Buffer> =>
  repackKernel(makeImage(elf.length, change), 'my-vmlinuz', () => Promise.resolve(elf));

describe('repacking a kernel', () => {
  test('puts the segments at their addresses behind a stub that jumps to the entry', async () => {
    const image = await repack(makeElf());
    expect([...image.subarray(1024, 1027)]).toEqual([0xfa, 0xfc, 0xe9]);
    expect(0x100007 + image.readInt32LE(1027)).toBe(0x1000c0);
    expect(image.readUInt32LE(1024 + 0xc0)).toBe(0xdeadbeef);
    expect(image.readUInt32LE(0x1f4) * 16).toBe(image.length - 1024);
  });

  const damaged: [string, () => Promise<Buffer>, RegExp][] = [
    ['an empty file', () => repackKernel(Buffer.alloc(0), 'my-vmlinuz', never), /only 0 bytes/],
    ['a file of zeros', () => repackKernel(Buffer.alloc(4096), 'my-vmlinuz', never), /no setup header/],
    ['an old protocol', () => repack(makeElf(), (image) => image.writeUInt16LE(0x200, 0x206)), /older than 2.08/],
    ['a payload past the end', () => repack(makeElf(), (image) => image.writeUInt32LE(1e9, 0x24c)), /truncated/],
    ['another compression', () => repack(makeElf(), (image) => image.fill(1, 1032, 1038)), /not compressed with xz/],
    ['a payload of another size', () => repack(makeElf(), (image) => image.writeUInt32LE(5, 1084)), /instead of 5/],
    ['a payload that is no ELF file', () => repack(Buffer.alloc(100)), /not a 32-bit ELF/],
    ['a 64-bit kernel', () => repack(makeElf((elf) => (elf[4] = 2))), /not a 32-bit ELF/],
    ['broken program headers', () => repack(makeElf((elf) => elf.writeUInt16LE(9, 0x2c))), /program headers/],
    ['a segment outside the file', () => repack(makeElf((elf) => elf.writeUInt32LE(500, 68))), /outside its payload/],
    ['a segment below 1 MiB', () => repack(makeElf((elf) => elf.writeUInt32LE(0x1000, 64))), /address 0x1000/],
    ['an absurd address', () => repack(makeElf((elf) => elf.writeUInt32LE(0xf0000000, 64))), /address 0xf0000000/],
    ['an entry outside', () => repack(makeElf((elf) => elf.writeUInt32LE(0x200000, 0x18))), /lies in no segment/],
  ];
  test.each(damaged)('refuses %s and says what to do', async (_name, make, message) => {
    const failure = make();
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toThrow(/^my-vmlinuz is not a kernel/);
    await expect(failure).rejects.toThrow(/npm run guests -- --force.*LOCKSTEP_GUESTS/);
  });

  test('passes on why a payload cannot be unpacked', async () => {
    const failure = repackKernel(makeImage(1), 'my-vmlinuz', () => Promise.reject(new Error('xz: corrupt')));
    await expect(failure).rejects.toThrow(/xz: corrupt/);
  });
});

function never(): Promise<Buffer> {
  throw new Error('nothing should be unpacked');
}
