/**
 * What happens outside a tortured guest: how the clock advances, which keys, mouse moves, serial bytes and frames
 * arrive when, and when its disk answers.
 *
 * Invariant: all of it follows from the seed and from what the guest did, so the same program and seed give the same
 * history on any computer.
 */
import type { Head, Input } from '../../main/ft/entry.ts';
import { encodeDiskInput } from '../../main/machine/devices/disk.ts';
import { encodeKeyboardInput } from '../../main/machine/devices/keyboard.ts';
import { encodeMouseInput } from '../../main/machine/devices/mouse.ts';
import { encodeNicInput } from '../../main/machine/devices/nic.ts';
import { encodeSerialInput } from '../../main/machine/devices/serial.ts';
import type { DiskRequest, Machine, Outcome } from '../../main/machine/machine.ts';
import { input } from '../machine/guest.ts';
import { generator } from '../support/mulberry.ts';
import type { Guest } from './programs.ts';

/** The shell's part of Linux's load. */
const SHELL = [
  'i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done; echo loop $i',
  'head -c 300000 /bin/busybox | gzip | md5sum',
  'dd if=/dev/urandom of=/mnt/a bs=4k count=50 2>/dev/null; sync; echo 3 > /proc/sys/vm/drop_caches; md5sum /mnt/a',
  'ifconfig eth0 10.77.0.9 up; ping -c 2 -W 1 10.77.0.1; cat /proc/interrupts; date',
  "awk 'BEGIN { x = 1.5; for (i = 0; i < 5000; i++) x = x * 1.000001 + 0.25 / (i + 1); print x, sin(x), exp(x) }'",
  'ls -R /lib > /dev/tty1; for i in 1 2 3 4 5; do /bin/true; done',
];
const PROMPT = ':~# ';
/** A disk answers within this many epochs. */
const DISK_EPOCHS_MAX = 9;
const IDLE_US_MAX = 20_000;

interface Completion {
  readonly epoch: number;
  readonly data: Uint8Array;
}

export class World {
  readonly #machine: Machine;
  readonly #guest: Guest;
  readonly #disk: Uint8Array;
  readonly #random: (limit: number) => number;
  #completions: Completion[] = [];
  #idleMs = 0;
  #rate = 3072;
  #serial = '';
  #commands = 0;

  constructor(machine: Machine, guest: Guest, seed: number) {
    this.#machine = machine;
    this.#guest = guest;
    this.#disk = guest.disk.slice();
    this.#random = generator(seed);
  }

  /** Whether the guest is at work: a bare program always is. */
  get ready(): boolean {
    return this.#guest.surroundings === 'bare' || this.#commands > 0;
  }

  /** The next head. */
  head(): Head {
    const random = this.#random;
    const inputs = [...this.#due(false), ...this.#arriving()];
    if (random(40) === 0) this.#rate = 512 + random(20_000);
    // Usually a little behind; sometimes the computer had something else to do.
    let advanceUs = random(12) === 0 ? random(5000) : random(60);
    if (random(2000) === 0) advanceUs = random(1_000_000);
    if (this.#idleMs > 0) advanceUs = Math.floor(Math.min(this.#idleMs * 1000, random(IDLE_US_MAX)));
    let slices = random(10) === 0 ? 2 + random(3) : 1;
    if (random(50) === 0) slices = 0;
    return { advanceUs, rate: this.#rate, slices, inputs };
  }

  /** A head after which the guest waits for no disk if it asks for nothing more; null when it waits for none. */
  quietHead(): Head | null {
    if (this.#machine.pendingRequests.length === 0) return null;
    return { advanceUs: 0, rate: this.#rate, slices: 0, inputs: this.#due(true) };
  }

  /** What came of the head. */
  executed({ outputs, requests, idleMs }: Outcome): void {
    this.#idleMs = idleMs;
    for (const request of requests) this.#answer(request);
    for (const { device, data } of outputs) {
      if (device === 'serial') this.#serial = (this.#serial + Buffer.from(data).toString('latin1')).slice(-400);
    }
  }

  /** The end of what the guest has printed. */
  get printed(): string {
    return this.#serial;
  }

  #answer({ id, operation, offset, length, data }: DiskRequest): void {
    if (data !== undefined) this.#disk.set(data, offset);
    const failed = this.#guest.surroundings === 'bare' && this.#random(50) === 0;
    const read = operation === 'read' && !failed ? this.#disk.slice(offset, offset + length) : new Uint8Array();
    const completion = encodeDiskInput({ id, status: failed ? 'error' : 'ok', data: read });
    this.#completions.push({ epoch: this.#machine.epoch + this.#random(DISK_EPOCHS_MAX), data: completion });
  }

  #due(all: boolean): Input[] {
    const { epoch } = this.#machine;
    const due = this.#completions.filter((completion) => all || completion.epoch <= epoch);
    this.#completions = this.#completions.filter((completion) => !due.includes(completion));
    return due.map(({ data }) => input('disk', data));
  }

  #arriving(): Input[] {
    const random = this.#random;
    const linux = this.#guest.surroundings === 'linux';
    const inputs: Input[] = [];
    if (linux && this.#serial.endsWith(PROMPT)) {
      this.#serial = '';
      const command = SHELL[this.#commands % SHELL.length];
      this.#commands += 1;
      inputs.push(input('serial', encodeSerialInput(Buffer.from(`${command}\n`))));
    }
    if (!linux && random(25) === 0) inputs.push(input('serial', encodeSerialInput(this.#bytes(1 + random(60)))));
    if (random(30) === 0) {
      const code = 0x10 + random(0x20);
      inputs.push(input('keyboard', encodeKeyboardInput(Uint8Array.of(code, code | 0x80))));
    }
    if (random(30) === 0) {
      const [dx, dy, buttons] = [random(200) - 100, random(200) - 100, random(8)];
      inputs.push(input('mouse', encodeMouseInput({ dx, dy, wheel: 0, buttons })));
    }
    if (random(20) === 0) inputs.push(input('nic', encodeNicInput(this.#frame())));
    return inputs;
  }

  /** To the guest or to everybody, otherwise noise. */
  #frame(): Uint8Array {
    const frame = this.#bytes(60 + this.#random(1000));
    const target = this.#random(2) === 0 ? [2, 0x4c, 0x53, 0, 0, 1] : [255, 255, 255, 255, 255, 255];
    frame.set([...target, 2, 0x4c, 0x53, 0, 0, 2, 8, this.#random(2) * 6]);
    return frame;
  }

  #bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.#random(256));
  }
}
