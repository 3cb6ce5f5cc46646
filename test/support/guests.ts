/** A library of firmware and guests that pass every check and boot nothing: files of the right shapes, mostly holes. */
import { truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { GuestLibrary } from '../../main/fleet/spec.ts';

const KIB = 1 << 10;
const KERNEL_BYTES = 64 * KIB;

/** A file of this size that begins with these bytes. */
export function makeFile(file: string, bytes: number, start: Uint8Array | string = ''): string {
  writeFileSync(file, start);
  truncateSync(file, bytes);
  return file;
}

/** The first bytes of a bzImage of `KERNEL_BYTES`. */
function kernelStart(): Buffer {
  const start = Buffer.alloc(1024);
  start[0x1f1] = 3;
  start.writeUInt32LE((KERNEL_BYTES - 4 * 512) / 16, 0x1f4);
  start.writeUInt16LE(0xaa55, 0x1fe);
  start.write('HdrS', 0x202, 'latin1');
  start[0x211] = 1;
  return start;
}

export function makeKernel(file: string): string {
  return makeFile(file, KERNEL_BYTES, kernelStart());
}

/** Makes the files in this folder. */
export function makeGuests(folder: string): GuestLibrary {
  const at = (name: string): string => path.join(folder, name);
  writeFileSync(at('linux.cmdline'), 'console=ttyS0 quiet\n');
  return {
    bios: makeFile(at('bios.bin'), 64 * KIB),
    vgaBios: makeFile(at('vgabios.bin'), 32 * KIB),
    linux: {
      bzimage: makeKernel(at('linux.bzimage')),
      initrd: makeFile(at('linux.initrd'), 100 * KIB),
      cmdline: at('linux.cmdline'),
    },
    test: makeFile(at('test.img'), 1440 * KIB),
  };
}
