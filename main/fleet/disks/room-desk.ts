/**
 * What a VM knows of the room for what its guest writes: without any the guest stands still.
 *
 * Invariant: a lack of room is told once, and so is its end; how much there is, is what was measured last.
 */
import path from 'node:path';
import type { NoRoomView, VmView } from '../../../preload/contract/contract.ts';
import type { EventKind } from '../../../preload/contract/event-kinds.ts';
import { noRoomWords, type NoRoom } from '../../datastore/room.ts';

type Tell = (kind: EventKind, severity: 'info' | 'warning', message: string, data: { [key: string]: unknown }) => void;

export class RoomDesk {
  readonly #tell: Tell;
  #noRoom: NoRoomView | null = null;

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  /** Null while there is room. */
  get missing(): NoRoomView | null {
    return this.#noRoom;
  }

  get shown(): Pick<VmView, 'noRoom'> {
    return this.#noRoom ? { noRoom: this.#noRoom } : {};
  }

  /** In words; null while there is room. */
  get words(): string | null {
    const missing = this.#noRoom;
    return missing && `There is ${noRoomWords(missing)}; the VM is paused and goes on when there is room.`;
  }

  /** The primary says so. */
  heard(noRoom: NoRoom | null): void {
    const before = this.#noRoom;
    const folder = noRoom && path.dirname(noRoom.file);
    this.#noRoom = noRoom && folder !== null ? { ...noRoom, folder, since: before?.since ?? Date.now() } : null;
    if (this.words !== null && !before) this.#tell('disk.full', 'warning', this.words, { ...noRoom, folder });
    if (before && !noRoom) {
      const words = `There is room in "${before.folder}" again: the VM goes on, and nothing was lost.`;
      this.#tell('disk.room', 'info', words, { file: before.file, folder: before.folder });
    }
  }

  /** Its primary is gone; the next one finds out by itself. */
  reset(): void {
    this.#noRoom = null;
  }
}
