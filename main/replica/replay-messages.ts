/**
 * What the command line and a replay process say to each other. Plain data.
 */

export interface ReplayOrder {
  readonly file: string;
  /** Stop before this epoch; null: to the end. */
  readonly to: number | null;
  /** Compare every hash on the way. */
  readonly verify: boolean;
}

export interface ReplayOutcome {
  readonly vm: string;
  /** The epoch of the snapshot, and the one after the last that was executed. */
  readonly firstEpoch: number;
  readonly epoch: number;
  readonly epochs: number;
  readonly instructions: number;
  /** Virtual time, in seconds. */
  readonly seconds: number;
  /** Hashes that were compared and equal. */
  readonly hashes: number;
  /** The first difference; null where there was none, or nothing was compared. */
  readonly mismatch: { readonly epoch: number; readonly message: string } | null;
  /** What else is wrong, a sentence that names the place in the file; null where the recording is whole. */
  readonly problem: string | null;
}

export type FromReplay =
  /** How far it is; `fraction` is of the recording's log. */
  | { readonly type: 'progress'; readonly epoch: number; readonly fraction: number }
  | { readonly type: 'done'; readonly outcome: ReplayOutcome }
  /** Nothing could be replayed. */
  | { readonly type: 'failed'; readonly message: string };
