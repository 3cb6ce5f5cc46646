// Making a backup's own disk equal to the primary's while the guest writes: real files, messages in memory.

import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { prepareCopy } from '../../main/datastore/disk/create.ts';
import { DiskImage } from '../../main/datastore/image.ts';
import { DecodeError } from '../../main/ft/bytes.ts';
import { compress } from '../../main/datastore/compression.ts';
import { DiskSync, FINAL_BLOCKS_MAX, LITTLE_BLOCKS } from '../../main/replica/disk-sync.ts';
import { DiskSyncTarget } from '../../main/replica/disk-sync-target.ts';
import {
  BLOCKS_MAX,
  decodeSync,
  encodeSync,
  HASHES_MAX,
  SYNC_BLOCK_BYTES,
  type SyncMessage,
} from '../../main/replica/sync-messages.ts';
import { temporaryFolder } from '../support/folder.ts';
import { holds } from '../support/random.ts';

const BLOCKS = 600;
/** The last block is a short one. */
const SIZE = BLOCKS * SYNC_BLOCK_BYTES - 512;

/** A disk of which every third block holds something, and the rest nothing. */
function contents(): Buffer {
  const bytes = Buffer.alloc(SIZE);
  for (let block = 0; block < BLOCKS; block += 3) {
    bytes.fill(1 + (block % 250), block * SYNC_BLOCK_BYTES + 100, (block + 1) * SYNC_BLOCK_BYTES);
  }
  return bytes;
}

interface World {
  readonly folder: string;
  readonly source: DiskImage;
  readonly target: DiskImage;
  /** A new attempt. */
  attempt(): Attempt;
  sourceBytes(): Buffer;
  targetBytes(): Buffer;
}

interface Attempt {
  readonly sync: DiskSync;
  readonly backup: DiskSyncTarget;
  readonly sent: SyncMessage[];
  readonly failures: string[];
  readonly progress: number[];
  /** The channel is gone from here on. */
  cut(): void;
}

async function world(before?: Buffer): Promise<World> {
  const folder = temporaryFolder();
  const [from, to] = [path.join(folder, 'a.img'), path.join(folder, 'disks', 'b.img')];
  writeFileSync(from, contents());
  await prepareCopy(to, SIZE, true);
  if (before) writeFileSync(to, before);
  const [source, target] = [await DiskImage.open(from, false), await DiskImage.open(to, false)];
  onTestFinished(async () => {
    await source.close();
    await target.close();
  });
  const attempt = (): Attempt => {
    const [sent, failures, progress]: [SyncMessage[], string[], number[]] = [[], [], []];
    let isCut = false;
    const backup: DiskSyncTarget = new DiskSyncTarget(
      target,
      (data) => void queueMicrotask(() => !isCut && sync.receive(data)),
      (error) => failures.push(error.message),
    );
    const sync: DiskSync = new DiskSync(source, {
      send: (data) => {
        sent.push(decodeSync(data));
        queueMicrotask(() => !isCut && backup.receive(data));
        return Promise.resolve();
      },
      progress: (fraction) => progress.push(fraction),
    });
    return { sync, backup, sent, failures, progress, cut: () => void (isCut = true) };
  };
  const [sourceBytes, targetBytes] = [from, to].map((file) => () => readFileSync(file)) as [() => Buffer, () => Buffer];
  return { folder, source, target, attempt, sourceBytes, targetBytes };
}

/** How many blocks were sent, with their bytes or as zeros. */
function blocksSent(sent: readonly SyncMessage[]): { bytes: number; zeros: number } {
  const count = (type: 'blocks' | 'zeros'): number =>
    sent.reduce((sum, message) => (message.type === type ? sum + message.count : sum), 0);
  return { bytes: count('blocks'), zeros: count('zeros') };
}

async function whole({ sync, backup }: Attempt): Promise<void> {
  await sync.compare();
  await sync.catchUp();
  await sync.finish().sent;
  await backup.finished;
}

describe('a disk that is made equal', () => {
  test('for the first time gets what is not zero, and stays full of holes', async () => {
    const made = await world();
    const attempt = made.attempt();
    await whole(attempt);
    expect(made.targetBytes().equals(made.sourceBytes())).toBe(true);
    expect(blocksSent(attempt.sent)).toEqual({ bytes: BLOCKS / 3, zeros: 0 });
    expect(statSync(made.target.path).blocks * 512).toBeLessThan(SIZE / 2);
    expect(attempt.progress).toEqual(attempt.progress.toSorted((a, b) => a - b));
    expect(attempt.progress.at(-1)).toBe(1);
  });

  test('and differs in a few blocks gets those, and zeros where it has something in place of nothing', async () => {
    const before = contents();
    before[5 * SYNC_BLOCK_BYTES] = 1;
    before[(BLOCKS - 1) * SYNC_BLOCK_BYTES + 7] = 1;
    before.fill(9, 300 * SYNC_BLOCK_BYTES, 302 * SYNC_BLOCK_BYTES);
    const made = await world(before);
    const attempt = made.attempt();
    await whole(attempt);
    expect(made.targetBytes().equals(made.sourceBytes())).toBe(true);
    // Block 300 and 301 differ and go together; 5 and the last hold nothing on the primary.
    expect(blocksSent(attempt.sent)).toEqual({ bytes: 2, zeros: 2 });
  });

  test('after an attempt that was interrupted gets the rest: what is equal is skipped', async () => {
    const made = await world();
    const first = made.attempt();
    const running = first.sync.compare();
    while (blocksSent(first.sent).bytes < BLOCKS / 6) await new Promise((resolve) => setImmediate(resolve));
    first.cut();
    first.sync.stop('the secondary died');
    await expect(running).rejects.toThrow('the secondary died');
    await new Promise((resolve) => setTimeout(resolve, 100));

    const second = made.attempt();
    await whole(second);
    expect(made.targetBytes().equals(made.sourceBytes())).toBe(true);
    expect(blocksSent(second.sent).bytes).toBeLessThan(BLOCKS / 3 - 50);
  });

  test('while the guest writes is what the primary has at the capture, and later writes wait for that', async () => {
    const made = await world();
    const { sync, backup } = made.attempt();
    let running = true;
    const guest = (async () => {
      for (let round = 0; running; round++) {
        const offset = ((round * 7919) % (BLOCKS - 2)) * SYNC_BLOCK_BYTES + 300;
        const data = new Uint8Array(SYNC_BLOCK_BYTES).fill(1 + (round % 255));
        await made.source.write(offset, data);
        sync.written(offset, data.length);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    await sync.compare();
    running = false;
    await guest;
    await sync.catchUp();
    const atCapture = made.sourceBytes();
    const { read, sent } = sync.finish();
    await read;
    await made.source.write(0, new Uint8Array(4 * SYNC_BLOCK_BYTES).fill(77));
    await sent;
    await backup.finished;
    expect(made.targetBytes().equals(atCapture)).toBe(true);
  });

  test('is not captured while much is left, and told apart from little', async () => {
    const made = await world();
    const { sync } = made.attempt();
    sync.written(0, LITTLE_BLOCKS * SYNC_BLOCK_BYTES);
    expect(sync.littleLeft).toBe(true);
    const large = { byteLength: 2 * FINAL_BLOCKS_MAX * SYNC_BLOCK_BYTES } as DiskImage;
    const other = new DiskSync(large, { send: () => Promise.resolve(), progress: () => {} });
    other.written(0, large.byteLength);
    expect(other.littleLeft).toBe(false);
  });

  test('that cannot be read ends the attempt, and no write waits for ever', async () => {
    const made = await world();
    const { sync } = made.attempt();
    await sync.compare();
    sync.written(0, 1);
    await made.source.close();
    const { read, sent } = sync.finish();
    await read;
    await expect(sent).rejects.toThrow();
  });
});

describe('a message', () => {
  const first = fc.maxSafeNat();
  const count = fc.integer({ min: 1, max: BLOCKS_MAX });
  const hash = fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 }));
  const message: fc.Arbitrary<SyncMessage> = fc.oneof(
    fc.record({ type: fc.constant('begin'), bytes: first }),
    fc.record({ type: fc.constant('ask'), first, count: fc.integer({ min: 1, max: HASHES_MAX }) }),
    fc.record({ type: fc.constant('hashes'), first, hashes: fc.array(hash, { minLength: 1, maxLength: 40 }) }),
    fc.record({ type: fc.constant('blocks'), first, count, data: fc.uint8Array({ maxLength: 60 }) }),
    fc.record({ type: fc.constant('zeros'), first, count }),
    fc.record({ type: fc.constantFrom('wrote', 'end') }),
  );

  test('is read back as it was written', () => {
    holds(
      fc.property(message, (said) => {
        expect(decodeSync(encodeSync(said))).toEqual(said);
      }),
    );
  });

  test('of random bytes is read or refused, and does nothing worse', () => {
    holds(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        try {
          decodeSync(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      1000,
    );
  });

  const absurd: readonly (readonly [string, () => Promise<SyncMessage>, string])[] = [
    ['blocks outside the disk', async () => blocks(BLOCKS - 1, 2, 2), 'are outside the disk'],
    ['blocks far outside the disk', async () => blocks(2 ** 50, 1, 1), 'are outside the disk'],
    ['zeros outside the disk', async () => ({ type: 'zeros', first: BLOCKS, count: 1 }), 'are outside the disk'],
    ['hashes of blocks outside the disk', async () => ({ type: 'ask', first: BLOCKS, count: 1 }), 'outside the disk'],
    ['blocks that are fewer bytes than they say', async () => blocks(0, 2, 1), 'have 131072 bytes, not 65536'],
    ['blocks that are more bytes than they say', async () => blocks(0, 1, 2), ''],
    ['a disk of another size', async () => ({ type: 'begin', bytes: SIZE + 1 }), "the primary's disk has"],
    ['what only a backup says', async () => ({ type: 'wrote' }), 'a primary does not send "wrote"'],
  ];
  const blocks = async (at: number, n: number, really: number): Promise<SyncMessage> => {
    const data = await compress(new Uint8Array(really * SYNC_BLOCK_BYTES).fill(1));
    return { type: 'blocks', first: at, count: n, data };
  };

  test.each(absurd)('of %s ends the attempt, and nothing is written', async (_what, make, why) => {
    const made = await world();
    const before = made.targetBytes();
    const failed = new Promise<Error>((resolve) => {
      const backup = new DiskSyncTarget(made.target, () => {}, resolve);
      void make().then((said) => {
        backup.receive(encodeSync({ type: 'begin', bytes: SIZE }));
        backup.receive(encodeSync(said));
      });
    });
    expect((await failed).message).toContain(why);
    expect(made.targetBytes().equals(before)).toBe(true);
  });

  test.each([
    ['more blocks at once than there may be', { type: 'zeros', first: 0, count: BLOCKS_MAX + 1 }],
    ['more hashes at once than there may be', { type: 'ask', first: 0, count: HASHES_MAX + 1 }],
    ['no block', { type: 'zeros', first: 0, count: 0 }],
  ] as const)('of %s is absurd', (_what, said) => {
    expect(() => decodeSync(encodeSync(said))).toThrow('are absurd');
  });

  test('that a backup does not say now is refused', async () => {
    const { sync } = (await world()).attempt();
    const say = (said: SyncMessage) => () => sync.receive(encodeSync(said));
    expect(say({ type: 'wrote' })).toThrow('more blocks are said to be written than were sent');
    expect(say({ type: 'hashes', first: 0, hashes: [null] })).toThrow('does not send "hashes" now');
    expect(say({ type: 'end' })).toThrow('does not send "end" now');
    expect(() => sync.receive(Uint8Array.of(99))).toThrow(DecodeError);
  });

  test('before the first one is refused', async () => {
    const made = await world();
    const failed = new Promise<Error>((resolve) => {
      new DiskSyncTarget(made.target, () => {}, resolve).receive(encodeSync({ type: 'end' }));
    });
    expect((await failed).message).toContain('"end" came before "begin"');
  });
});

describe('the file of a copy', () => {
  test('is made with its size and full of holes, with the folder it is in', async () => {
    const file = path.join(temporaryFolder(), 'new', 'copy.img');
    await prepareCopy(file, 1 << 30, true);
    expect(statSync(file)).toMatchObject({ size: 1 << 30, blocks: 0 });
  });

  test('of another size is made to fit where it is ours, and left alone where it is the user’s', async () => {
    const file = path.join(temporaryFolder(), 'copy.img');
    writeFileSync(file, Buffer.alloc(1000, 1));
    await expect(prepareCopy(file, 2048, false)).rejects.toThrow(/has 1000 bytes, .* has 2048: it is another disk/);
    expect(statSync(file).size).toBe(1000);
    await prepareCopy(file, 512, true);
    expect(readFileSync(file)).toEqual(Buffer.alloc(512, 1));
  });
});
