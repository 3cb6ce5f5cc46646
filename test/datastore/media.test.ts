// The files a VM is made of: what is refused, and that each refusal names the file and the remedy.

import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkInitrdFits, checkMedium, MediumError, type MediumKind } from '../../main/datastore/media.ts';
import { temporaryFolder } from '../support/folder.ts';
import { holds } from '../support/random.ts';

const KIB = 1 << 10;
const MIB = 1 << 20;
const GIB = 2 ** 30;

/** A sparse file of this size that begins with these bytes. */
function file(size: number, start: Uint8Array | string = ''): string {
  const name = path.join(temporaryFolder(), 'medium.img');
  writeFileSync(name, start);
  truncateSync(name, size);
  return name;
}

/** The start of a bzImage whose setup and protected-mode parts have together this size. */
function kernelStart(size: number, change: (start: Buffer) => void = () => {}): Buffer {
  const start = Buffer.alloc(1024);
  start[0x1f1] = 3;
  start.writeUInt32LE((size - 4 * 512) / 16, 0x1f4);
  start.writeUInt16LE(0xaa55, 0x1fe);
  start.write('HdrS', 0x202, 'latin1');
  start[0x211] = 1;
  change(start);
  return start;
}

function refusal(kind: MediumKind, name: string): string {
  try {
    checkMedium(kind, name);
  } catch (error) {
    expect(error).toBeInstanceOf(MediumError);
    expect((error as Error).message).toContain(`"${name}"`);
    return (error as Error).message;
  }
  throw new Error(`${name} was accepted as ${kind}`);
}

const KERNEL_SIZE = MIB;

describe('accepted, with its size', () => {
  test.each([
    ['bios', 128 * KIB, ''],
    ['vgaBios', 32 * KIB, ''],
    ['bzimage', KERNEL_SIZE, kernelStart(KERNEL_SIZE)],
    ['initrd', 5 * MIB + 3, ''],
    ['hda', 64 * MIB, ''],
    ['hda', 512, ''],
    ['hda', 128 * GIB, ''],
    ['cdrom', 700 * MIB, ''],
    ['fda', 1440 * KIB, ''],
  ] as const)('a %s of %d bytes', (kind, size, start) => {
    expect(checkMedium(kind, file(size, start))).toBe(size);
  });

  test('a kernel whose last 16 bytes are not all there, as its header rounds up', () => {
    expect(checkMedium('bzimage', file(KERNEL_SIZE - 15, kernelStart(KERNEL_SIZE)))).toBe(KERNEL_SIZE - 15);
  });

  test('a kernel of the oldest protocol, with no number of setup sectors', () => {
    const start = kernelStart(KERNEL_SIZE, (bytes) => bytes.fill(0, 0x1f1, 0x1f2));
    expect(checkMedium('bzimage', file(KERNEL_SIZE + 512, start))).toBe(KERNEL_SIZE + 512);
  });
});

describe('refused, with the reason and the remedy', () => {
  test('a file that does not exist', () => {
    expect(refusal('hda', path.join(temporaryFolder(), 'gone.img'))).toMatch(
      /^The hard disk image .* does not exist\. Check the path\.$/,
    );
  });

  test('a folder', () => {
    expect(refusal('cdrom', temporaryFolder())).toMatch(/^The CD image .* is not a file\. Name an image file\.$/);
  });

  test('a path through a file', () => {
    expect(refusal('fda', path.join(file(10), 'inside'))).toMatch(/cannot be opened: ENOTDIR/);
  });

  test('a pipe, without waiting for anybody to write to it', () => {
    const pipe = path.join(temporaryFolder(), 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(refusal('bzimage', pipe)).toMatch(/is not a file\. Name an image file\.$/);
  });

  test('a file that may not be read', ({ skip }) => {
    const name = file(64 * KIB);
    chmodSync(name, 0);
    if (process.getuid?.() === 0) skip('root may read everything');
    expect(refusal('bios', name)).toMatch(/may not be read\. Check its permissions\.$/);
  });

  test.each([
    ['bios', 63 * KIB, 'has 63 KB; between 64 KB and 256 KB make sense. Is it the right file?'],
    ['bios', 0, 'has 0 bytes; between 64 KB and 256 KB'],
    ['vgaBios', 100 * KIB, 'between 8 KB and 64 KB'],
    ['bzimage', 1000, 'has 1000 bytes; between 32 KB and 128 MB'],
    ['initrd', 2 * GIB, 'has 2 GB; between 64 bytes and 1 GB'],
    ['hda', 0, 'between 512 bytes and 128 GB'],
    ['hda', 129 * GIB, 'has 129 GB'],
    ['cdrom', 30 * KIB, 'between 32 KB and 16 GB'],
    ['fda', 3 * MIB, 'has 3 MB; between 160 KB and 2.8 MB'],
  ] as const)('a %s of %d bytes', (kind, size, why) => {
    expect(refusal(kind, file(size))).toContain(why);
  });

  test.each([
    ['bios', 65 * KIB, '65536'],
    ['hda', 1000, '512'],
    ['cdrom', 33 * KIB, '2048'],
    ['fda', 160 * KIB + 1, '512'],
  ] as const)('a %s of %d bytes, which is no whole number of its units', (kind, size, unit) => {
    const message = refusal(kind, file(size));
    expect(message).toContain(`no multiple of ${unit}: it is cut off, or no raw image`);
    expect(message).toContain('qemu-img convert -O raw FILE NEW');
  });

  test.each([
    ['qcow2', Buffer.from('QFI\xfb', 'latin1')],
    ['VMDK', 'KDMV'],
    ['VDI', '<<< Oracle VM VirtualBox Disk Image >>>'],
    ['VHD', 'conectix'],
    ['VHDX', 'vhdxfile'],
  ])('a hard disk that is a %s file', (format, start) => {
    expect(refusal('hda', file(MIB, start))).toMatch(
      new RegExp(`is a ${format} file\\. Convert it first: qemu-img convert`),
    );
  });

  test('a kernel that is cut off', () => {
    const name = file(KERNEL_SIZE - 16, kernelStart(KERNEL_SIZE));
    expect(refusal('bzimage', name)).toContain(
      `is cut off: its header promises ${KERNEL_SIZE} bytes, it has ${KERNEL_SIZE - 16}. Copy it again.`,
    );
  });

  test.each([
    ['something else', (start: Buffer) => start.fill(0), 'is no bzImage: it lacks the boot header. Use a kernel'],
    ['a boot sector without the header', (start: Buffer) => start.fill(0, 0x202, 0x206), 'is no bzImage'],
    ['a zImage', (start: Buffer) => start.fill(0, 0x211, 0x212), 'is a zImage, which loads low. Use a bzImage.'],
  ])('a kernel that is %s', (_what, change, why) => {
    expect(refusal('bzimage', file(KERNEL_SIZE, kernelStart(KERNEL_SIZE, change)))).toContain(why);
  });
});

describe('an initrd', () => {
  test('that does not fit the memory is refused with the memory that it needs', () => {
    const name = path.join(mkdirSync(path.join(temporaryFolder(), 'a', 'b'), { recursive: true }) ?? '', 'initrd');
    expect(() => checkInitrdFits(name, 10 * MIB, 75)).toThrow(
      `The initrd "${name}" is loaded at 64 MB and does not fit 75 MB of memory: give the VM at least 76 MB.`,
    );
  });

  test('fits exactly the memory that the refusal names', () => {
    for (const size of [64, MIB, MIB + 1, 100 * MIB]) {
      const needed = Number(/at least (\d+) MB/.exec(refusalOfInitrd(size, 16))?.[1]);
      expect(() => checkInitrdFits('initrd', size, needed)).not.toThrow();
      expect(() => checkInitrdFits('initrd', size, needed - 1)).toThrow(MediumError);
    }
  });
});

function refusalOfInitrd(size: number, memoryMB: number): string {
  try {
    checkInitrdFits('initrd', size, memoryMB);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

test('a kernel whose header was changed anywhere is accepted with its size, or refused in words', () => {
  const name = path.join(temporaryFolder(), 'kernel');
  const start = kernelStart(64 * KIB);
  const changes = fc.array(fc.tuple(fc.nat(1023), fc.nat(255)), { minLength: 1, maxLength: 6 });
  holds(
    fc.property(changes, fc.integer({ min: 0, max: 70 * KIB }), (wrong, size) => {
      const bytes = Buffer.from(start);
      for (const [at, byte] of wrong) bytes[at] = byte;
      writeFileSync(name, bytes);
      truncateSync(name, size);
      try {
        expect(checkMedium('bzimage', name)).toBe(size);
      } catch (error) {
        expect(error).toBeInstanceOf(MediumError);
        expect((error as Error).message).toContain(`"${name}"`);
      }
    }),
  );
});
