/**
 * What can be fuzzed: something that takes bytes from outside, and what it is to do with them.
 *
 * Invariant: a target's samples are the same every time, so that a seed and a number of a run give the same bytes.
 */
import type { Random } from './random.ts';

export interface Target {
  readonly name: string;
  /** What is fuzzed, in some words. */
  readonly about: string;
  /** Honest inputs, from real runs where that can be. */
  samples(): Promise<readonly Uint8Array[]>;
  /** Makes the checksums of a changed input right again, else the first check would refuse them all. */
  mend?(input: Uint8Array): Uint8Array;
  /** Draws a changed input where changed bytes would be refused at once. */
  draw?(samples: readonly Uint8Array[], random: Random): Uint8Array;
  open(seed: number): Promise<Room>;
  /** What one run may allocate: so much, and so many times the input's length, in bytes. */
  readonly allocation?: { readonly fixed: number; readonly factor: number };
  /** It may send packets: it runs in a network namespace of its own, or not at all. */
  readonly network?: boolean;
}

/** Where one process's runs take place. */
export interface Room {
  /**
   * Takes an input. @returns whether it was accepted; false where it was refused in an orderly way.
   * @throws whatever is a finding.
   */
  run(input: Uint8Array): boolean | Promise<boolean>;
  /** Gives the next input where it depends on what came before. */
  next?(): Uint8Array;
  /** Looks at the whole at the end. @returns what there is to say of it. @throws whatever is a finding. */
  close?(): Promise<string>;
}

/** Whether it is done, or refused with one of these errors. @throws every other error. */
export function refusable(
  work: () => unknown,
  ...refusals: readonly (abstract new (
    ...args: never
  ) => Error)[]
): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (refusals.some((Refusal) => error instanceof Refusal)) return false;
    throw error;
  }
}

/** The same for what takes its time. */
export async function refusableLater(
  work: () => Promise<unknown>,
  ...refusals: readonly (abstract new (
    ...args: never
  ) => Error)[]
): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (refusals.some((Refusal) => error instanceof Refusal)) return false;
    throw error;
  }
}
