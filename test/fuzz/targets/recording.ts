/** Recordings: the file of a real guest as it is read, and a small one as it is replayed. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DecodeError } from '../../../main/ft/bytes.ts';
import type { Head } from '../../../main/ft/entry.ts';
import { decodeRecordingHeader, EntryReader, RecordingError } from '../../../main/replica/recording.ts';
import { replay } from '../../../main/replica/replay.ts';
import { ToyMachine } from '../../support/toy-machine.ts';
import { guestDescription, guestRun, logOf, recordingOf, snapshotEntries } from '../honest.ts';
import { mendRecording } from '../mend.ts';
import { refusable, refusableLater, type Target } from '../target.ts';

const TOY = { memoryBytes: 3000, pages: 64 };

export const recording: Target = {
  name: 'recording',
  about: 'the file of a recording, of the real test guest: header and entries, in blocks',
  async samples() {
    const run = await guestRun();
    const description = guestDescription();
    return [
      recordingOf(description, run.log.slice(0, 40)),
      recordingOf(description, [...run.snapshotEntries, ...run.log]),
    ];
  },
  mend: mendRecording,
  open: async () => ({
    run: (bytes) =>
      refusable(
        () => {
          const header = decodeRecordingHeader(bytes);
          if (!header) throw new RecordingError('it is cut off');
          const reader = new EntryReader(header.length);
          for (let at = header.length; at < bytes.length; at += 65_536) {
            reader.push(bytes.subarray(at, at + 65_536));
            for (let entry = reader.next(); entry; entry = reader.next());
          }
          if (reader.unread > 0) throw new RecordingError('it is cut off');
        },
        RecordingError,
        DecodeError,
      ),
  }),
};

async function toyRecording(): Promise<Uint8Array> {
  const machine = new ToyMachine(TOY);
  const step = (head: Head): void => void machine.execute(head);
  const heads = Array.from({ length: 60 }, (_, index): Head => {
    const key = { device: 'keyboard', sequence: (index + 1) / 10, data: Uint8Array.of(30) } as const;
    return { advanceUs: index, rate: 3072, slices: 1, inputs: index % 10 === 9 ? [key] : [] };
  });
  const entries = await snapshotEntries(machine.capture(), machine.epoch);
  return recordingOf(guestDescription(), [...entries, ...logOf(machine, heads, step)]);
}

export const replaying: Target = {
  name: 'replay',
  about: 'a whole recording from its file, replayed (with a toy machine)',
  samples: async () => [await toyRecording()],
  mend: mendRecording,
  async open() {
    const file = path.join(mkdtempSync(path.join(os.tmpdir(), 'replay-')), 'x.rec');
    return {
      run(bytes) {
        writeFileSync(file, bytes);
        const order = { file, to: null, verify: true };
        return refusableLater(
          () =>
            replay(
              order,
              () => {},
              async () => new ToyMachine(TOY),
            ),
          RecordingError,
        );
      },
    };
  },
};
