/**
 * To the clipboard.
 *
 * Invariant: it works also where the page came over plain HTTP from another computer, where browsers give no clipboard
 * to pages: there the old way is gone.
 */
import { texts } from '../text/index.ts';

/** @throws {Error} when the browser does not allow it. */
export async function copyText(text: string): Promise<void> {
  const clipboard = navigator.clipboard as Clipboard | undefined;
  try {
    if (clipboard) return await clipboard.writeText(text);
  } catch {
    // The other way may still be open.
  }
  const before = document.activeElement;
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'hidden-text';
  document.body.append(field);
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  if (before instanceof HTMLElement) before.focus();
  if (!done) throw new Error(texts.console.copyFailed);
}
