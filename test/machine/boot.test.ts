/** From what a machine is started: the order in which the BIOS tries its drives, or a Multiboot kernel without it. */
import { describe, expect, test, vi } from 'vitest';
import { createMachine } from '../../main/machine/emulated.ts';
import type { MachineConfig } from '../../main/machine/machine.ts';
import { bootSector, driveOf, MemoryDisks, Runner } from './guest.ts';

// Guests run as fast as the computer and its other work let them.
vi.setConfig({ testTimeout: 60_000 });

/** Sends this letter on COM1 and halts for good. mov al,X; mov dx,0x3f8; out dx,al; cli; hlt */
function letter(text: string): Uint8Array {
  const sector = new Uint8Array(512);
  sector.set([0xb0, text.charCodeAt(0), 0xba, 0xf8, 0x03, 0xee, 0xfa, 0xf4]);
  sector.set([0x55, 0xaa], 510);
  return sector;
}

/** A hard disk that says H, and a floppy that says F. */
function bothDrives(bootOrder?: MachineConfig['bootOrder']): { config: MachineConfig; disk: Uint8Array } {
  const disk = new Uint8Array(1 << 20);
  disk.set(letter('H'));
  const config = bootSector(letter('F'), { drives: { hda: driveOf(disk) }, ...(bootOrder && { bootOrder }) });
  return { config, disk };
}

async function started(config: MachineConfig, hda?: Uint8Array): Promise<Runner> {
  const runner = await Runner.start(config);
  new MemoryDisks(runner, hda ? { hda } : {}, 7);
  runner.until(() => runner.machine.stopped);
  return runner;
}

describe('the BIOS starts', () => {
  test.each([
    ['a floppy before a hard disk, unless it is told otherwise', undefined, 'F'],
    ['the hard disk first where it is named', ['hda'], 'H'],
    ['the floppy first where it is named', ['fda', 'hda'], 'F'],
    ['what comes next where the first drive is empty', ['cdrom'], 'H'],
  ] as const)('%s', async (_what, order, said) => {
    const { config, disk } = bothDrives(order);
    expect((await started(config, disk)).serial).toBe(said);
  });

  test('and the order belongs to the machine: the state of one with another does not fit', async () => {
    const { config, disk } = bothDrives(['hda']);
    const runner = await started(config, disk);
    const state = runner.machine.capture();
    const same = await createMachine(config);
    same.restore(state);
    expect(same.hash('full')).toBe(runner.machine.hash('full'));
    const other = await createMachine(bothDrives(['fda']).config);
    expect(() => other.restore(state)).toThrow();
  });
});

test('a Multiboot kernel is started without the BIOS, and is the same in every copy', async () => {
  const kernel = Buffer.alloc(64);
  const [magic, flags, at, header] = [0x1bad_b002, 0x1_0000, 0x10_0000, 32];
  for (const [place, word] of [magic, flags, -(magic + flags) >>> 0, at, at, at + 64, 0, at + header].entries()) {
    kernel.writeUInt32LE(word >>> 0, place * 4);
  }
  // cmp eax,0x2badb002; jne +7; mov al,'M'; mov dx,0x3f8; out dx,al; cli; hlt
  kernel.set([0x3d, 0x02, 0xb0, 0xad, 0x2b, 0x75, 0x07, 0xb0, 0x4d, 0x66, 0xba, 0xf8, 0x03, 0xee, 0xfa, 0xf4], header);
  const { floppy: _floppy, ...bare } = bootSector(letter('F'));
  const config = { ...bare, multiboot: kernel, vgaMemoryMB: 16 };
  const runner = await started(config);
  expect(runner.serial).toBe('M');
  const copy = await createMachine(config);
  copy.restore(runner.machine.capture());
  expect(copy.hash('full')).toBe(runner.machine.hash('full'));
  const again = new Runner(await createMachine(config));
  for (const head of runner.heads) again.replay(head);
  expect(again.machine.hash('full')).toBe(runner.machine.hash('full'));
});
