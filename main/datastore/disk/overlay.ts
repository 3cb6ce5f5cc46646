/**
 * A thin copy-on-write disk in a file of our own format (docs/formats/disk.md): clusters that were written are in it,
 * the others are its parent's, or zeros.
 *
 * Invariants:
 * - A cluster is never overwritten in place: it goes to a free place, then the map log says so. A place becomes free
 *   again only when a block that says "all before me is on the disk" is on the disk itself. So at every moment the
 *   file holds all that the last flush confirmed, and each later write whole clusters at a time.
 * - What is read has the checksum that was written, or is an error.
 * - When a write resolves, another process that opens the file sees it; when a flush does, it outlives a power cut.
 * - After a sync has failed nothing is written any more: what is on the disk then nobody knows.
 * Operations are carried out one after the other.
 */
import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { assert } from '../../ft/assert.ts';
import { checkRange, DiskError, type BlockDevice, type DiskFile } from './device.ts';
import { ABSENT, BLOCK_BYTES, encodeHeader, ENTRIES_PER_BLOCK, ZERO, type Entry, type Header } from './layout.ts';
import { damaged, emptyMap, logEnd, readHeader, type ClusterMap, type Loaded } from './load.ts';
import { MapLog, writeLog } from './map-log.ts';
import type { Units } from './units.ts';

/** What a test makes small. */
export const LIMITS = {
  /** So much may wait for a flush before there is one by itself: an opening after a crash reads it again. In bytes. */
  unconfirmedBytes: 64 << 20,
  /** Room in a new log for what comes after the map, in blocks. */
  spareBlocks: 128,
};
/** A write is carried out in pieces of this many clusters. */
const PIECE_CLUSTERS = 1024;
/** A large map has a long log, so that it is seldom written anew; up to this, in blocks. */
const SPARE_BLOCKS_MAX = 4096;

export type Place = 'absent' | 'zero' | 'data';

/** What can be changed of a header. */
export type HeaderChange = Partial<Pick<Header, 'virtualBytes' | 'content' | 'committing' | 'parent'>>;

export class Overlay implements BlockDevice {
  readonly readOnly: boolean;
  readonly #file: DiskFile;
  readonly #parent: BlockDevice | null;
  readonly #units: Units;
  readonly #limits: typeof LIMITS;
  #header: Header;
  #map: ClusterMap;
  /** The slot of the header that holds. */
  #slot: number;
  /** Null until something is written: then the map is written anew first. */
  #log: MapLog | null = null;
  #dirty = false;
  #unconfirmedBytes = 0;
  /** Places that nothing refers to any more: since the last sync, and before it. */
  #leaving: number[] = [];
  #left: number[] = [];
  #broken: Error | null = null;
  #same = false;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(file: DiskFile, loaded: Loaded, parent: BlockDevice | null, readOnly: boolean, limits = LIMITS) {
    this.#limits = limits;
    const { header, slot, map, units, unsettled } = loaded;
    this.#file = file;
    this.#header = header;
    this.#slot = slot;
    this.#map = map;
    this.#units = units;
    this.#leaving = [...unsettled];
    this.#parent = parent;
    this.readOnly = readOnly;
  }

  get path(): string {
    return this.#file.path;
  }

  get byteLength(): number {
    return this.#header.virtualBytes;
  }

  get header(): Header {
    return this.#header;
  }

  /** The disk below it; null for one that stands alone. */
  get parent(): BlockDevice | null {
    return this.#parent;
  }

  get clusters(): number {
    return this.#map.locations.length;
  }

  /** Clusters of the file that are in use (the beginning and the map log too), and those that are not. */
  get units(): { readonly used: number; readonly free: number } {
    return { used: this.#units.end - this.#units.free, free: this.#units.free };
  }

  /** Where a cluster's bytes come from. */
  placeOf(cluster: number): Place {
    const location = this.#map.locations[cluster] ?? ABSENT;
    if (location === ABSENT) return 'absent';
    return location === ZERO ? 'zero' : 'data';
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    checkRange(this, offset, length);
    const bytes = new Uint8Array(length);
    await this.readInto(bytes, offset);
    return bytes;
  }

  readInto(target: Uint8Array, offset: number): Promise<void> {
    return this.#alone(async () => {
      checkRange(this, offset, target.length);
      await this.#read(target, offset);
    });
  }

  write(offset: number, data: Uint8Array): Promise<void> {
    return this.#alone(async () => {
      checkRange(this, offset, data.length);
      this.#writable();
      if (data.length === 0) return;
      this.#log ??= await this.#checkpoint(this.#same ? {} : { content: randomBytes(16).toString('hex') });
      const { clusterBytes } = this.#header;
      for (let done = 0; done < data.length; ) {
        const first = Math.floor((offset + done) / clusterBytes);
        const part = data.subarray(done, Math.min(data.length, (first + PIECE_CLUSTERS) * clusterBytes - offset));
        const last = Math.floor((offset + done + part.length - 1) / clusterBytes);
        if (this.#log.room <= last - first) await this.#checkpoint({});
        await this.#write(offset + done, part);
        done += part.length;
      }
      if (this.#unconfirmedBytes >= this.#limits.unconfirmedBytes) await this.#flush();
    });
  }

  flush(): Promise<void> {
    return this.#alone(async () => {
      if (this.readOnly) return;
      this.#writable();
      await this.#flush();
    });
  }

  /** What is written from now on is what can be read there already: disks that stand on this one go on to do so. */
  keepContent(): void {
    this.#same = true;
  }

  /** Writes a header that says so, at once and for good: before it resolves the old one holds, then the new one. */
  change(change: HeaderChange): Promise<void> {
    return this.#alone(async () => {
      this.#writable();
      await this.#checkpoint(change);
    });
  }

  /** Forgets all that it holds and says this of itself, in one step: everything is its parent's then. */
  empty(change: HeaderChange): Promise<void> {
    return this.#alone(async () => {
      this.#writable();
      const before = this.#map;
      this.#map = emptyMap(this.#header);
      try {
        await this.#checkpoint(change);
      } catch (error) {
        this.#map = before;
        throw error;
      }
      for (const location of before.locations) {
        if (location !== ABSENT && location !== ZERO) this.#units.release(location);
      }
    });
  }

  close(): Promise<void> {
    return this.#alone(async () => {
      await this.#file.close();
      await this.#parent?.close();
    });
  }

  /* -------------------------------------------------------------- reading ----------------------------------- */

  async #read(target: Uint8Array, offset: number): Promise<void> {
    const { clusterBytes } = this.#header;
    for (let done = 0; done < target.length; ) {
      const cluster = Math.floor((offset + done) / clusterBytes);
      const within = (offset + done) % clusterBytes;
      const place = this.placeOf(cluster);
      if (place === 'data') {
        done += await this.#readData(target.subarray(done), cluster, within);
        continue;
      }
      let next = cluster + 1;
      while (next * clusterBytes < offset + target.length && this.placeOf(next) === place) next += 1;
      const part = target.subarray(done, Math.min(target.length, next * clusterBytes - offset));
      if (place === 'zero') part.fill(0);
      else await this.#readParent(part, offset + done);
      done += part.length;
    }
  }

  /** Reads what begins in this cluster and lies in one piece in the file. @returns how much that was. */
  async #readData(target: Uint8Array, cluster: number, within: number): Promise<number> {
    const { clusterBytes } = this.#header;
    const { locations } = this.#map;
    const location = locations[cluster] ?? ABSENT;
    if (within > 0 || target.length < clusterBytes) {
      const whole = new Uint8Array(clusterBytes);
      await this.#readClusters(whole, cluster);
      const part = whole.subarray(within, Math.min(clusterBytes, within + target.length));
      target.set(part);
      return part.length;
    }
    let count = 1;
    while ((count + 1) * clusterBytes <= target.length && locations[cluster + count] === location + count) count += 1;
    await this.#readClusters(target.subarray(0, count * clusterBytes), cluster);
    return count * clusterBytes;
  }

  async #readClusters(target: Uint8Array, first: number): Promise<void> {
    const { clusterBytes } = this.#header;
    const { locations, checksums } = this.#map;
    const length = await this.#file.read(target, (locations[first] ?? ABSENT) * clusterBytes);
    for (let at = 0; at < target.length; at += clusterBytes) {
      const cluster = first + at / clusterBytes;
      const whole = at + clusterBytes <= length;
      if (whole && crc32(target.subarray(at, at + clusterBytes)) === checksums[cluster]) continue;
      throw new DiskError(
        `"${this.path}" is damaged at ${cluster * clusterBytes}: what is there has another checksum. ` +
          '"lockstep disk check" lists the damage.',
      );
    }
  }

  async #readParent(target: Uint8Array, offset: number): Promise<void> {
    const inside = Math.max(0, Math.min(target.length, (this.#parent?.byteLength ?? 0) - offset));
    if (inside > 0) await this.#parent?.readInto(target.subarray(0, inside), offset);
    target.fill(0, inside);
  }

  /* -------------------------------------------------------------- writing ----------------------------------- */

  async #write(offset: number, data: Uint8Array): Promise<void> {
    const { clusterBytes } = this.#header;
    const entries: Entry[] = [];
    /** What lies in one piece, in the data and in the file. */
    let run: { unit: number; count: number; bytes: Uint8Array; at: number } | null = null;
    const put = async (): Promise<void> => {
      if (!run) return;
      const { unit, count: clusters, bytes, at } = run;
      run = null;
      await this.#file.write(bytes.subarray(at, at + clusters * clusterBytes), unit * clusterBytes);
    };
    try {
      const last = Math.floor((offset + data.length - 1) / clusterBytes);
      for (let cluster = Math.floor(offset / clusterBytes); cluster <= last; cluster += 1) {
        const at = cluster * clusterBytes - offset;
        const whole = at >= 0 && at + clusterBytes <= data.length;
        const bytes = whole ? data : await this.#patched(cluster, data, at);
        const from = whole ? at : 0;
        const content = bytes.subarray(from, from + clusterBytes);
        if (isZero(content)) {
          const location = this.#parent || this.#same ? ZERO : ABSENT;
          if (this.#map.locations[cluster] !== location) entries.push({ cluster, location, checksum: 0 });
          continue;
        }
        const location = this.#units.allocate();
        entries.push({ cluster, location, checksum: crc32(content) });
        const joins = run && run.unit + run.count === location && run.bytes === bytes;
        if (run && joins && run.at + run.count * clusterBytes === from) run.count += 1;
        else {
          await put();
          run = { unit: location, count: 1, bytes, at: from };
        }
      }
      await put();
    } catch (error) {
      for (const { location } of entries) if (location !== ZERO && location !== ABSENT) this.#units.release(location);
      throw error;
    }
    await this.#record(entries);
  }

  /** The cluster as it will be, where only a part of it is written; it begins at `at` of the data. */
  async #patched(cluster: number, data: Uint8Array, at: number): Promise<Uint8Array> {
    const { clusterBytes, virtualBytes } = this.#header;
    const bytes = new Uint8Array(clusterBytes);
    const inside = Math.min(clusterBytes, virtualBytes - cluster * clusterBytes);
    await this.#read(bytes.subarray(0, inside), cluster * clusterBytes);
    bytes.set(data.subarray(Math.max(0, at), Math.min(data.length, at + clusterBytes)), Math.max(0, -at));
    return bytes;
  }

  /** The clusters are where the entries say: lets them count. */
  async #record(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    const { locations, checksums } = this.#map;
    assert(this.#log !== null, 'the map was written anew before the first write');
    this.#dirty = true;
    await this.#orBreak(this.#log.append(entries));
    for (const { cluster, location, checksum } of entries) {
      const before = locations[cluster] ?? ABSENT;
      if (before !== ABSENT && before !== ZERO) this.#leaving.push(before);
      locations[cluster] = location;
      checksums[cluster] = checksum;
    }
    this.#unconfirmedBytes += entries.length * this.#header.clusterBytes;
  }

  async #flush(): Promise<void> {
    if (this.#log && !this.#dirty) return;
    await this.#orBreak(this.#file.sync());
    // Nothing was written here; what a former user of the file has written lasts now.
    if (!this.#log) return;
    this.#dirty = false;
    this.#unconfirmedBytes = 0;
    // The block that confirmed these was closed before this sync.
    for (const unit of this.#left.splice(0)) this.#units.release(unit);
    this.#left = this.#leaving;
    this.#leaving = [];
    if (!(await this.#orBreak(this.#log.barrier()))) {
      // The log is full: a new one comes with the next write, and with it all that has left is free.
      this.#leaving = this.#left;
      this.#left = [];
    }
  }

  /* -------------------------------------------------------------- the map, anew ----------------------------- */

  /**
   * Writes the whole map into a new log, then the header that leads to it. Before the first header slot is on the
   * disk, the old header holds and what it leads to is untouched; after it the new one does.
   */
  async #checkpoint(change: HeaderChange): Promise<MapLog> {
    await this.#stillMine();
    await this.#orBreak(this.#file.sync());
    const old = this.#header;
    const map = resized(this.#map, { ...old, ...change });
    const base = Math.max(1, Math.ceil(count(map) / ENTRIES_PER_BLOCK));
    const blocks = base + Math.min(SPARE_BLOCKS_MAX, Math.max(this.#limits.spareBlocks, base));
    const length = Math.ceil((blocks * BLOCK_BYTES) / old.clusterBytes);
    const log = { unit: this.#units.allocateRun(length), blocks, base, nonce: randomBytes(8).toString('hex') };
    const header: Header = { ...old, ...change, generation: old.generation + 1, log };
    const release = (of: Header): void => {
      for (let unit = of.log.unit; unit < logEnd(of); unit += 1) this.#units.release(unit);
    };
    try {
      await writeLog(this.#file, header, entriesOf(map));
      await this.#orBreak(this.#file.sync());
    } catch (error) {
      release(header);
      throw error;
    }
    await this.#orBreak(this.#writeHeader(header));
    this.#header = header;
    this.#map = map;
    this.#log = new MapLog(this.#file, header);
    this.#dirty = false;
    this.#unconfirmedBytes = 0;
    release(old);
    for (const unit of [...this.#left.splice(0), ...this.#leaving.splice(0)]) this.#units.release(unit);
    return this.#log;
  }

  /** Both slots, one after the other: a damage to one is no damage then. */
  async #writeHeader(header: Header): Promise<void> {
    const bytes = encodeHeader(header);
    for (const slot of [1 - this.#slot, this.#slot]) {
      await this.#file.write(bytes, slot * BLOCK_BYTES);
      await this.#file.sync();
    }
    this.#slot = 1 - this.#slot;
  }

  /** Two that write to one file would destroy it: whoever finds another's header stops. */
  async #stillMine(): Promise<void> {
    const { header } = await readHeader(this.#file);
    if (header.generation === this.#header.generation && header.uuid === this.#header.uuid) return;
    this.#broken = damaged(this.#file, 'another program has written to it meanwhile');
    throw this.#broken;
  }

  /* -------------------------------------------------------------- one after the other ----------------------- */

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => {});
    return result;
  }

  #writable(): void {
    if (this.readOnly) throw new DiskError(`"${this.path}" is read-only`);
    if (this.#broken) {
      throw new DiskError(`"${this.path}" is written to no more since an error: ${this.#broken.message}`);
    }
  }

  async #orBreak<T>(work: Promise<T> | undefined): Promise<T | undefined> {
    try {
      return await work;
    } catch (error) {
      this.#broken = error as Error;
      throw error;
    }
  }
}

const ZEROS = Buffer.alloc(65_536);

export function isZero(bytes: Uint8Array): boolean {
  // Most data show in their first bytes that they are not zeros.
  if (bytes[0] !== 0) return false;
  return ZEROS.compare(bytes, 0, bytes.length, 0, bytes.length) === 0;
}

function count({ locations }: ClusterMap): number {
  let found = 0;
  for (let at = 0; at < locations.length; at += 1) if (locations[at] !== ABSENT) found += 1;
  return found;
}

function* entriesOf({ locations, checksums }: ClusterMap): Generator<Entry> {
  for (let cluster = 0; cluster < locations.length; cluster += 1) {
    const location = locations[cluster] ?? ABSENT;
    if (location !== ABSENT) yield { cluster, location, checksum: checksums[cluster] ?? 0 };
  }
}

/** The same map for a disk that may be larger. */
function resized(map: ClusterMap, header: Header): ClusterMap {
  const larger = emptyMap(header);
  if (larger.locations.length === map.locations.length) return map;
  larger.locations.set(map.locations);
  larger.checksums.set(map.checksums);
  return larger;
}
