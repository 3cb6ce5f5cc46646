/**
 * The test-and-set that decides who goes on when a pair has lost itself (Scales et al., 2010, section 2.3).
 *
 * Invariant every implementation must keep: for one VM and one generation, at most one claimant is ever told `won`,
 * whatever crashes; an answer that cannot be known is `unreachable`, never `won`.
 */

export type ClaimResult =
  /** The lease moved from `generation` to `generation + 1` and is mine. */
  | { readonly outcome: 'won' }
  /** Somebody else has moved it: halt. */
  | { readonly outcome: 'lost'; readonly holder: string; readonly generation: number }
  /** The shared storage does not answer: stay silent and ask again. */
  | { readonly outcome: 'unreachable'; readonly reason: string };

export interface Arbiter {
  /** Tries to move the lease of this VM from `generation` to `generation + 1`. */
  claim(generation: number): Promise<ClaimResult>;
}
