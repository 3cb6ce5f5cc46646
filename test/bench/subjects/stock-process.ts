/**
 * Stock v86, as its users run it in Node: the npm package's own module, loop and compiler settings. The baseline that
 * every ratio of the benchmark refers to.
 *
 * Invariant: nothing of Lockstep is loaded here. What is typed comes in, what is printed goes out. Its disk is a buffer
 * in memory, the fastest that v86 has.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { V86 } from 'v86';

const [bios = '', vgaBios = '', bzimage = '', initrd = '', cmdline = '', disk = ''] = process.argv.slice(2);

function buffer(file: string): { buffer: ArrayBuffer } {
  const bytes = readFileSync(file);
  return { buffer: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer };
}

const emulator = new V86({
  wasm_path: createRequire(import.meta.url).resolve('v86/build/v86.wasm'),
  bios: buffer(bios),
  vga_bios: buffer(vgaBios),
  bzimage: buffer(bzimage),
  initrd: buffer(initrd),
  hda: buffer(disk),
  cmdline,
  memory_size: 128 << 20,
  vga_memory_size: 8 << 20,
  autostart: true,
  disable_speaker: true,
  acpi: false,
  fastboot: true,
  net_device: { type: 'virtio' },
} as ConstructorParameters<typeof V86>[0]);

/** Not in the package's types: how v86's own adapters send input. */
const { bus } = emulator as unknown as { bus: { send(name: string, value: unknown): void } };

emulator.add_listener('serial0-output-byte', (byte: number) => process.stdout.write(Uint8Array.of(byte)));
process.stdin.on('data', (bytes: Buffer) => {
  for (const byte of bytes) bus.send('serial0-input', byte);
});
process.stdin.on('end', () => process.exit(0));
