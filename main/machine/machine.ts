/**
 * What a deterministic machine is, whoever implements it: state' = F(state, head).
 *
 * Invariant: two machines made from the same `MachineConfig` (or restored from the same snapshot) that execute the same
 * heads have the same state, emit the same outputs and make the same disk requests, epoch for epoch, on any computer.
 */
import type { HashRegion, Head, Output } from '../ft/entry.ts';
import type { ScreenUpdate } from '../../preload/contract/screen.ts';
import type { Pieces } from './pieces.ts';
import type { Room } from './room.ts';

/** The drives of the emulated PC that may ask for blocks asynchronously. */
export type Drive = 'hda' | 'hdb' | 'cdrom';

/** A disc for the CD-ROM drive. Its contents stay in its file; whoever reads that makes sure that it is this disc. */
export interface Disc {
  readonly path: string;
  /** Size in bytes, a multiple of 2048. */
  readonly bytes: number;
  /** Tells it from other discs that the file may hold some day (datastore/disc.ts); empty where nobody asks. */
  readonly identity: string;
}

/** A block device as the machine sees it while it is being built; afterwards all access goes through requests. */
export interface DriveConfig {
  /** Size in bytes; a multiple of 512 (2048 for the CD). */
  readonly byteLength: number;
  /** Reads synchronously; only called while the machine is being built (v86 looks at the partition table then). */
  readonly readSync: (offset: number, length: number) => Uint8Array;
  /** For the CD-ROM drive: which disc this is. */
  readonly disc?: Pick<Disc, 'path' | 'identity'> | undefined;
}

/** What a machine is made of. File contents are passed as bytes: the machine opens no file. */
export interface MachineConfig {
  /** Guest memory in MiB, 1 to 2048. */
  readonly memoryMB: number;
  readonly vgaMemoryMB: number;
  /** Seed of all randomness the guest can observe; unsigned 32 bits. */
  readonly seed: number;
  /** What the real-time clock shows at power-on, in milliseconds since 1970, UTC. */
  readonly startTimeMs: number;
  readonly bios: Uint8Array;
  readonly vgaBios: Uint8Array;
  /** Direct Linux boot: protected-mode kernel, initial file system, command line. */
  readonly linux?: { readonly bzimage: Uint8Array; readonly initrd?: Uint8Array; readonly cmdline: string };
  /** A kernel by the Multiboot specification, started instead of the BIOS. */
  readonly multiboot?: Uint8Array;
  /** The drives that the BIOS tries first; else it goes by what there is. */
  readonly bootOrder?: readonly ('hda' | 'cdrom' | 'fda')[];
  /** There is always a CD-ROM drive; without `cdrom` it is empty. */
  readonly drives: { readonly [D in Drive]?: DriveConfig };
  /** Floppy image, kept in memory; part of the machine's state. */
  readonly floppy?: Uint8Array;
  /** `mtu`: the longest IP packet that a virtio card tells its guest of, in bytes; 1500 unless said otherwise. */
  readonly nic?: { readonly type: 'virtio' | 'ne2k'; readonly mac: string; readonly mtu?: number };
  /** Off only to compare; the guest sees the same results either way. */
  readonly jit?: boolean;
  /** When a compiled module counts as hot, in instructions; the guest sees the same results either way. */
  readonly hotInstructions?: number;
}

/** A block request of the guest. It completes when an input for `disk` carries its `id` (see devices/disk.ts). */
export interface DiskRequest {
  /** Rises by one from 0 over the machine's life; the same on primary and backup. */
  readonly id: number;
  readonly drive: Drive;
  readonly operation: 'read' | 'write' | 'flush';
  /** In bytes. */
  readonly offset: number;
  /** In bytes; at most `DISK_REQUEST_BYTES_MAX`. */
  readonly length: number;
  /** The bytes to write, an own copy; only for `write`. */
  readonly data?: Uint8Array;
  /** The disc that was in the drive when it was asked; only for `cdrom`. */
  readonly disc?: Disc;
}

/** What one epoch did that others must act on. */
export interface Outcome {
  readonly outputs: readonly Output[];
  readonly requests: readonly DiskRequest[];
  /**
   * 0 while the guest is busy, and after a head without slices; else how long it can sleep unless an input arrives, in
   * virtual milliseconds.
   */
  readonly idleMs: number;
}

/** A machine's whole state between two epochs, as bytes. `pages` holds the non-zero pages of linear memory only. */
export interface Snapshot {
  readonly description: Uint8Array;
  readonly pages: Uint8Array;
}

/**
 * The state of a machine as it was at one epoch boundary: a copy that becomes a snapshot while the guest runs on. The
 * work that is left is done in pieces (pieces.ts).
 */
export interface Capture {
  readonly descriptionBytes: number;
  readonly pagesBytes: number;
  seal(): Pieces<Snapshot>;
  /** What `Machine.hash('full')` was. */
  hash(): Pieces<string>;
}

/** One of which only a snapshot is made. */
export type UnhashedCapture = Omit<Capture, 'hash'>;

/** How the machine fares on this host. Not state: primary and backup differ. */
export interface MachineMetrics {
  /** Modules of generated code compiled by this process, and the wall time that took in milliseconds. */
  readonly compiledModules: number;
  /** Of these, those that were hot and have been compiled a second time. */
  readonly optimisedModules: number;
  readonly compileMs: number;
  /** Serial bytes that wait until the guest reads; an outside that sees this grow should send more slowly. */
  readonly serialWaiting: number;
}

/** The machine. Not re-entrant; every method is synchronous, so that an epoch boundary is a point in the program. */
export interface Machine {
  /** The number of epochs executed since power-on, which is also the number of the next one. */
  readonly epoch: number;
  /** The virtual clock, in nanoseconds since power-on. */
  readonly virtualNs: number;
  /** Instructions executed since power-on. */
  readonly instructions: number;
  /** Requests made and not completed, oldest first. State: a new primary issues them again. */
  readonly pendingRequests: readonly DiskRequest[];
  /** What is in the CD-ROM drive; null while it is empty. State. */
  readonly disc: Disc | null;
  /** The guest has halted with interrupts off, as after `poweroff`: nothing but a reset can wake it. */
  readonly stopped: boolean;
  /** It plays sound, and has to be asked for it in time. */
  readonly playing: boolean;
  readonly metrics: MachineMetrics;
  /** @throws {MachineError} when the guest or a senseless input broke the machine; it is dead then. */
  execute(head: Head): Outcome;
  /** The same in pieces, at most a slice each. Until the last one the machine stands at no epoch boundary. */
  execution(head: Head): Pieces<Outcome>;
  /**
   * What changed on the screen since the last call, or everything with `full`; null when nothing changed.
   * Looking changes nothing the guest can observe.
   */
  screen(full: boolean): ScreenUpdate | null;
  /** Makes room for a copy: what can be done of it before the guest has to stand still. */
  room(): Pieces<Room>;
  /**
   * Copies the state as it is at this epoch boundary, which is all that the guest stands still for: a capture, of which
   * a snapshot is made while it runs on.
   * @throws {Error} while `pendingRequests` is not empty: quiesce first (Scales et al., 2010, section 3.1).
   */
  copy(room?: Room): Capture;
  /**
   * It has executed nothing, and its memory is that of a machine that was built for a backup: without a disc, which
   * reports itself while the machine is built.
   */
  readonly asBuilt: boolean;
  /**
   * The same of a machine that is `asBuilt`, for another: its memory is left out, which `restore` makes sure of.
   * @throws {AssertionError} when it is not `asBuilt`.
   */
  copyAsBuilt(): UnhashedCapture;
  /** Copies and seals without a pause: the snapshot itself, for those for whom nothing waits. @throws as `copy`. */
  capture(): Snapshot;
  /** @throws {SnapshotError} when the bytes are damaged or were taken from a machine of another configuration. */
  restore(snapshot: Snapshot): void;
  /**
   * Pages of 4096 bytes of linear memory. It grows while a machine is built or restored, and when v86 needs more while
   * the guest runs (a screen mode, its tables): in the same epoch on both sides, and for good.
   */
  readonly pages: number;
  /**
   * `cpu`: registers and clock, microseconds. `devices`: all but memory, some milliseconds. Pages: eight digits for
   * every sixteen of them, a millisecond for 256. `full`: everything, up to 100 ms. Hexadecimal.
   */
  hash(region: HashRegion): string;
  /**
   * Flips one bit in the middle of the guest's memory: a fault made on purpose, which the comparison of hashes must
   * find. Returns the page.
   */
  corrupt(): number;
}
