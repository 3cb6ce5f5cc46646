/** The log: a channel's messages, and what a backup and a primary do with them. */
import assert from 'node:assert/strict';
import { crc32 } from 'node:zlib';
import { DecodeError } from '../../../main/ft/bytes.ts';
import { Backup } from '../../../main/ft/backup.ts';
import { DEFAULT_SETTINGS, LOG_VERSION } from '../../../main/ft/constants.ts';
import type { Environment, FtSettings } from '../../../main/ft/environment.ts';
import type { Head } from '../../../main/ft/entry.ts';
import { decodeMessage, type Entry } from '../../../main/ft/log.ts';
import { Primary } from '../../../main/ft/primary.ts';
import { completionOf } from '../../../main/machine/devices/disk.ts';
import { MachineError } from '../../../main/machine/errors.ts';
import type { DiskRequest } from '../../../main/machine/machine.ts';
import { SnapshotReceiver } from '../../../main/replica/snapshot-transfer.ts';
import { ToyMachine } from '../../support/toy-machine.ts';
import { encode, guestRun, logOf, snapshotEntries } from '../honest.ts';
import { mendLog } from '../mend.ts';
import { changed, joined } from '../random.ts';
import { refusable, refusableLater, type Target } from '../target.ts';

/** One of each kind, which a run may not have. */
const OTHERS: readonly Entry[] = [
  { kind: 'hello', epoch: 0, version: LOG_VERSION, role: 'primary' },
  { kind: 'control', epoch: 9, control: { type: 'protect', generation: 3 } },
  { kind: 'control', epoch: 9, control: { type: 'pause' } },
  { kind: 'control', epoch: 9, control: { type: 'powerOff' } },
  { kind: 'heartbeat', epoch: 9, received: 8, mayGoLive: true },
  { kind: 'released', epoch: 8, index: 2 },
  { kind: 'sync', epoch: 0, data: Uint8Array.of(5) },
  { kind: 'chunk', epoch: 3, size: 3, data: Uint8Array.of(1, 2, 3) },
  {
    kind: 'head',
    epoch: 10,
    head: {
      advanceUs: 1,
      rate: 1,
      slices: 1,
      inputs: [{ device: 'diskRead', id: 1, length: 512, checksum: 77 }],
    },
  },
];

export const log: Target = {
  name: 'log',
  about: 'messages of the logging channel: decoded, and decoded again from what they are encoded to',
  async samples() {
    const { log: entries } = await guestRun();
    return [encode(OTHERS), encode(entries.slice(0, 20)), ...entries.slice(0, 60).map((entry) => encode([entry]))];
  },
  mend: mendLog,
  open: async () => ({
    run: (bytes) =>
      refusable(() => {
        const entries = decodeMessage(bytes, crc32);
        if (bytes.length < 500) assert.deepEqual(decodeMessage(encode(entries), crc32), entries);
      }, DecodeError),
  }),
};

/** The primary's side of a toy pair's life, from the greeting to the end. */
async function toyLog(): Promise<Entry[]> {
  const machine = new ToyMachine(TOY);
  const step = (head: Head): void => void machine.execute(head);
  const head = (inputs: Head['inputs'] = []): Head => ({ advanceUs: 300, rate: 3072, slices: 1, inputs });
  for (let count = 0; count < 5; count += 1) step(head());
  const entries = await snapshotEntries(machine.capture(), machine.epoch);
  const heads = Array.from({ length: 30 }, (_, index) =>
    head(index % 6 === 5 ? [{ device: 'serial', sequence: (index + 1) / 6, data: Uint8Array.of(index) }] : []),
  );
  const after = logOf(machine, heads, step);
  const control = (type: 'pause' | 'unpause'): Entry => ({ kind: 'control', epoch: machine.epoch, control: { type } });
  return [
    { kind: 'hello', epoch: 0, version: LOG_VERSION, role: 'primary' },
    ...entries,
    ...after.slice(0, 10),
    { kind: 'control', epoch: 15, control: { type: 'protect', generation: 1 } },
    ...after.slice(10),
    { kind: 'heartbeat', epoch: machine.epoch, received: 0, mayGoLive: false },
    { kind: 'released', epoch: 12, index: 1 },
    control('pause'),
    { kind: 'head', epoch: machine.epoch, head: { advanceUs: 0, rate: 1, slices: 0, inputs: [] } },
    control('unpause'),
  ];
}

/** What it cannot take ends it as it ends a real one: with a `MachineError`. */
class MortalToy extends ToyMachine {
  override execute(head: Head): ReturnType<ToyMachine['execute']> {
    try {
      return super.execute(head);
    } catch (error) {
      throw new MachineError('the toy machine failed', { cause: error });
    }
  }
}

const TOY = { memoryBytes: 3000, pages: 64 };

/** Splits the log as it would come: an entry a message, the snapshot's entries before the restore. */
function messages(bytes: Uint8Array): Uint8Array[] {
  const all: Uint8Array[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length; ) {
    const length = at + 15 <= bytes.length ? 15 + view.getUint32(at + 1, true) : bytes.length;
    all.push(bytes.subarray(at, at + length));
    at += length;
  }
  return all;
}

function environment(machine: ToyMachine, settings: FtSettings): Environment<DiskRequest> {
  return {
    machine,
    channel: { send: () => {}, unsentBytes: () => 0 },
    checksum: crc32,
    completionOf,
    claim: () => {},
    report: () => {},
    settings,
  };
}

export const channel: Target = {
  name: 'channel',
  about: 'a backup that receives a log, restores its snapshot, executes it and takes over (with a toy machine)',
  samples: async () => [encode(await toyLog()), encode(OTHERS)],
  mend: mendLog,
  draw(samples, random) {
    const [whole = new Uint8Array(), others = new Uint8Array()] = samples;
    const more = messages(others);
    let entries = messages(whole);
    for (let times = 1 + random.below(3); times > 0; times -= 1) {
      const at = random.below(entries.length);
      const entry = entries[at]?.slice() ?? new Uint8Array();
      const act = random.below(8);
      if (act === 0) entries = entries.toSpliced(at, 1);
      else if (act === 1) entries = entries.toSpliced(at, 0, random.pick(entries));
      else if (act === 2) entries = entries.toSpliced(at, 0, random.pick(more));
      else if (act === 3) entries = entries.toSpliced(random.below(entries.length), 0, entry);
      else entries = entries.with(at, changed(entry, random, more));
    }
    const input = joined(...entries);
    return random.below(8) > 0 ? mendLog(input) : input;
  },
  open: async () => ({
    run: (bytes) => refusableLater(() => live(bytes), Ended, MachineError),
  }),
};

/** The backup ended as one does that was told something wrong. */
class Ended extends Error {}

/** A backup's life with this log, to the end of its primary. @throws {Ended} */
async function live(bytes: Uint8Array): Promise<void> {
  const machine = new MortalToy(TOY);
  let failed = false;
  let now = 0;
  const receiver: SnapshotReceiver = new SnapshotReceiver(
    (snapshot) => {
      // As the runner does: what cannot be restored ends the backup.
      try {
        machine.restore(snapshot);
      } catch {
        failed = true;
        return;
      }
      if (backup.state === 'restoring') backup.restored(now);
    },
    () => (failed = true),
  );
  const backup: Backup<DiskRequest> = new Backup(
    {
      ...environment(machine, DEFAULT_SETTINGS),
      snapshot: (part) => receiver.receive(part),
      pauseChannel: () => {},
      ownDisk: { carryOut: () => {}, abandon: () => {} },
    },
    0,
  );
  for (const message of messages(bytes)) {
    now += 1;
    backup.receive(message, now);
    await receiver.settled;
    while (backup.hasWork && !failed) backup.step(now);
    if (failed || backup.state === 'halted') throw new Ended();
  }
  backup.lostPrimary('it died', now);
  while (backup.hasWork) backup.step(now);
  backup.tick(now + 1000);
}

export const acknowledgements: Target = {
  name: 'acknowledge',
  about: 'a primary that hears of its backup',
  async samples() {
    const said = (received: number): Entry => ({
      kind: 'heartbeat',
      epoch: received,
      received,
      mayGoLive: received > 4,
    });
    const hello: Entry = { kind: 'hello', epoch: 0, version: LOG_VERSION, role: 'backup' };
    return [encode([hello, said(0), said(3), said(6), said(10)]), encode([hello, said(20)])];
  },
  mend: mendLog,
  open: async () => ({
    run(bytes) {
      const machine = new ToyMachine(TOY);
      const outside = { emit: () => {}, issue: () => {}, show: () => {}, committed: () => {} };
      const primary = new Primary<DiskRequest, null>(environment(machine, DEFAULT_SETTINGS), outside, {
        generation: 1,
        lastInput: 0,
      });
      primary.startBackup({ descriptionBytes: 1, pagesBytes: 1 }, 0);
      let now = 0;
      for (const message of messages(bytes)) {
        now += 5;
        if (primary.state !== 'halted') primary.step({ advanceUs: 1, rate: 1, slices: 1, inputs: [] }, now);
        primary.receive(message, now);
        primary.tick(now);
      }
      return primary.state === 'starting' || primary.state === 'protected';
    },
  }),
};
