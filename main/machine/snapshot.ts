/**
 * The whole of a machine as bytes, and back.
 *
 * What a clone carries: linear memory (guest memory, v86's heap, its caches of translated code, video memory), the
 * modules it generated, the graph of its device objects, the I/O ports it moved, port 0x92, our devices' waiting bytes,
 * the clock, the random generator and the counters. v86's own save_state is not enough: it diverges at the second
 * epoch.
 *
 * Invariant: a restored machine and the one it was taken from give the same results for the same heads. A snapshot that
 * is damaged, or of a machine of another configuration, is refused before anything is changed.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { VirtualClock } from './clock.ts';
import { captureAsBuilt, captureOf, type Copied } from './capture.ts';
import type { LiveModule } from './compiler.ts';
import { decodeContainer, layOutContainer } from './container.ts';
import type { Disks } from './devices/disk.ts';
import { VgaImage } from './devices/display.ts';
import type { Keyboard } from './devices/keyboard.ts';
import type { Media } from './devices/medium.ts';
import type { Mouse } from './devices/mouse.ts';
import type { SerialPort } from './devices/serial.ts';
import type { Sound } from './devices/sound.ts';
import { assert, MachineError, SnapshotError } from './errors.ts';
import { captureGraph, type Graph, Registry, type Roots } from './graph.ts';
import { restoreGraph } from './graph-restore.ts';
import { hashBytes } from './hash.ts';
import type { Capture, Snapshot, UnhashedCapture } from './machine.ts';
import { capturePages, checkPages, describePages, hashPages, measurePages, restorePages } from './pages.ts';
import type { Pieces } from './pieces.ts';
import { PortTable } from './ports.ts';
import type { VirtualRandom } from './random.ts';
import { NO_ROOM, Room } from './room.ts';
import { type Description, readDescription, WASM_PAGE_BYTES } from './snapshot-description.ts';
import { type Core, PORT_A20 } from './v86.ts';
import { TABLE_GENERATED_COUNT } from './v86-types.ts';

/** Before the modules stand the bitmap of the pages, and the bytes that wait at the serial port and the keyboard. */
export const MODULES_FROM = 3;

export interface Counters {
  readonly epoch: number;
  readonly instructions: number;
}

/** The parts of a machine that hold its state. */
export interface Parts {
  readonly core: Core;
  readonly memory: WebAssembly.Memory;
  readonly clock: VirtualClock;
  readonly random: VirtualRandom;
  readonly serial: SerialPort;
  readonly keyboard: Keyboard;
  readonly mouse: Mouse;
  readonly sound: Sound;
  readonly disks: Disks;
  readonly media: Media;
  readonly counters: { state(): Counters; restore(state: Counters): void };
  /** Objects in v86's graph that are ours: the drives' media by name. */
  readonly outsiders: ReadonlyMap<object, string>;
  /** What the machine was built from, see configuration.ts. */
  readonly identity: string;
}

/** Knows where a machine's state is. To be made when the machine is built, before it executes anything. */
export class Anatomy {
  readonly #parts: Parts;
  readonly #registry: Registry;
  readonly #ports: PortTable;
  /** SHA-256 of modules' bytes, which never change. */
  readonly #digests = new WeakMap<Uint8Array, Uint8Array>();

  constructor(parts: Parts) {
    const { core, memory, outsiders } = parts;
    const { cpu, emulator } = core;
    this.#parts = parts;
    this.#ports = new PortTable(cpu.io);
    const known = new Map<object, string>([
      [cpu, 'processor'],
      [cpu.io, 'ports'],
      [cpu.wm, 'core'],
      [cpu.bios, 'firmware'],
      [emulator, 'emulator'],
      [emulator.v86, 'runner'],
      [emulator.bus, 'bus'],
      [emulator.emulator_bus, 'device bus'],
      [emulator.screen_adapter as object, 'screen'],
      [memory, 'memory'],
      ...outsiders,
    ]);
    this.#registry = new Registry(this.#roots(), known, memory, [VgaImage, parts.media.imageClass]);
  }

  /** Room for a copy of the machine as it is now. */
  *room(): Pieces<Room> {
    return yield* Room.make(yield* measurePages(this.#parts.memory));
  }

  /** @throws {MachineError} while disk requests are pending. */
  copy(room: Pick<Room, 'take'> = NO_ROOM): Capture {
    const pending = this.#parts.disks.pending.length;
    if (pending > 0) throw new MachineError(`${pending} disk requests are pending: a machine is copied when none are`);
    const pages = capturePages(this.#parts.memory.buffer, room);
    return captureOf({ pages, ...this.#layOut(pages.bitmap, {}, room) });
  }

  /** Of a machine that is as it was built, for another such. */
  copyAsBuilt(): UnhashedCapture {
    const { bitmap, checksum } = describePages(this.#parts.memory.buffer);
    return captureAsBuilt(this.#layOut(bitmap, { asBuilt: true }, NO_ROOM).layout, checksum);
  }

  /** All but the pages, and what the hash is taken over. */
  #layOut(bitmap: Uint8Array, how: Pick<Description, 'asBuilt'>, room: Pick<Room, 'take'>): Omit<Copied, 'pages'> {
    const { core, memory } = this.#parts;
    const { nodes, roots, births, buffers } = captureGraph(this.#registry, this.#roots());
    const modules = core.compiler.modules();
    const state = [...this.#waitingBytes(), ...modules.map(({ bytes }) => bytes), ...buffers];
    const json: Description = {
      identity: this.#parts.identity,
      ...how,
      memoryBytes: memory.buffer.byteLength,
      ...this.#scalars(),
      modules: modules.map(({ index }) => index),
      graph: { nodes, roots, births },
    };
    const layout = layOutContainer({ json, sections: [bitmap, ...state] }, room);
    const [, ...copies] = layout.sections;
    return { layout, hashed: [this.#text(nodes, roots), ...copies] };
  }

  /** @throws {SnapshotError} when the snapshot is not one of such a machine. The machine is unchanged then. */
  check(snapshot: Snapshot): () => void {
    const { json, sections, pagesChecksum } = decodeContainer(snapshot.description);
    const description = readDescription(json);
    if (description.identity !== this.#parts.identity) {
      throw new SnapshotError('the snapshot was taken from a machine of another configuration, or by another version');
    }
    const [bitmap, serial, keyboard, ...others] = sections;
    if (bitmap === undefined || serial === undefined || keyboard === undefined) {
      throw new SnapshotError('the snapshot lacks sections');
    }
    const pages = description.asBuilt ? null : { bitmap, bytes: snapshot.pages };
    if (!pages) this.#checkBuilt(bitmap, pagesChecksum);
    else checkPages(pages, description.memoryBytes);
    if (pages && crc32(pages.bytes) !== pagesChecksum) {
      throw new SnapshotError('the snapshot is damaged: the checksum of its pages does not match');
    }
    const { buffer } = this.#parts.memory;
    if (buffer.byteLength > description.memoryBytes) {
      throw new SnapshotError('a snapshot is restored into a new machine: this one has already used more memory');
    }
    const { modules } = description;
    if (modules.length > TABLE_GENERATED_COUNT || others.length < modules.length) {
      throw new SnapshotError('the snapshot lacks modules');
    }
    const live = modules.map((index, position) => ({ index, bytes: new Uint8Array(others[position] as Uint8Array) }));
    const graph: Graph = { ...description.graph, buffers: others.slice(modules.length) };
    return () => {
      const { memory, core, serial: port, keyboard: keys } = this.#parts;
      memory.grow((description.memoryBytes - buffer.byteLength) / WASM_PAGE_BYTES);
      if (pages) restorePages(memory.buffer, pages);
      core.compiler.restore(live);
      port.restore(serial);
      keys.restore(keyboard);
      this.#restoreScalars(description);
      this.#restoreGraph(graph);
    };
  }

  /** Whether this machine's memory is that of the machine of which the pages were left out. */
  #checkBuilt(bitmap: Uint8Array, checksum: number): void {
    const own = describePages(this.#parts.memory.buffer);
    if (own.checksum === checksum && Buffer.compare(own.bitmap, bitmap) === 0) return;
    throw new SnapshotError(
      'the snapshot is of a machine that was built otherwise: its memory differs from this one’s',
    );
  }

  /** SHA-256 of everything that `capture` takes. Saved states hold such a hash: it is never changed. */
  hash(): string {
    const hash = createHash('sha256');
    hashPages(this.#parts.memory.buffer, hash);
    hash.update(this.#hashOf(({ bytes }) => bytes));
    return hash.digest('hex');
  }

  /** The same of all but linear memory. Asked every few seconds: what a module holds is hashed once in its life. */
  hashDevices(): string {
    return this.#hashOf(({ bytes }) => {
      const known = this.#digests.get(bytes) ?? createHash('sha256').update(bytes).digest();
      this.#digests.set(bytes, known);
      return known;
    });
  }

  #hashOf(moduleBytes: (module: LiveModule) => Uint8Array): string {
    const { nodes, roots, buffers } = captureGraph(this.#registry, this.#roots());
    const modules = this.#parts.core.compiler.modules().map(moduleBytes);
    return hashBytes([this.#text(nodes, roots), ...this.#waitingBytes(), ...modules, ...buffers]);
  }

  /** What a hash is taken over, besides bytes. */
  #text(nodes: Graph['nodes'], roots: Graph['roots']): Uint8Array {
    const pending = this.#parts.disks.pending.map(({ id, drive, operation, offset, length }) => [
      id,
      drive,
      operation,
      offset,
      length,
    ]);
    return Buffer.from(JSON.stringify({ scalars: this.#scalars(), pending, nodes, roots }));
  }

  /** Where the graph begins. */
  #roots(): Roots {
    const { cpu } = this.#parts.core;
    return {
      devices: cpu.devices,
      firmwareValue: cpu.fw_value,
      firmwarePointer: cpu.fw_pointer,
      ports: this.#ports.moved(),
    };
  }

  #restoreGraph(graph: Graph): void {
    const { cpu } = this.#parts.core;
    const roots = restoreGraph(this.#registry, this.#roots(), graph);
    if (roots['devices'] !== cpu.devices) throw new SnapshotError('the snapshot has no devices');
    cpu.fw_value = roots['firmwareValue'];
    cpu.fw_pointer = Number(roots['firmwarePointer']);
    this.#ports.restore(roots['ports']);
  }

  #waitingBytes(): Uint8Array[] {
    return [this.#parts.serial.state(), this.#parts.keyboard.state()];
  }

  #scalars() {
    const { clock, random, core, counters, mouse, sound, disks, media } = this.#parts;
    return {
      clock: clock.state(),
      random: random.state(),
      a20: core.a20,
      counters: counters.state(),
      mouse: mouse.state(),
      sound: sound.state(),
      disks: disks.state(),
      media: media.state(),
    };
  }

  #restoreScalars(description: Description): void {
    const { clock, random, core, counters, mouse, sound, disks, media } = this.#parts;
    clock.restore(description.clock);
    random.restore(description.random);
    core.a20 = description.a20;
    core.cpu.io.port_write8(PORT_A20, description.a20);
    counters.restore(description.counters);
    mouse.restore(description.mouse);
    sound.restore(description.sound);
    disks.restore(description.disks);
    media.restore(description.media);
    assert(core.compiler.modules().length === description.modules.length, 'every module has its own place');
  }
}
