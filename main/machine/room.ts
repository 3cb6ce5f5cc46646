/**
 * Memory for a copy of a machine, made ready while the guest runs: the system has handed out its pages before the guest
 * stands still for the copy.
 *
 * Invariant: a room that turns out too small costs time, nothing else.
 */
import { Buffer } from 'node:buffer';
import type { Pieces } from './pieces.ts';

/** What the machine fills between now and the copy, and its devices. */
const SLACK_SHARE = 1 / 16;
const SLACK_BYTES = 8 << 20;
const PIECE_BYTES = 1 << 20;
/** The system hands out memory in pages of this size. */
const HOST_PAGE_BYTES = 4096;

export class Room {
  #bytes: Buffer;

  private constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** For about so many bytes. Each `yield` ends a piece of less than a millisecond. */
  static *make(bytes: number): Pieces<Room> {
    const room = Buffer.allocUnsafeSlow(Math.ceil(bytes * (1 + SLACK_SHARE)) + SLACK_BYTES);
    for (let at = 0; at < room.length; at += HOST_PAGE_BYTES) {
      if (at % PIECE_BYTES === 0) yield;
      room[at] = 0;
    }
    return new Room(room);
  }

  /** Each call has bytes of its own; their contents are undefined. */
  take(length: number): Buffer {
    if (length > this.#bytes.length) return Buffer.allocUnsafeSlow(length);
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return taken;
  }
}

/** Why no room could be made, in words. */
export function noMemory(error: Error): string {
  return `there is no memory for a copy of the machine (${error.message})`;
}

/** Nothing is ready. */
export const NO_ROOM: Pick<Room, 'take'> = { take: (length) => Buffer.allocUnsafeSlow(length) };
