// Recordings: the file's layout, what is left of a damaged one, the recorder, and replay, with toy machines.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { beginGeneration, LeaseArbiter } from '../../main/datastore/leases.ts';
import { DEFAULT_SETTINGS } from '../../main/ft/constants.ts';
import { DecodeError } from '../../main/ft/bytes.ts';
import { LOG_VERSION } from '../../main/ft/constants.ts';
import { encodeEntry, type Entry } from '../../main/ft/log.ts';
import { Primary } from '../../main/ft/primary.ts';
import type { FromReplica, RecordingEvent, ReplicaSpec } from '../../main/replica/messages.ts';
import { NicPort } from '../../main/replica/nic-port.ts';
import { PrimaryRunner } from '../../main/replica/primary-runner.ts';
import { Recorder, RECORDING_QUEUE_BYTES_MAX, type Sink } from '../../main/replica/recorder.ts';
import {
  decodeRecordingHeader,
  encodeRecordingHeader,
  EntryReader,
  RecordingError,
  type RecordingDescription,
} from '../../main/replica/recording.ts';
import { replay } from '../../main/replica/replay.ts';
import type { ReplayOutcome } from '../../main/replica/replay-messages.ts';
import { anyEntry } from '../ft/entries.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryFolder } from '../support/folder.ts';
import { makeFile } from '../support/guests.ts';
import { captured, ToyMachine } from '../support/toy-machine.ts';

const part = { path: '/bios', bytes: 3, sha256: 'a'.repeat(64) };
const description: RecordingDescription = {
  logVersion: LOG_VERSION,
  vm: 'web',
  recordedAt: 1,
  memoryMB: 32,
  vgaMemoryMB: 8,
  seed: 1,
  startTimeMs: 0,
  nic: { type: 'virtio', mac: '02:4c:53:00:00:01', mtu: 1500 },
  cmdline: '',
  files: { bios: part, vgaBios: part, hda: { path: '/hda', bytes: 512 } },
};

/* ------------------------------------------------------------------ the layout ------------------------------------ */

describe('the header', () => {
  const bytes = encodeRecordingHeader(description);

  test('is read as it was written, and says where it ends', () => {
    const text = fc.string({ maxLength: 200 });
    fc.assert(
      fc.property(text, text, fc.uint8Array({ maxLength: 50 }), (vm, cmdline, after) => {
        const header = encodeRecordingHeader({ ...description, vm, cmdline });
        const read = decodeRecordingHeader(Buffer.concat([header, after]));
        expect(read).toEqual({ description: { ...description, vm, cmdline }, length: header.length });
      }),
    );
  });

  test('that is cut off anywhere needs more bytes', () => {
    for (let length = 0; length < bytes.length; length++)
      expect(decodeRecordingHeader(bytes.subarray(0, length))).toBeNull();
  });

  test('with any byte changed is refused, or needs more bytes', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = bytes.slice();
        damaged[at] = (damaged[at] ?? 0) ^ change;
        let read;
        try {
          read = decodeRecordingHeader(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(RecordingError);
          return;
        }
        expect(read).toBeNull();
      }),
    );
  });

  test.each([
    ['another file', Buffer.from('\x7fELF and so on, and so on'), 'it is not a recording of Lockstep'],
    ['a newer layout', withVersion(2), 'it was made by a newer Lockstep: its layout has version 2, this one reads 1'],
    [
      'a newer log',
      encodeRecordingHeader({ ...description, logVersion: LOG_VERSION + 1 }),
      `it was made by a newer Lockstep: its log has version ${LOG_VERSION + 1}`,
    ],
    ['an older log', encodeRecordingHeader({ ...description, logVersion: 1 }), 'it was made by an older Lockstep'],
    ['no sense', encodeRecordingHeader({ ...description, memoryMB: -1 }), 'its header is damaged (memoryMB'],
  ])('of %s is refused in words', (_what, header, words) => {
    expect(() => decodeRecordingHeader(header)).toThrow(words);
  });

  function withVersion(version: number): Uint8Array {
    const header = encodeRecordingHeader(description);
    new DataView(header.buffer).setUint32(12, version, true);
    return header;
  }
});

describe('the entries of a file', () => {
  const files = fc.array(anyEntry, { minLength: 1, maxLength: 8 });
  const encode = (entries: readonly Entry[]): Uint8Array =>
    Buffer.concat(entries.map((entry) => encodeEntry(entry, crc32)));

  /** Reads in blocks of this size. */
  function readAll(bytes: Uint8Array, blockBytes: number): { entries: Entry[]; error: string | null; unread: number } {
    const reader = new EntryReader(0);
    const entries: Entry[] = [];
    try {
      for (let at = 0; at < bytes.length; at += blockBytes) {
        reader.push(bytes.subarray(at, at + blockBytes));
        for (let entry = reader.next(); entry; entry = reader.next()) entries.push(entry);
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return { entries, error: error.message, unread: reader.unread };
    }
    return { entries, error: null, unread: reader.unread };
  }

  test('come out as they went in, however the file is cut into blocks', () => {
    fc.assert(
      fc.property(files, fc.integer({ min: 1, max: 300 }), (entries, blockBytes) => {
        expect(readAll(encode(entries), blockBytes)).toEqual({ entries, error: null, unread: 0 });
      }),
    );
  });

  test('are read up to the cut when the file is cut off', () => {
    fc.assert(
      fc.property(files, fc.nat(), (entries, cut) => {
        const bytes = encode(entries);
        const length = cut % bytes.length;
        const read = readAll(bytes.subarray(0, length), 64);
        expect(read.error).toBeNull();
        expect(read.entries).toEqual(entries.slice(0, read.entries.length));
        expect(encode(read.entries).length + read.unread).toBe(length);
      }),
    );
  });

  test('are read up to the damage when a byte is changed, and the place is named', () => {
    fc.assert(
      fc.property(files, fc.nat(), fc.integer({ min: 1, max: 255 }), (entries, place, change) => {
        const bytes = Uint8Array.from(encode(entries));
        const at = place % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ change;
        const read = readAll(bytes, 64);
        expect(read.entries).toEqual(entries.slice(0, read.entries.length));
        const good = encode(read.entries).length;
        expect(good).toBeLessThanOrEqual(at);
        // A length that became longer waits for bytes that do not come: to be read as cut off.
        if (read.error === null) expect(read.unread).toBe(bytes.length - good);
        else expect(read.error).toContain(`the entry at offset ${good} is damaged`);
      }),
    );
  });
});

/* ------------------------------------------------------------------ the recorder ---------------------------------- */

class MemorySink implements Sink {
  readonly parts: Uint8Array[] = [];
  closed = false;
  append: (bytes: Uint8Array) => Promise<void> = async (bytes) => void this.parts.push(bytes);

  async close(): Promise<void> {
    this.closed = true;
  }
}

const capture = captured({ description: new Uint8Array(10), pages: new Uint8Array(100) });
const entry = encodeEntry({ kind: 'head', epoch: 5, head: { advanceUs: 1, rate: 1, slices: 1, inputs: [] } }, crc32);

describe('a recorder', () => {
  test('writes the snapshot before all entries, also those that came while it was compressed', async () => {
    const sink = new MemorySink();
    const recorder = new Recorder(sink, description, () => {});
    recorder.begin({ epoch: 5, lastInput: 0 }, capture);
    for (let count = 0; count < 3; count++) recorder.append(entry);
    await recorder.finish();
    const file = Buffer.concat(sink.parts);
    expect(recorder.bytes).toBe(file.length);
    const reader = new EntryReader(0);
    reader.push(file.subarray(encodeRecordingHeader(description).length));
    const kinds = [];
    for (let next = reader.next(); next; next = reader.next()) kinds.push(next.kind);
    expect(kinds).toEqual(['snapshot', 'chunk', 'chunk', 'head', 'head', 'head']);
    expect(sink.closed).toBe(true);
  });

  test('says so once when the disk is full, and takes no more', async () => {
    const sink = new MemorySink();
    const failures: string[] = [];
    const recorder = new Recorder(sink, description, (why) => failures.push(why));
    recorder.begin({ epoch: 5, lastInput: 0 }, capture);
    await eventually(() => expect(sink.parts).toHaveLength(4));
    sink.append = () => Promise.reject(new Error('ENOSPC: no space left on device'));
    for (let count = 0; count < 3; count++) recorder.append(entry);
    await recorder.finish();
    expect(failures).toEqual(['ENOSPC: no space left on device']);
    expect(sink.closed).toBe(true);
  });

  test('gives up when the disk is too slow, instead of keeping more and more', async () => {
    const sink = new MemorySink();
    const failures: string[] = [];
    const recorder = new Recorder(sink, description, (why) => failures.push(why));
    sink.append = () => new Promise(() => {});
    recorder.begin({ epoch: 5, lastInput: 0 }, capture);
    const large = new Uint8Array(RECORDING_QUEUE_BYTES_MAX / 4);
    for (let count = 0; count < 6; count++) recorder.append(large);
    expect(failures).toEqual([expect.stringContaining('the disk is too slow')]);
    expect(sink.closed).toBe(true);
  });
});

/* ------------------------------------------------------------------ recording and replaying -------------------- */

interface Recorded {
  readonly file: string;
  readonly machine: ToyMachine;
  readonly events: RecordingEvent[];
  readonly runner: PrimaryRunner;
}

/** A toy machine with a disk, recorded for about a hundred epochs. */
async function recorded(): Promise<Recorded> {
  const datastore = temporaryFolder();
  const small = (name: string): string => makeFile(path.join(datastore, name), 512);
  const spec: ReplicaSpec = {
    vm: 'vm',
    name: 'web',
    holder: '',
    datastore,
    memoryMB: 32,
    vgaMemoryMB: 8,
    seed: 1,
    startTimeMs: 0,
    nic: { type: 'virtio', mac: '02:4c:53:00:00:01', mtu: 1500 },
    files: { bios: small('bios'), vgaBios: small('vgabios'), hda: makeFile(path.join(datastore, 'hda'), 1 << 20) },
    cmdline: '',
    settings: { ...DEFAULT_SETTINGS, failureTimeoutMs: 5000 },
  };
  const generation = beginGeneration(datastore, 'vm', 'host');
  const machine = newMachine();
  const events: RecordingEvent[] = [];
  const send = (message: FromReplica): void => {
    if (message.type === 'recording') events.push(message.event);
  };
  const arbiter = new LeaseArbiter(datastore, 'vm', 'primary');
  const runner = await PrimaryRunner.start(
    { spec, machine, arbiter, nic: new NicPort(), send, fenced: Promise.resolve(), halted: () => {} },
    (env, outside) => {
      return new Primary(env, outside, { generation, lastInput: 0 });
    },
  );
  onTestFinished(() => runner.powerOff());
  await eventually(() => expect(machine.epoch).toBeGreaterThan(20));
  const file = path.join(datastore, 'web.rec');
  await runner.record(file);
  await eventually(() => expect(events).toHaveLength(1));
  const from = machine.epoch;
  runner.input(1, { device: 'serial', data: Uint8Array.of(1) });
  await eventually(() => expect(machine.epoch).toBeGreaterThan(from + 100));
  return { file, machine, events, runner };
}

function newMachine(): ToyMachine {
  return new ToyMachine({ idleMs: 2, disk: true, memoryBytes: 50_000, pages: 600 });
}

function play(file: string, to: number | null = null, machine = newMachine()): Promise<ReplayOutcome> {
  return replay(
    { file, to, verify: true },
    () => {},
    async () => machine,
  );
}

describe('a recorded machine', () => {
  test('is replayed to the same state, with all its hashes equal', async () => {
    const { file, machine, events, runner } = await recorded();
    await runner.stopRecording();
    expect(events.map(({ state }) => state)).toEqual(['started', 'stopped']);
    const again = newMachine();
    const outcome = await play(file, null, again);
    expect(outcome).toMatchObject({ vm: 'web', mismatch: null, problem: null });
    expect(outcome.hashes).toBeGreaterThan(1);
    const { epochs, bytes } = events[1] as Extract<RecordingEvent, { state: 'stopped' }>;
    expect([outcome.epochs, readFileSync(file).length]).toEqual([epochs, bytes]);
    expect(machine.epoch).toBeGreaterThanOrEqual(again.epoch);
    expect(again.lastInput).toBe(1);
  });

  test('is replayed to the state of its last epoch when it was powered off', async () => {
    const { file, machine, events, runner } = await recorded();
    runner.powerOff();
    await eventually(() => expect(events.at(-1)).toMatchObject({ state: 'stopped' }));
    const again = newMachine();
    expect(await play(file, null, again)).toMatchObject({ mismatch: null, problem: null });
    expect([again.epoch, again.hash('full')]).toEqual([machine.epoch, machine.hash('full')]);
  });

  test('is replayed to any epoch', async () => {
    const { file, events, runner } = await recorded();
    await runner.stopRecording();
    const { epoch } = events[0] as Extract<RecordingEvent, { state: 'started' }>;
    expect(await play(file, epoch + 50)).toMatchObject({ firstEpoch: epoch, epochs: 50, problem: null });
    expect(await play(file, 1e9)).toMatchObject({ problem: expect.stringMatching(/ends at epoch \d+, before epoch/) });
    await expect(play(file, epoch - 1)).rejects.toThrow(`it begins at epoch ${epoch}, after epoch ${epoch - 1}`);
  });

  test('whose replay differs is found out', async () => {
    const { file, runner } = await recorded();
    await runner.stopRecording();
    const other = newMachine();
    const restore = other.restore.bind(other);
    other.restore = (state) => {
      restore(state);
      other.diverge();
    };
    const { mismatch } = await play(file, null, other);
    expect(mismatch?.message).toMatch(/^the (CPU state|state of the devices) at epoch \d+ differs/);
  });

  test('is replayed to its last good entry when the file is cut off or damaged', async () => {
    const { file, events, runner } = await recorded();
    await runner.stopRecording();
    const { epoch } = events[0] as Extract<RecordingEvent, { state: 'started' }>;
    const whole = readFileSync(file);
    const good = await play(file);
    writeFileSync(file, whole.subarray(0, whole.length - 400));
    const cut = await play(file);
    expect(cut.epochs).toBeGreaterThan(50);
    expect(cut.epochs).toBeLessThan(good.epochs);
    expect(cut.problem).toMatch(/^The recording is not whole: it is cut off.* offset \d+.*replayed to epoch \d+\.$/);
    const damaged = Buffer.from(whole);
    damaged[whole.length - 400] = (damaged[whole.length - 400] ?? 0) ^ 0x10;
    writeFileSync(file, damaged);
    expect((await play(file)).problem).toMatch(/offset \d+/);
    writeFileSync(file, whole.subarray(0, 1000));
    await expect(play(file)).rejects.toThrow(/cannot be replayed: it is cut off.*snapshot/);
    expect(good.firstEpoch).toBe(epoch);
  });

  test('is not recorded over a file that exists, nor twice at once', async () => {
    const { file, events, runner } = await recorded();
    await runner.record(`${file}2`);
    expect(events.at(-1)).toMatchObject({ state: 'failed', why: 'a recording is under way' });
    await runner.stopRecording();
    await runner.record(file);
    expect(events.at(-1)).toMatchObject({ state: 'failed', why: 'the file exists' });
  });
});
