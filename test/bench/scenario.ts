/**
 * What a scenario of the benchmark is: it measures for a while and gives tables, and figures that goals refer to.
 *
 * Invariant: a scenario knows nothing of the others, of goals, or of how it is printed.
 */
import type { GoalName } from './goals.ts';

export type OptionName = 'megabytes' | 'minutes' | 'kills';

export interface Effort {
  /** Whether it has seconds rather than minutes. */
  readonly quick: boolean;
  /** How often what is measured in turn is measured. */
  readonly rounds: number;
  /** A number that the command line may give. */
  option(name: OptionName, otherwise: number): number;
  say(line: string): void;
}

export interface Table {
  readonly title: string;
  /** The first heads the rows' names. */
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What one must know to read it. */
  readonly note?: string;
}

export interface Outcome {
  readonly tables: readonly Table[];
  /** What goals refer to, in the goals' units. */
  readonly figures: { readonly [G in GoalName]?: number };
  /** Everything measured, for the JSON. */
  readonly raw: unknown;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  run(effort: Effort): Promise<Outcome>;
}

export const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
