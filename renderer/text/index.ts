/** The texts of the page's language. Invariant: views take their words from here alone. */
import { en } from './en.ts';
import { pageLanguage, type Language } from './language.ts';
import type { Text } from './text.ts';
import { eventsToldZhCN } from './zh-cn-events.ts';
import { hostPhrases as hostPhrasesZhCN, type Phrase } from './zh-cn-host.ts';
import { zhCN } from './zh-cn.ts';

export const TEXTS: { readonly [language in Language]: Text } = { en, 'zh-CN': zhCN };
export const language: Language = pageLanguage();
/** Null where the host's own sentences are in the page's language. */
export const eventsTold = language === 'zh-CN' ? eventsToldZhCN : null;
export const hostPhrases: readonly Phrase[] = language === 'zh-CN' ? hostPhrasesZhCN : [];
export const texts: Text = TEXTS[language];
