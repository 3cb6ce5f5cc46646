/**
 * Which language the page speaks: what the browser asks for, unless the user chose here; kept in this browser.
 *
 * Invariant: a page speaks one language for all its life; choosing another loads it anew.
 */
export const LANGUAGES = ['en', 'zh-CN'] as const;
export type Language = (typeof LANGUAGES)[number];
/** Each in its own words, for those who cannot read the others. */
export const LANGUAGE_NAMES: { readonly [language in Language]: string } = { en: 'English', 'zh-CN': '简体中文' };

const KEY = 'lockstep.language';

/** What the user chose; null where nothing was. */
export function keptLanguage(): Language | null {
  try {
    const kept = localStorage.getItem(KEY);
    return LANGUAGES.find((language) => language === kept) ?? null;
  } catch {
    return null; // storage is switched off in this browser
  }
}

/** The first of the wished languages that there is; English where there is none. */
export function bestLanguage(wished: readonly string[]): Language {
  for (const wish of wished) {
    if (/^zh\b/i.test(wish)) return 'zh-CN';
    if (/^en\b/i.test(wish)) return 'en';
  }
  return 'en';
}

/** Outside a browser (tests, tools): English. */
export function pageLanguage(): Language {
  if (typeof document === 'undefined') return 'en';
  return keptLanguage() ?? bestLanguage(navigator.languages);
}

/** Null: what the browser asks for. */
export function chooseLanguage(language: Language | null): void {
  try {
    if (language === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, language);
  } catch {
    return; // Nothing to be kept: the page would speak as before.
  }
  window.location.reload();
}
