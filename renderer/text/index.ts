/**
 * The texts of the page's language.
 *
 * Invariant: views take their words from here alone. English is part of the page; another language is loaded by those
 * who speak it, and imports nothing of the page but types: all that the page is waits for it.
 */
import { en } from './en.ts';
import { pageLanguage, type Language } from './language.ts';
import type { Text } from './text.ts';
import type { Phrase } from './zh-cn-host.ts';

export const language: Language = pageLanguage();
const other = language === 'zh-CN' ? await import('./zh-cn.ts') : null;

export const texts: Text = other?.zhCN ?? en;
/** Null where the host's own sentences are in the page's language. */
export const eventsTold = other?.eventsToldZhCN ?? null;
export const hostPhrases: readonly Phrase[] = other?.hostPhrases ?? [];
