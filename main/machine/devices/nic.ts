/**
 * The network card: Ethernet frames in and out, without preamble and checksum.
 *
 * Input and output layout: the frame itself.
 *
 * Invariant: the card has the configured address from the guest's first instruction; a frame for a card that is not
 * listening is dropped, as on a wire, and never touches guest memory. What a guest sends in one epoch is bounded: what
 * is beyond is dropped, on both sides alike.
 */
import { MachineError } from '../errors.ts';
import type { Bus, Nic as V86Nic } from '../v86-types.ts';
import { guardQueues } from './virtio-guard.ts';

/** An Ethernet header. */
export const FRAME_BYTES_MIN = 14;
/** 802.1Q header and the largest payload that offloading could make, with room. */
export const FRAME_BYTES_MAX = 65_550;
const MAC_BYTES = 6;
const VIRTIO_DRIVER_OK = 4;
/** virtio_net_hdr (virtio 1.2, section 5.1.6). */
const VIRTIO_HEADER_BYTES = 12;
/** What a guest can send in one epoch, in bytes: five times the longest ring full of ordinary frames. */
export const SENT_BYTES_MAX = 8 << 20;

/** @throws {RangeError} when the frame is shorter or longer than a frame can be. */
export function encodeNicInput(frame: Uint8Array): Uint8Array {
  return new Uint8Array(decodeNicInput(frame));
}

/** @throws {RangeError} when the frame is shorter or longer than a frame can be. */
export function decodeNicInput(data: Uint8Array): Uint8Array {
  if (data.length < FRAME_BYTES_MIN || data.length > FRAME_BYTES_MAX) {
    throw new RangeError(`a frame has ${FRAME_BYTES_MIN} to ${FRAME_BYTES_MAX} bytes, not ${data.length}`);
  }
  return data;
}

/**
 * Reads an address like `02:00:5e:10:00:01`.
 * @throws {MachineError} when it is none, or a group address, which no card can have.
 */
export function parseMac(text: string): Uint8Array {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) throw new MachineError(`'${text}' is not a MAC address`);
  const bytes = Uint8Array.from(text.split(':'), (part) => Number.parseInt(part, 16));
  if (((bytes[0] ?? 0) & 1) !== 0) throw new MachineError(`'${text}' is a group address, not a card's`);
  return bytes;
}

export class Nic {
  readonly #device: V86Nic;
  readonly #bus: Bus;
  #sent: Uint8Array[] = [];
  #sentBytes = 0;

  constructor(device: V86Nic, bus: Bus, mac: Uint8Array) {
    this.#device = device;
    this.#bus = bus;
    device.mac = mac.slice();
    if (device.virtio !== undefined) guardQueues(device.virtio.queues, FRAME_BYTES_MAX + VIRTIO_HEADER_BYTES);
    // The NE2000 shows its address in its memory, every byte twice, where v86 has written a random one.
    for (let index = 0; index < MAC_BYTES && device.memory !== undefined; index += 1) {
      device.memory.fill(mac[index] ?? 0, index * 2, index * 2 + 2);
    }
  }

  receive(data: Uint8Array): void {
    const frame = decodeNicInput(data);
    if (this.#listening()) this.#bus.send('net0-receive', frame);
  }

  /** The guest sent a frame. v86 reuses the buffer. */
  transmit(frame: Uint8Array): void {
    if (frame.length < FRAME_BYTES_MIN || frame.length > FRAME_BYTES_MAX) return;
    if (this.#sentBytes + frame.length > SENT_BYTES_MAX) return;
    this.#sent.push(frame.slice());
    this.#sentBytes += frame.length;
  }

  /** The frames sent since the last call. */
  takeSent(): Uint8Array[] {
    const sent = this.#sent;
    this.#sent = [];
    this.#sentBytes = 0;
    return sent;
  }

  /** v86's virtio card would look for a buffer at address 0 before the guest has set its queues up. */
  #listening(): boolean {
    const { virtio } = this.#device;
    if (virtio === undefined) return true;
    return (virtio.device_status & VIRTIO_DRIVER_OK) !== 0 && virtio.queues[0]?.enabled === true;
  }
}
