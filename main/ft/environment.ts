/**
 * What the protocol needs from the world, and what it tells it. The replica gives the real things; a simulator gives
 * deterministic ones.
 *
 * Invariant: the protocol reads no clock and starts no I/O by itself. Time comes in as `nowMs`, a monotonic clock in
 * milliseconds; everything else goes out through these interfaces.
 */
import type { Checksum } from './bytes.ts';
import type { HashRegion, Head, Input, Output } from './entry.ts';
import type { Positioned } from './output.ts';

/** A block request, as far as the protocol cares: whether it changes the disk, and where. */
export interface BlockRequest {
  /** Rises by one over the machine's life; the same on primary and backup. */
  readonly id: number;
  readonly drive: string;
  readonly operation: 'read' | 'write' | 'flush';
  /** In bytes. */
  readonly offset: number;
  readonly length: number;
}

/** Which request an input for `disk` completes, and whether well; null for other inputs. */
export type CompletionOf = (input: Input) => { readonly id: number; readonly ok: boolean } | null;

/** What an epoch did that others must act on. */
export interface Executed<R extends BlockRequest> {
  readonly outputs: readonly Output[];
  readonly requests: readonly R[];
  readonly idleMs: number;
}

/** The machine as the protocol sees it (`main/machine` has the whole of it). */
export interface ReplicatedMachine<R extends BlockRequest> {
  /** The next epoch to execute. */
  readonly epoch: number;
  readonly pendingRequests: readonly R[];
  execute(head: Head): Executed<R>;
  /** The same in pieces. Before the last one only messages are received: nothing else is asked of the machine. */
  execution(head: Head): Generator<undefined, Executed<R>, undefined>;
  /** How many pages its memory has now; 0 where it has none that could be compared. Rises at most. */
  readonly pages: number;
  /** Of pages: eight hexadecimal digits for each HASH_BLOCK_PAGES of them. */
  hash(region: HashRegion): string;
}

/** The way to the peer. Bytes sent arrive whole and in order, or the channel closes. */
export interface Channel {
  send(message: Uint8Array): void;
  /** Bytes handed to `send` that have not left this process. */
  unsentBytes(): number;
}

/** Where a primary's effects go. `V` is whatever the replica shows on a screen. */
export interface Outside<R extends BlockRequest, V> {
  /** An output for its receiver, which confirms it by its position (`Primary.confirmed`). */
  emit(output: Positioned<Output>): void;
  /** A block request to be carried out; it completes as an input. */
  issue(request: R): void;
  /** A picture of the screen. Only the newest matters; a new primary begins with a whole one. */
  show(view: V): void;
  /** The outside input with this sequence number, and all before it, can no longer be lost. */
  committed(sequence: number): void;
}

/** What a user may set for each VM; the defaults are `DEFAULT_SETTINGS`. */
export interface FtSettings {
  /** Nothing heard for this long: the peer is suspected. In milliseconds. */
  readonly failureTimeoutMs: number;
  /** The CPU hash is compared every so many epochs, and every second. */
  readonly hashIntervalEpochs: number;
  /** From this lag on the primary is slowed gradually, in milliseconds. */
  readonly lagThrottleMs: number;
  /** From this lag on it is slowed as much as it can be, in milliseconds. */
  readonly lagHardMs: number;
  /** Both replicas use the same disk images, or each has its own (Scales et al., 2010, section 4.1). */
  readonly diskMode: 'shared' | 'separate';
  /** What the guest reads from its disks travels in the log, or is read by the backup itself (section 4.2). */
  readonly diskReads: 'log' | 'backup';
}

export type DiskModes = Pick<FtSettings, 'diskMode' | 'diskReads'>;

/** What a replica must tell the fleet. */
export type FtEvent =
  /** The pair is in virtual lockstep and the Output Rule holds. */
  | { readonly type: 'protected'; readonly generation: number; readonly epoch: number }
  | { readonly type: 'backupLost'; readonly why: string; readonly wasProtected: boolean }
  /** The primary won the test-and-set and goes on without a backup. */
  | { readonly type: 'alone'; readonly generation: number }
  /** The backup suspects the primary and begins to take over. */
  | { readonly type: 'suspected'; readonly why: string; readonly detectMs: number }
  /** The shared storage does not answer the test-and-set; it is asked again. */
  | { readonly type: 'storageUnreachable'; readonly why: string }
  /** The primary executes nothing from this epoch on (or does again), and that can no longer be lost. */
  | { readonly type: 'paused'; readonly paused: boolean; readonly epoch: number }
  /** What was taken of the machine at a mark is part of its history, whatever fails now. */
  | { readonly type: 'marked'; readonly mark: string }
  /** The backup went live. Times in milliseconds. */
  | {
      readonly type: 'live';
      readonly generation: number;
      readonly epoch: number;
      readonly lastInput: number;
      readonly why: string;
      readonly detectMs: number;
      readonly drainMs: number;
      readonly arbitrateMs: number;
      readonly reemitted: number;
    }
  /** This replica stopped for good, and why. */
  | {
      readonly type: 'halted';
      readonly cause: 'lostArbitration' | 'divergence' | 'corruptLog' | 'unprotected' | 'ended' | 'poweredOff';
      readonly why: string;
    };

/** What primary and backup have in common. */
export interface Environment<R extends BlockRequest> {
  readonly machine: ReplicatedMachine<R>;
  readonly channel: Channel;
  readonly checksum: Checksum;
  readonly completionOf: CompletionOf;
  /** Starts a test-and-set from this generation; the answer comes back through `claimAnswered`. */
  readonly claim: (generation: number) => void;
  readonly report: (event: FtEvent) => void;
  /** A primary looks anew each time it starts a backup. */
  readonly settings: FtSettings;
}
