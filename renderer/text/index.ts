/** The texts of the page's language. Invariant: views take their words from here alone. */
import { en } from './en.ts';
import { pageLanguage, type Language } from './language.ts';
import type { Text } from './text.ts';
import { zhCN } from './zh-cn.ts';

export const TEXTS: { readonly [language in Language]: Text } = { en, 'zh-CN': zhCN };
export const language: Language = pageLanguage();
export const texts: Text = TEXTS[language];
