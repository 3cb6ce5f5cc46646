/**
 * What every language must have: exactly the texts of the English one.
 *
 * Invariant: a text that is missing in a language, or takes other parameters, does not compile.
 */
import type { en } from './en.ts';

/** The same shape, with any words in it. */
type Wide<T> = T extends string
  ? string
  : T extends (...args: infer A) => infer R
    ? (...args: A) => Wide<R>
    : { readonly [key in keyof T]: Wide<T[key]> };

export type Text = Wide<typeof en>;
