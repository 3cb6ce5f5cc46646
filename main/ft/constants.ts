/**
 * Every limit and interval of the protocol, with its unit in its name, and the relations between them.
 *
 * Invariant: the relations asserted at the end hold; the reasons stand beside them.
 */
import { assert } from './assert.ts';
import type { FtSettings } from './environment.ts';

/**
 * The version of the log's layout. Raised with every change that an older decoder would misread; peers must be equal.
 * 4: the input device `medium`, and the disc in the CD-ROM drive in the snapshot's text instead of in its fingerprint.
 * 5: a long advance of a halted guest goes from timer to timer.
 * 6: mouse inputs that say where the pointer is; the checksum of a snapshot's pages stands in its container's head.
 * 7: a hash's digits travel as bytes, two a byte.
 * 8: the hash of the devices takes a module by its digest; a snapshot's chunks may be plain.
 * 9: a snapshot of a machine that has executed nothing leaves its pages out.
 */
export const LOG_VERSION = 9;

/** Both sides say something whenever they look and have said nothing for so long. */
export const HEARTBEAT_MS = 50;
/**
 * How often each side looks whether something is due, a heartbeat or a suspicion. Each look wakes a process that may be
 * idle, so there are no more than it takes: a guest in its longest lull is woken a little more often
 * (replica/pacer.ts). Where the timeout is short, two looks between two heartbeats.
 */
export const tickMs = (failureTimeoutMs: number): number =>
  failureTimeoutMs >= FAILURE_TIMEOUT_MS ? 2 * HEARTBEAT_MS : HEARTBEAT_MS / 2;
/** Nothing heard for this long: the peer is suspected. The default, as are the next ones that say so. */
export const FAILURE_TIMEOUT_MS = 500;
/**
 * A backup that is still restoring compresses and copies for long stretches; only its process's death ends it sooner.
 */
export const STARTING_TIMEOUT_MS = 60_000;
/** How long to wait before the shared storage is asked again after it could not be reached. */
export const CLAIM_RETRY_MS = 100;

/** A backup that is closer than this is Protected and the primary runs free. */
export const LAG_FREE_MS = 50;
/** From here on the primary is slowed gradually (default) … */
export const LAG_THROTTLE_MS = 100;
/** … and from here on as much as it can be (Scales et al., 2010, section 2.4: about one second; default). */
export const LAG_HARD_MS = 1000;
/** A head that has not been acknowledged for longer than this counts as lag; before, it may just be on its way. */
export const ROUND_TRIP_MS_MAX = 200;
/** The longest sleep between two epochs that the throttle asks for. */
export const THROTTLE_SLEEP_MS_MAX = 20;

/** One log entry's payload: a head that carries the data of the largest disk read (32 MiB), and room beside it. */
export const ENTRY_BYTES_MAX = 34 << 20;
/** The inputs of one head, in bytes. */
export const HEAD_BYTES_MAX = 33 << 20;
/** Inputs delivered by one head: bounded so that a flood from outside cannot make an epoch of any length. */
export const HEAD_INPUTS_MAX = 1024;
/** How far one head moves the clock at most (12 days), how fast it lets it run, and how much it executes. */
export const HEAD_ADVANCE_US_MAX = 2 ** 40;
export const HEAD_RATE_MAX = 2 ** 31;
export const HEAD_SLICES_MAX = 65_536;
/** Log that a Protected primary has sent and its backup has not yet received: past it the primary stalls. */
export const LOG_BUFFER_BYTES_MAX = 8 << 20;
/** Log that queues while the backup is still being copied: past it the attempt is given up. */
export const STARTING_LOG_BYTES_MAX = 256 << 20;
/** Heads that a backup holds and has not executed: past it, it stops reading and the primary's buffer fills. */
export const BACKLOG_HEADS_MAX = 20_000;
/** Outputs held by a closed gate: past it the primary stalls before the next epoch. */
export const GATE_BYTES_MAX = 16 << 20;
/** One part of a snapshot on the channel, before compression. */
export const SNAPSHOT_CHUNK_BYTES = 1 << 20;
/** A whole snapshot: guest memory of at most 2 GiB, video memory, modules. */
export const SNAPSHOT_BYTES_MAX = 3 * 2 ** 30;

/** The CPU hash is compared every so many epochs (the default), and this often where those are long or few. */
export const HASH_INTERVAL_EPOCHS = 2500;
export const HASH_INTERVAL_MS = 1000;
/**
 * The rest of the state is compared slice by slice, so that nobody stands still for it: one slice this often, which
 * makes about ten seconds for a guest of 128 MB. A guest that sleeps has few epochs and changes little: it has a slice
 * every so many of them, and takes half a minute.
 */
export const SLICE_INTERVAL_MS = 50;
export const SLICE_INTERVAL_EPOCHS = 2;
/** Pages in one slice: 1 MiB, whose hash takes less than a millisecond. */
export const SLICE_PAGES = 256;
/** Pages with a hash of their own inside a slice: so closely a difference is named. */
export const HASH_BLOCK_PAGES = 16;
/** A hash as text: hexadecimal digits. */
export const HASH_LENGTH_MAX = 128;

/** What holds for a VM whose user has set nothing. */
export const DEFAULT_SETTINGS: FtSettings = {
  failureTimeoutMs: FAILURE_TIMEOUT_MS,
  hashIntervalEpochs: HASH_INTERVAL_EPOCHS,
  lagThrottleMs: LAG_THROTTLE_MS,
  lagHardMs: LAG_HARD_MS,
  diskMode: 'shared',
  diskReads: 'log',
};

// Several heartbeats must be missed before anyone is suspected: one late timer is not a failure.
assert(
  FAILURE_TIMEOUT_MS >= 3 * (HEARTBEAT_MS + tickMs(FAILURE_TIMEOUT_MS)),
  'the failure timeout covers several heartbeats',
);
// A link that is slower than that is suspected, not waited for.
assert(ROUND_TRIP_MS_MAX < FAILURE_TIMEOUT_MS, 'a slow round trip is shorter than the failure timeout');
// Protected must not be reached at a lag that is throttled at once.
assert(LAG_FREE_MS < LAG_THROTTLE_MS && LAG_THROTTLE_MS < LAG_HARD_MS, 'lag limits rise');
// The throttle may never look like a failure.
assert(THROTTLE_SLEEP_MS_MAX < HEARTBEAT_MS, 'a throttled primary still sends its heartbeats');
assert(HEAD_BYTES_MAX + HEAD_INPUTS_MAX * 16 <= ENTRY_BYTES_MAX, 'a full head fits an entry');
assert((SLICE_PAGES / HASH_BLOCK_PAGES) * 8 <= HASH_LENGTH_MAX, "a slice's hash fits an entry");
// A chunk and its headers fit one entry even where it does not compress.
assert(SNAPSHOT_CHUNK_BYTES + 4096 <= ENTRY_BYTES_MAX, 'a snapshot chunk fits an entry');
