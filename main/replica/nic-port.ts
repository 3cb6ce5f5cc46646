/**
 * A replica's end of the cable between its guest's network card and the gateway.
 *
 * Invariants: a frame that leaves is confirmed by the gateway, or the cable is out and it counts as lost on the wire
 * (a network may lose frames, and the guest's own protocols repeat them); frames for the guest that nobody takes are
 * held back in the gateway, not here.
 */
import type { Position } from '../ft/output.ts';
import { decodeNicInput } from '../machine/devices/nic.ts';
import { decodeToReplica, encodeToGateway } from '../transport/frames.ts';
import type { Transport } from '../transport/transport.ts';

/** Frames that the gateway does not take are lost past this, in bytes. */
const UNSENT_MAX = 4 << 20;
/** While this much waits for the guest, no more is read from the cable, in bytes. */
const WAITING_MAX = 512 << 10;

export interface NicSide {
  /** A frame for the guest. Answers how many bytes now wait for it. */
  receive(frame: Uint8Array): number;
  /** The gateway has the frame at this position and all before it. */
  arrived(position: Position): void;
  /** The cable is out: what was on its way is lost. */
  lost(): void;
}

export class NicPort {
  #cable: Transport | null = null;
  #side: NicSide | null = null;
  #generation: number | null = null;
  #paused = false;

  /** The cable, or a new one after the gateway was started anew. */
  attach(cable: Transport): void {
    const former = this.#cable;
    this.#cable = cable;
    former?.close();
    this.#paused = false;
    cable.onMessage((message) => this.#receive(message));
    cable.onClose(() => {
      if (this.#cable !== cable) return;
      this.#cable = null;
      this.#side?.lost();
    });
    if (former) this.#side?.lost();
    this.#tellLive();
  }

  /** A primary begins to use it. */
  use(side: NicSide): void {
    this.#side = side;
  }

  /** Frames for the guest come here from now on. */
  live(generation: number): void {
    this.#generation = generation;
    this.#tellLive();
  }

  /** Answers false where the frame is lost. */
  send(position: Position, frame: Uint8Array): boolean {
    const cable = this.#cable;
    if (!cable || cable.unsentBytes() > UNSENT_MAX) return false;
    cable.send(encodeToGateway({ kind: 'frame', epoch: position.epoch, index: position.index, data: frame }));
    return true;
  }

  /** The guest has taken what waited, but for so many bytes. */
  taken(waitingBytes: number): void {
    if (!this.#paused || waitingBytes > WAITING_MAX / 2) return;
    this.#paused = false;
    this.#cable?.pause(false);
  }

  close(): void {
    this.#side = null;
    this.#cable?.close();
  }

  #tellLive(): void {
    if (this.#generation === null) return;
    this.#cable?.send(encodeToGateway({ kind: 'live', generation: this.#generation }));
  }

  #receive(message: Uint8Array): void {
    const said = decodeToReplica(message);
    if (said === null) {
      this.#cable?.close();
      return;
    }
    if (said.kind === 'confirm') {
      this.#side?.arrived(said);
      return;
    }
    if (!this.#side || !isFrame(said.data)) return;
    // The bytes are a view of what was read from the socket.
    const waiting = this.#side.receive(said.data.slice());
    if (this.#paused || waiting <= WAITING_MAX) return;
    this.#paused = true;
    this.#cable?.pause(true);
  }
}

function isFrame(data: Uint8Array): boolean {
  try {
    decodeNicInput(data);
    return true;
  } catch {
    return false;
  }
}
