/**
 * Pasting as keystrokes: what of a text can be typed, and the typing of it.
 *
 * Invariants: nothing is typed of a text that has a character without a key; pieces go out one after the other, each
 * when the host has taken the one before, so that a piece is typed once or the typing ends there. The host numbers
 * what it takes and keeps it until a failover cannot lose it; the machine hands it to the guest's keyboard as that has
 * room.
 */
import { hasKey } from '../../../preload/contract/keys.ts';

/** So many strokes of four bytes fit the machine's own queue, should the guest take none of them. */
export const PASTE_MAX = 8192;
/** Characters in a piece, and between two pieces the milliseconds: some 200 characters a second. */
const PIECE = 8;
const PAUSE_MS = 40;

/** As it is typed: one kind of line end, and no other control characters than tabs. */
export function pasteText(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll('\r', '\n');
}

/** The characters that cannot be typed, each once, in their order; how they are named. */
export function untypeable(text: string): string[] {
  const bad = new Set([...pasteText(text)].filter((character) => !canType(character)));
  return [...bad];
}

/** Visible ones as they are, others by their code point. */
export function nameOf(character: string): string {
  const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  return /[\p{C}\p{Z}\p{M}]/u.test(character) ? code : `${character} (${code})`;
}

export function withoutUntypeable(text: string): string {
  return [...pasteText(text)].filter(canType).join('');
}

function canType(character: string): boolean {
  const control = character < ' ' && character !== '\n' && character !== '\t';
  return !control && hasKey(character);
}

export interface Typing {
  readonly text: string;
  /** Types a piece. @throws when it was not taken, or nobody knows. */
  readonly type: (piece: string) => Promise<unknown>;
  readonly onTyped: (characters: number) => void;
  readonly signal: AbortSignal;
  readonly pause?: (ms: number) => Promise<void>;
}

/** @returns how many characters were typed: all, unless it was aborted. @throws what `type` throws. */
export async function typePaste({ text, type, onTyped, signal, pause = wait }: Typing): Promise<number> {
  for (let at = 0; at < text.length; at += PIECE) {
    if (at > 0) await pause(PAUSE_MS);
    if (signal.aborted) return at;
    await type(text.slice(at, at + PIECE));
    onTyped(Math.min(at + PIECE, text.length));
  }
  return text.length;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
