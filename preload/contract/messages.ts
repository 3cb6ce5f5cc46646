/**
 * What crosses a door, whichever door: calls with answers, subscriptions with data, and bytes in either direction.
 *
 * Invariant: text messages are JSON of the types below; binary messages are a subscription's number (32 bits, little
 * endian) and its bytes. The same over a WebSocket, over the command line's local socket, and over Electron's IPC.
 */
import * as v from 'valibot';
import type { ErrorCode } from './contract.ts';

/** The longest text and binary message a door accepts from a client, in bytes. */
export const CLIENT_MESSAGE_BYTES_MAX = 1 << 20;

const Id = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(0xffff_ffff));

/** From a client. */
export const ClientMessage = v.variant('kind', [
  v.strictObject({ kind: v.literal('call'), id: Id, command: v.string(), args: v.optional(v.unknown()) }),
  v.strictObject({ kind: v.literal('subscribe'), subscription: Id, topic: v.string(), args: v.optional(v.unknown()) }),
  v.strictObject({ kind: v.literal('unsubscribe'), subscription: Id }),
]);
export type ClientMessage = v.InferOutput<typeof ClientMessage>;

export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
}

/** To a client. */
export type HostMessage =
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: WireError }
  | { readonly kind: 'data'; readonly subscription: number; readonly data: unknown }
  /** The subscription is over; `error` says why where it is not simply at its end. */
  | { readonly kind: 'end'; readonly subscription: number; readonly error: WireError | null };

/** Puts a subscription's number before its bytes. */
export function encodeBytes(subscription: number, bytes: Uint8Array): Uint8Array {
  const message = new Uint8Array(4 + bytes.length);
  new DataView(message.buffer).setUint32(0, subscription, true);
  message.set(bytes, 4);
  return message;
}

/** @throws {RangeError} when the message is too short to carry a subscription's number. */
export function decodeBytes(message: Uint8Array): { subscription: number; bytes: Uint8Array } {
  if (message.length < 4) throw new RangeError(`a binary message has at least 4 bytes, this one has ${message.length}`);
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  return { subscription: view.getUint32(0, true), bytes: message.subarray(4) };
}
