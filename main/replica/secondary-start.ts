/**
 * The start of a secondary, from the moment that a backup stands by at the other end of the channel: its own disk is
 * made equal where it has one, room is made for the state, the machine's disks come to rest, the state is captured and
 * sent.
 *
 * Invariants: the guest runs on all the time, but for the capture itself; at the capture no disk request is
 * outstanding, and no later write is carried out before what is left of the disk has been read.
 */
import { crc32 } from 'node:zlib';
import { plain } from '../datastore/compression.ts';
import { DecodeError } from '../ft/bytes.ts';
import { decodeMessage, encodeEntry, isSync } from '../ft/log.ts';
import type { Primary } from '../ft/primary.ts';
import type { DiskRequest, Machine, UnhashedCapture } from '../machine/machine.ts';
import { inPieces } from '../machine/pieces.ts';
import { noMemory, type Room } from '../machine/room.ts';
import type { Transport } from '../transport/transport.ts';
import { sendSnapshot } from './snapshot-transfer.ts';
import { at } from './crash-points.ts';
import { DiskSync } from './disk-sync.ts';
import type { Disks } from './disks.ts';
import type { FromReplica } from './messages.ts';
import type { View } from './viewer.ts';

export interface StartSurroundings {
  readonly machine: Machine;
  readonly disks: Disks;
  readonly primary: () => Primary<DiskRequest, View>;
  readonly send: (message: FromReplica) => void;
  /** `waiting` changed: disks are to be quiesced, or no longer. */
  readonly quiesce: () => void;
  /** This peer is of no use any more. */
  readonly lost: (peer: Transport, why: string) => void;
}

export class SecondaryStart {
  readonly #around: StartSurroundings;
  #peer: Transport | null = null;
  #sync: DiskSync | null = null;
  #room: Room | undefined;
  #waiting = false;

  constructor(around: StartSurroundings) {
    this.#around = around;
  }

  /** From the moment that a backup stands by until it is Protected, or given up. */
  get active(): boolean {
    const { state } = this.#around.primary();
    return this.#peer !== null && (state === 'alone' || state === 'starting');
  }

  /** A capture is wanted as soon as no disk request is outstanding. */
  get waiting(): boolean {
    return this.#waiting;
  }

  /** A backup stands by at the other end; `ownDisk` where it has a hard disk of its own. */
  begin(peer: Transport, ownDisk: boolean): void {
    this.cancel();
    this.#peer = peer;
    const image = ownDisk ? this.#around.disks.image('hda') : undefined;
    if (!image) return this.#run(peer, null, () => Promise.resolve());
    const sync = new DiskSync(image, {
      send: (data) => {
        peer.send(encodeEntry({ kind: 'sync', epoch: 0, data }, crc32));
        return peer.drained();
      },
      progress: (fraction) => this.#around.send({ type: 'synchronised', fraction }),
    });
    this.#sync = sync;
    this.#around.disks.track((drive, offset, length) => {
      if (drive === 'hda') sync.written(offset, length);
    });
    this.#around.send({ type: 'synchronised', fraction: 0 });
    return this.#run(peer, sync, () => sync.compare().then(() => sync.catchUp()));
  }

  /** Takes a message of the backup where it is about its disk; false where it is the protocol's. */
  receive(message: Uint8Array): boolean {
    const [peer, sync] = [this.#peer, this.#sync];
    if (!peer || !sync || !isSync(message)) return false;
    try {
      for (const entry of decodeMessage(message, crc32)) if (entry.kind === 'sync') sync.receive(entry.data);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#failed(peer, error);
    }
    return true;
  }

  /** Captures and begins to send, where that is wanted and no disk request is outstanding; null where it is not. */
  captureIfQuiet(): number | null {
    const { machine, primary, send } = this.#around;
    const [peer, sync] = [this.#peer, this.#sync];
    if (!this.#waiting || !peer || primary().state !== 'alone') return null;
    if (machine.pendingRequests.length > 0) return null;
    this.#setWaiting(false);
    if (sync && !sync.littleLeft) {
      this.#run(peer, sync, () => sync.catchUp());
      return null;
    }
    const startedAt = performance.now();
    const capture = at('capture', () => (machine.asBuilt ? machine.copyAsBuilt() : machine.copy(this.#room)));
    this.#room = undefined;
    const now = performance.now();
    const { descriptionBytes, pagesBytes } = capture;
    primary().startBackup({ descriptionBytes, pagesBytes }, now);
    if (sync) this.#finish(peer, sync);
    send({ type: 'captured', stunMs: now - startedAt, epoch: machine.epoch, bytes: descriptionBytes + pagesBytes });
    this.#sendSnapshot(peer, capture);
    return 0;
  }

  /** What has not come to its capture is given up. */
  cancel(): void {
    this.#sync?.stop('the start of the secondary was given up');
    this.#endSync();
    this.#peer = null;
    this.#room = undefined;
    this.#setWaiting(false);
  }

  /** The last blocks are what they are at this moment: writes wait until they are read, the guest does not. */
  #finish(peer: Transport, sync: DiskSync): void {
    const { read, sent } = sync.finish();
    this.#around.disks.track(null);
    this.#around.disks.hold(read);
    sent.catch((error: Error) => this.#failed(peer, error));
  }

  #sendSnapshot(peer: Transport, capture: UnhashedCapture): void {
    const { primary, send } = this.#around;
    const sendChunk = async (chunk: { size: number; data: Uint8Array }): Promise<boolean> => {
      if (this.#peer !== peer || primary().state !== 'starting') return false;
      primary().sendChunk(chunk);
      await peer.drained();
      return true;
    };
    const progress = (fraction: number): void => send({ type: 'copied', fraction });
    inPieces(capture.seal())
      .then((snapshot) => sendSnapshot(snapshot, plain, sendChunk, progress))
      .catch((error: Error) => this.#around.lost(peer, `the snapshot could not be sent: ${error.message}`));
  }

  /** The capture comes next, when the work is done and there is room. */
  #run(peer: Transport, sync: DiskSync | null, work: () => Promise<void>): void {
    const current = (): boolean => this.#peer === peer && this.#sync === sync;
    const wait = (room: Room | undefined): void => {
      if (!current()) return;
      this.#room = room;
      this.#setWaiting(true);
    };
    work().then(
      () => this.#makeRoom().then(wait, (error: Error) => current() && this.#around.lost(peer, noMemory(error))),
      (error: Error) => this.#failed(peer, error),
    );
  }

  /** Where the disk had to be caught up once more there is one already. */
  #makeRoom(): Promise<Room | undefined> {
    const { machine } = this.#around;
    // One that has executed nothing is copied before its first epoch, and needs none.
    if (this.#room || machine.instructions === 0) return Promise.resolve(this.#room);
    return inPieces(machine.room());
  }

  #failed(peer: Transport, error: Error): void {
    if (peer !== this.#peer) return;
    const what = `secondary's disk could not be made equal: ${error.message}`;
    this.#around.send({ type: 'diskError', message: `The ${what}` });
    this.#around.lost(peer, `the ${what}`);
  }

  #setWaiting(waiting: boolean): void {
    this.#waiting = waiting;
    this.#around.quiesce();
  }

  #endSync(): void {
    if (!this.#sync) return;
    this.#sync = null;
    this.#around.disks.track(null);
  }
}
