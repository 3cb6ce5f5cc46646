// Layers of a disk under a writer: snapshots are taken, taken back to and deleted at random, layers merged while the
// disk is in use and while it is not, and merging is broken off at random. Everything reads as it should, all the time.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { checkDisk } from '../../main/datastore/disk/check.ts';
import { chainFiles, openDisk, openOverlay } from '../../main/datastore/disk/open.ts';
import type { Overlay } from '../../main/datastore/disk/overlay.ts';
import { beginTop, freeze } from '../../main/datastore/disk/top.ts';
import { mergeLastLayer } from '../../main/fleet/states/last-layer.ts';
import { SnapshotFiles } from '../../main/fleet/states/snapshot-files.ts';
import { Random } from '../simulation/random.ts';
import { temporaryFolder } from '../support/folder.ts';

const SECTOR = 512;
const SIZE = 40 * 16_384 + SECTOR;
const ACTIONS = Number(process.env['LOCKSTEP_ACTIONS'] ?? 60);

class BrokenOff extends Error {}

class World {
  readonly folder = temporaryFolder();
  readonly own = path.join(this.folder, 'disk.img');
  readonly names = { own: this.own, top: path.join(this.folder, 'states', 'top-A.lsd') };
  readonly files = new SnapshotFiles(path.join(this.folder, 'states'));
  readonly random: Random;
  readonly snapshots = new Map<string, Buffer>();
  readonly gone = new Set<string>();
  /** What the disk holds now. */
  now = Buffer.alloc(SIZE);
  /** The disk in use; null while the VM is off. */
  user: Overlay | null = null;
  #layers = 0;

  constructor(seed: number) {
    this.random = new Random(seed);
    writeFileSync(this.own, this.now);
  }

  async act(): Promise<void> {
    const some = [...this.snapshots.keys()][this.random.below(Math.max(1, this.snapshots.size))];
    const what = this.random.below(10);
    if (what < 4 || some === undefined) return this.take();
    if (what < 5) return this.revert(some);
    this.snapshots.delete(some);
    this.gone.add(some);
    return this.merge();
  }

  async write(): Promise<void> {
    for (let count = 0; this.user && count < 6; count += 1) {
      const at = this.random.below(SIZE / SECTOR - 1) * SECTOR;
      const length = Math.min(SIZE - at, SECTOR * (1 + this.random.below(80)));
      // Zeros are kept as such, and hide what is below.
      const bytes = Buffer.alloc(length, this.random.below(4) === 0 ? 0 : this.random.below(256));
      await this.user.write(at, bytes);
      bytes.copy(this.now, at);
    }
    await this.user?.flush();
  }

  async take(): Promise<void> {
    this.#layers += 1;
    const { frozen, next } = await freeze(this.names, this.files.layer(`layer-${this.#layers}`));
    if (this.user) {
      await this.user.close();
      this.user = next;
    } else {
      await next.close();
    }
    // One that is not reported leaves a layer that nobody names.
    if (this.random.below(5) > 0 && !this.snapshots.has(frozen)) this.snapshots.set(frozen, Buffer.from(this.now));
  }

  async revert(snapshot: string): Promise<void> {
    await this.powerOff();
    await beginTop(this.names.top, snapshot);
    this.now = Buffer.from(this.snapshots.get(snapshot) as Buffer);
  }

  async powerOff(): Promise<void> {
    await this.user?.close();
    this.user = null;
  }

  async powerOn(): Promise<void> {
    if (existsSync(this.names.top)) this.user ??= await openOverlay(this.names.top, false);
  }

  /** As the desk does it; broken off at a random moment, or not. */
  async merge(whole = false): Promise<void> {
    let calls = whole ? Number.POSITIVE_INFINITY : this.random.below(6);
    const goOn = (): void => {
      calls -= 1;
      if (calls < 0) throw new BrokenOff();
    };
    const live = this.user ? this.gone : null;
    try {
      for (;;) {
        const needed = { states: new Set<string>(), layers: new Set(this.snapshots.keys()) };
        const next = await this.files.nextMerge(needed, live);
        if (!next) break;
        await this.files.merge(next, goOn);
        this.gone.add(next.layer);
      }
      const copy = { own: `${this.own}.copy`, top: path.join(this.folder, 'states', 'top-B.lsd') };
      if (!this.user && this.snapshots.size === 0) await mergeLastLayer(this.names, copy, goOn);
    } catch (error) {
      if (!(error instanceof BrokenOff)) throw error;
    }
  }

  async check(): Promise<void> {
    const top = existsSync(this.names.top) ? this.names.top : this.own;
    if (this.user) expect(Buffer.from(await this.user.read(0, SIZE)).equals(this.now)).toBe(true);
    for (const [file, content] of [...this.snapshots, [top, this.now] as const]) {
      const disk = await openDisk(file, true);
      expect(Buffer.from(await disk.read(0, SIZE)).equals(content)).toBe(true);
      await disk.close();
    }
  }
}

test('layers that are merged while a disk is in use change nothing that anybody reads', async () => {
  const seed = Number(process.env['LOCKSTEP_SEED'] ?? Date.now() % 2 ** 31);
  const world = new World(seed);
  try {
    for (let count = 0; count < ACTIONS; count += 1) {
      if (world.random.below(3) === 0) await world.powerOff();
      else await world.powerOn();
      await world.write();
      if (chainFiles(world.user?.path ?? world.own).length < 20) await world.act();
      await world.merge();
      await world.check();
    }
    // Whatever is left merges to the snapshots, the top, and the layers that more than one stands on.
    for (const file of world.snapshots.keys()) world.gone.add(file);
    world.snapshots.clear();
    await world.merge(true);
    await world.check();
    await world.powerOff();
    await world.merge(true);
    await world.check();
    expect(readdirSync(world.files.folder)).toEqual([]);
    expect(readFileSync(world.own).equals(world.now)).toBe(true);
    expect((await checkDisk(world.own, false)).problems).toEqual([]);
  } catch (error) {
    throw new Error(`LOCKSTEP_SEED=${seed}: ${(error as Error).message}`, { cause: error });
  }
}, 120_000);
