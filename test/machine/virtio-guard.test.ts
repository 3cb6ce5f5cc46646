// A hostile driver of v86's virtio network card: what it writes into its rings is bounded, and touches nothing else.

import { expect, test } from 'vitest';
import { VirtualClock } from '../../main/machine/clock.ts';
import { prepareFiles } from '../../main/machine/configuration.ts';
import { Disks } from '../../main/machine/devices/disk.ts';
import { FRAME_BYTES_MAX, Nic, parseMac, SENT_BYTES_MAX } from '../../main/machine/devices/nic.ts';
import { VirtualRandom } from '../../main/machine/random.ts';
import { bootCore } from '../../main/machine/v86.ts';
import { MAC, testGuest } from './guest.ts';

const MIB = 1 << 20;
const MEMORY_MB = 8;
const [TABLE, AVAILABLE, USED, DATA] = [MIB, MIB + 0x8000, MIB + 0x10000, 2 * MIB];
const [NEXT, WRITE] = [1, 2];
const TRANSMIT = 1;
/** Where v86 puts the transmit queue's notification before a BIOS moves it. */
const NOTIFY_PORT = 0xc902;

interface Descriptor {
  readonly address?: number;
  readonly high?: number;
  readonly length: number;
  readonly flags?: number;
  readonly next?: number;
}

/** The real card of a real machine, its rings in guest memory, and a driver that writes what it likes. */
async function card() {
  const config = testGuest({ memoryMB: MEMORY_MB, nic: { type: 'virtio', mac: MAC } });
  const clock = new VirtualClock(config.startTimeMs, () => 0);
  const files = prepareFiles(config, new Disks());
  const core = await bootCore(files.options, { clock, random: new VirtualRandom(1), onMemory: () => {} });
  const device = core.cpu.devices.virtio_net;
  if (!device?.virtio) throw new Error('there is no virtio card');
  const nic = new Nic(device, core.emulator.bus, parseMac(MAC));
  core.emulator.add_listener('net0-send', (frame: Uint8Array) => nic.transmit(frame));
  const [receive, transmit] = device.virtio.queues as unknown as { [name: string]: number | boolean }[];
  const memory = (): DataView => new DataView(core.cpu.mem8.buffer, core.cpu.mem8.byteOffset, core.cpu.mem8.length);
  const rings = { desc_addr: TABLE, avail_addr: AVAILABLE, used_addr: USED, enabled: true };
  if (!receive || !transmit) throw new Error('there are no queues');
  Object.assign(transmit, rings);
  const describe = (descriptors: readonly Descriptor[]): void => {
    for (const [index, { address = DATA, high = 0, length, flags = 0, next = 0 }] of descriptors.entries()) {
      const at = TABLE + index * 16;
      memory().setInt32(at, address, true);
      memory().setInt32(at + 4, high, true);
      memory().setInt32(at + 8, length, true);
      memory().setUint16(at + 12, flags, true);
      memory().setUint16(at + 14, next, true);
    }
  };
  /** The driver offers so many requests more, and notifies the device by its port. */
  const notify = (requests: number): void => {
    const offered = (memory().getUint16(AVAILABLE + 2, true) + requests) & 0xffff;
    memory().setUint16(AVAILABLE + 2, offered, true);
    const io = core.cpu.io as unknown as { port_write16(port: number, value: number): void };
    io.port_write16(NOTIFY_PORT, TRANSMIT);
  };
  const used = (): number => memory().getUint16(USED + 2, true);
  const send = (descriptors: readonly Descriptor[]): number[] => {
    describe(descriptors);
    notify(1);
    return nic.takeSent().map(({ length }) => length);
  };
  return { nic, device, core, receive, rings, describe, notify, used, send };
}

test('frames of every size that a frame can have are sent, in one buffer or in many', async () => {
  const { send, used } = await card();
  expect(send([{ length: 12 + 60 }])).toEqual([60]);
  expect(send([{ length: 12, flags: NEXT, next: 1 }, { length: 1500 }])).toEqual([1500]);
  expect(send([{ length: 12 + FRAME_BYTES_MAX }])).toEqual([FRAME_BYTES_MAX]);
  expect(used()).toBe(3);
});

test('a request that breaks the bounds is taken from the queue, sends nothing, and the next is sent', async () => {
  const { send, used } = await card();
  const hostile: readonly (readonly Descriptor[])[] = [
    [{ length: 12 + FRAME_BYTES_MAX + 1 }],
    [{ length: 0x7fff_ffff }],
    [{ length: -1 }],
    [{ length: -0x8000_0000 }],
    [{ length: 72, address: MEMORY_MB * MIB - 71 }],
    [{ length: 72, address: -4096 }],
    [{ length: 72, high: 1 }],
    // A circle, and one that adds up to gigabytes.
    [{ length: 0, flags: NEXT, next: 0 }],
    [
      { length: 6 * MIB, flags: NEXT, next: 1 },
      { length: 6 * MIB, flags: NEXT, next: 0 },
    ],
    // Good buffers before a bad one.
    [
      { length: 72, flags: NEXT, next: 1 },
      { length: -5, flags: WRITE },
    ],
  ];
  for (const [index, descriptors] of hostile.entries()) {
    expect(send(descriptors)).toEqual([]);
    expect(send([{ length: 12 + 60 }])).toEqual([60]);
    expect(used()).toBe((index + 1) * 2);
  }
});

test('more requests than the queue has places for are none', async () => {
  const { describe: write, notify, used, nic } = await card();
  write([{ length: 72 }]);
  notify(1025);
  expect([nic.takeSent().length, used()]).toEqual([0, 0]);
});

test('what is sent in one epoch is bounded, and the next epoch sends again', async () => {
  const { describe: write, notify, nic, used } = await card();
  write([{ length: 12 + FRAME_BYTES_MAX }]);
  notify(1024);
  const bytes = nic.takeSent().reduce((sum, { length }) => sum + length, 0);
  expect(bytes).toBeLessThanOrEqual(SENT_BYTES_MAX);
  expect(bytes).toBeGreaterThan(SENT_BYTES_MAX - FRAME_BYTES_MAX - 1);
  expect(used()).toBe(1024);
  notify(1);
  expect(nic.takeSent()).toHaveLength(1);
});

test('a frame for the guest is written into buffers of its memory only', async () => {
  const { describe: write, device, core, receive, rings, nic, used } = await card();
  Object.assign(receive, rings);
  Object.assign(device.virtio ?? {}, { device_status: 4 });
  const { mem8 } = core.cpu;
  const offered = AVAILABLE + 2;
  const receiveInto = (descriptor: Descriptor): void => {
    write([{ ...descriptor, flags: WRITE }]);
    mem8[offered] = (mem8[offered] ?? 0) + 1;
    nic.receive(new Uint8Array(60).fill(7));
  };
  for (const address of [MEMORY_MB * MIB - 10, 0x7fff_0000, -4096]) receiveInto({ address, length: 2048 });
  receiveInto({ length: -2048 });
  expect([used(), mem8.includes(7, MIB + 0x20000)]).toEqual([4, false]);
  receiveInto({ length: 2048 });
  expect([used(), [...mem8.subarray(DATA + 12, DATA + 72)].every((byte) => byte === 7)]).toEqual([5, true]);
});
