/**
 * A link between two processes: whole messages, in order, until it closes.
 *
 * Invariant: a message is delivered whole or not at all; after `onClose` nothing more is delivered. Nothing above knows
 * whether a socket or a message port is underneath.
 */
export interface Transport {
  /** Sends a message; silently dropped once the link is closed (the closing is told by `onClose`). */
  send(message: Uint8Array): void;
  /** Bytes handed to `send` that have not left this process. */
  unsentBytes(): number;
  /** Resolves when `unsentBytes` is small again, or the link is closed. */
  drained(): Promise<void>;
  /** While paused nothing is read, and the peer's `unsentBytes` grow. */
  pause(paused: boolean): void;
  /** Messages that arrive before there is a listener wait for it. */
  onMessage(listener: (message: Uint8Array) => void): void;
  /** Called once, with the reason in words. */
  onClose(listener: (why: string) => void): void;
  close(): void;
}

/** The longest message a link carries, in bytes: a log entry of the largest size, and its header. */
export const MESSAGE_BYTES_MAX = (34 << 20) + 64;
