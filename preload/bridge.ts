/**
 * The shape of the bridge between the desktop window's page and the main process.
 *
 * Invariant: it carries the messages of messages.ts and nothing else; the page has no other way out of its sandbox.
 */

/** The IPC channel of the messages, in both directions. */
export const CHANNEL = 'lockstep';
/** A new document says that it is there, once, before its first message. */
export const OPEN_CHANNEL = 'lockstep:open';

/** Exported virtual machines were dropped onto the window: their paths, from the preload script itself. */
export const DROP_CHANNEL = 'lockstep:drop';

export interface LockstepBridge {
  send(message: string | Uint8Array): void;
  /** Until the returned function is called. */
  onMessage(listener: (message: string | Uint8Array) => void): () => void;
  /** `process.platform` of the main process. */
  readonly platform: string;
}
