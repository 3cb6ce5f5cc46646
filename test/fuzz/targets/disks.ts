/** Disks: what the two sides say while disks are made equal, and the files that a user names. */
import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { HostFile } from '../../../main/datastore/disk/device.ts';
import { CHUNK_BYTES, ExportError } from '../../../main/datastore/export/layout.ts';
import { ExportReader } from '../../../main/datastore/export/reader.ts';
import { ExportWriter } from '../../../main/datastore/export/writer.ts';
import { DiskImage } from '../../../main/datastore/image.ts';
import { checkMedium, MediumError, type MediumKind } from '../../../main/datastore/media.ts';
import { DecodeError } from '../../../main/ft/bytes.ts';
import { createMachine } from '../../../main/machine/emulated.ts';
import { MachineError } from '../../../main/machine/errors.ts';
import { compress } from '../../../main/datastore/compression.ts';
import { DiskSync } from '../../../main/replica/disk-sync.ts';
import { DiskSyncTarget } from '../../../main/replica/disk-sync-target.ts';
import { decodeSync, encodeSync, SYNC_BLOCK_BYTES, type SyncMessage } from '../../../main/replica/sync-messages.ts';
import { testGuest } from '../../machine/guest.ts';
import { makeFile, makeKernel } from '../../support/guests.ts';
import { joined } from '../random.ts';
import { mendExport } from '../mend.ts';
import { refusable, refusableLater, type Target } from '../target.ts';
import { readFileSync } from 'node:fs';

const folder = (): string => mkdtempSync(path.join(os.tmpdir(), 'disks-'));
const DISK_BYTES = 5 * SYNC_BLOCK_BYTES + 512;

/** A message after its length in one byte or two: several make an input. */
function sized(...messages: readonly SyncMessage[]): Uint8Array {
  return joined(
    ...messages.map((message) => {
      const bytes = encodeSync(message);
      return joined(Uint8Array.of(bytes.length & 0xff, bytes.length >> 8), bytes);
    }),
  );
}

function* unsized(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const end = at + 2 + (bytes[at] ?? 0) + ((bytes[at + 1] ?? 0) << 8);
    yield bytes.subarray(at + 2, end);
    at = end;
  }
}

export const sync: Target = {
  name: 'sync',
  about: 'what primary and backup say while their disks are made equal, to a real image',
  async samples() {
    const begin: SyncMessage = { type: 'begin', bytes: DISK_BYTES };
    const data = await compress(new Uint8Array(2 * SYNC_BLOCK_BYTES).fill(3));
    return [
      sized(begin, { type: 'ask', first: 0, count: 6 }, { type: 'zeros', first: 4, count: 2 }, { type: 'end' }),
      sized(begin, { type: 'blocks', first: 1, count: 2, data }, { type: 'end' }),
      sized({ type: 'hashes', first: 0, hashes: [null, new Uint8Array(32), null] }, { type: 'wrote' }),
    ];
  },
  allocation: { fixed: 32 << 20, factor: 64 },
  async open() {
    const image = await DiskImage.open(makeFile(path.join(folder(), 'disk'), DISK_BYTES), false);
    return {
      async run(bytes) {
        let failed = false;
        let answers = 0;
        const target = new DiskSyncTarget(
          image,
          () => (answers += 1),
          () => (failed = true),
        );
        const primary = new DiskSync(image, { send: async () => {}, progress: () => {} });
        let told = true;
        for (const message of unsized(bytes)) {
          refusable(() => decodeSync(message), DecodeError);
          told &&= refusable(() => primary.receive(message), DecodeError);
          target.receive(message);
        }
        // All that waits has had its turn when a message that ends it is through.
        let over = false;
        void target.finished.then(() => (over = true));
        target.receive(encodeSync({ type: 'end' }));
        while (!over && !failed) await new Promise(setImmediate);
        return over && !failed;
      },
      async close() {
        await image.close();
        return '';
      },
    };
  },
};

export const exported: Target = {
  name: 'export',
  about: 'a file with an exported VM, read to its end, with checksums made right again',
  async samples() {
    const at = folder();
    const file = await HostFile.open(path.join(at, 'sample'), 'wx+');
    const writer = new ExportWriter(file);
    const parts = [
      { role: 'hda', format: 'lsd', bytes: 1 << 20 },
      { role: 'fda', format: 'raw', bytes: 1000 },
    ] as const;
    await writer.begin({ parts, vm: { name: 'web' } });
    // What does not compress: changes of it are accepted.
    const plain = Array.from({ length: 100 }, (_, index) => createHash('sha256').update(String(index)).digest());
    await writer.data(0, 512, joined(...plain));
    await writer.data(0, 9000, Uint8Array.of(1, 2, 3));
    await writer.data(1, 0, new Uint8Array(1000).fill(9));
    await writer.end();
    await file.close();
    return [readFileSync(path.join(at, 'sample'))];
  },
  mend: mendExport,
  allocation: { fixed: 32 << 20, factor: 64 },
  async open() {
    const file = path.join(folder(), 'exported');
    return {
      async run(bytes) {
        writeFileSync(file, bytes);
        return refusableLater(async () => {
          const reader = await ExportReader.open(file);
          try {
            for await (const chunk of reader.chunks())
              if (chunk.bytes.length > CHUNK_BYTES) throw new Error('too long');
          } finally {
            await reader.close();
          }
        }, ExportError);
      },
    };
  },
};

const KINDS: readonly MediumKind[] = ['bios', 'vgaBios', 'bzimage', 'initrd', 'hda', 'cdrom', 'fda'];
const MEDIUM_BYTES = 160 << 10;

export const media: Target = {
  name: 'media',
  about: 'the files that a VM is made of, as they are looked at: kinds of all sizes',
  async samples() {
    const kernel = readFileSync(makeKernel(path.join(folder(), 'kernel')));
    const magic = ['QFI\xfb', 'KDMV', '<<< Oracle VM', 'conectix', 'vhdxfile', ''];
    const others = magic.map((text) => joined(Buffer.from(text, 'latin1'), new Uint8Array(MEDIUM_BYTES)));
    return [kernel, ...others, new Uint8Array(700)];
  },
  async open() {
    const file = path.join(folder(), 'medium');
    let turn = 0;
    return {
      run(bytes) {
        writeFileSync(file, bytes);
        const kind = KINDS[(turn += 1) % KINDS.length] ?? 'hda';
        return refusable(() => checkMedium(kind, file), MediumError);
      },
    };
  },
};

/** The kernel's header, in the first KiB, decides where v86 puts what: no other part is looked at. */
const KERNEL_START_BYTES = 1024;

export const kernel: Target = {
  name: 'kernel',
  about: 'a machine that is built from a kernel image that was accepted, and executes a little of it',
  samples: async () => [readFileSync(makeKernel(path.join(folder(), 'kernel'))).subarray(0, KERNEL_START_BYTES)],
  allocation: { fixed: 256 << 20, factor: 64 },
  async open() {
    const file = path.join(folder(), 'kernel');
    return {
      async run(bytes) {
        const image = joined(bytes, new Uint8Array(64 << 10));
        writeFileSync(file, image);
        if (!refusable(() => checkMedium('bzimage', file), MediumError)) return false;
        const linux = { bzimage: image, cmdline: 'quiet' };
        try {
          const machine = await createMachine(testGuest({ linux }));
          machine.execute({ advanceUs: 0, rate: 3072, slices: 2, inputs: [] });
        } catch (error) {
          if (!(error instanceof MachineError)) throw error;
          return false;
        }
        return true;
      },
    };
  },
};
