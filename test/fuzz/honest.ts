/**
 * Honest samples from real runs: the small test guest's log, snapshot and recording.
 *
 * Invariant: the same bytes every time: the machine is deterministic, and nothing here looks at a clock.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { LOG_VERSION } from '../../main/ft/constants.ts';
import type { Head } from '../../main/ft/entry.ts';
import { encodeEntry, type Entry } from '../../main/ft/log.ts';
import type { Machine, Snapshot } from '../../main/machine/machine.ts';
import { compress } from '../../main/datastore/compression.ts';
import { sendSnapshot } from '../../main/replica/snapshot-transfer.ts';
import { encodeRecordingHeader, type RecordingDescription } from '../../main/replica/recording.ts';
import { guestFiles } from '../../resources/guests/build.ts';
import { input, Runner, testGuest } from '../machine/guest.ts';
import { readFileSync } from 'node:fs';
import { joined } from './random.ts';

const HEADS = 120;

export const encode = (entries: readonly Entry[]): Uint8Array =>
  joined(...entries.map((entry) => encodeEntry(entry, crc32)));

/** The entries that carry a snapshot. */
export async function snapshotEntries(snapshot: Snapshot, epoch: number): Promise<Entry[]> {
  const { description, pages } = snapshot;
  const sizes = { descriptionBytes: description.length, pagesBytes: pages.length };
  const entries: Entry[] = [{ kind: 'snapshot', epoch, ...sizes, lastInput: 0 }];
  await sendSnapshot(
    snapshot,
    compress,
    (chunk) => Promise.resolve(entries.push({ kind: 'chunk', epoch, ...chunk }) > 0),
    () => {},
  );
  return entries;
}

/** The log of a machine that executes these heads, with hashes of all kinds before them. */
export function logOf(machine: Machine, heads: readonly Head[], execute: (head: Head) => void): Entry[] {
  return heads.flatMap((head, index) => {
    const { epoch, pages } = machine;
    const regions = ['cpu', 'devices', { first: 0, end: Math.min(256, pages) }] as const;
    const region = regions[index % 30];
    const hashes: Entry[] = region ? [{ kind: 'hash', epoch, region, hash: machine.hash(region) }] : [];
    execute(head);
    return [...hashes, { kind: 'head', epoch, head }];
  });
}

export interface HonestRun {
  readonly snapshot: Snapshot;
  readonly snapshotEntries: readonly Entry[];
  readonly log: readonly Entry[];
}

/** The small test guest, booted, captured, and run on with keys, mouse and bytes for it. */
export async function guestRun(): Promise<HonestRun> {
  const runner = await Runner.start(testGuest());
  runner.untilSerial('LOCKSTEP TEST GUEST');
  const snapshot = runner.machine.capture();
  const entries = await snapshotEntries(snapshot, runner.machine.epoch);
  const heads: Head[] = Array.from({ length: HEADS }, (_, index) => ({
    advanceUs: index * 7,
    rate: 3072,
    slices: index % 5 === 0 ? 0 : 1,
    inputs: [
      ...(index % 7 === 0 ? [input('serial', Buffer.from('b'))] : []),
      ...(index % 11 === 0 ? [input('keyboard', Uint8Array.of(0x1e, 0x9e))] : []),
      ...(index % 13 === 0 ? [input('mouse', Uint8Array.of(5, 0, 251, 255, 1, 1))] : []),
    ],
  }));
  const log = logOf(runner.machine, heads, (head) => runner.replay(head));
  return { snapshot, snapshotEntries: entries, log };
}

/** What a recording of the test guest says of its machine. */
export function guestDescription(): RecordingDescription {
  const { bios, vgabios, testImage } = guestFiles();
  const part = (path: string): RecordingDescription['files']['bios'] => {
    const bytes = readFileSync(path);
    return { path, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  };
  const files = { bios: part(bios), vgaBios: part(vgabios), fda: part(testImage) };
  const config = { memoryMB: 8, vgaMemoryMB: 2, seed: 0x5eed, startTimeMs: Date.UTC(2026, 10, 21, 12, 34, 56) };
  return { logVersion: LOG_VERSION, vm: 'guest', recordedAt: 0, ...config, nic: null, cmdline: '', files };
}

/** A recording's bytes. */
export function recordingOf(description: RecordingDescription, entries: readonly Entry[]): Uint8Array {
  const last = entries.findLast(({ kind }) => kind === 'head')?.epoch ?? 0;
  const end: Entry = { kind: 'control', epoch: last + 1, control: { type: 'end' } };
  return joined(encodeRecordingHeader(description), encode([...entries, end]));
}
