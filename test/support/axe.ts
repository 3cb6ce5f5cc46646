/**
 * Accessibility of a page that a browser shows, by axe-core.
 *
 * Invariant: what is found is told by rule, element and remedy; "serious" and "critical" are what a test fails on. The
 * page's Content-Security-Policy stays in force: axe comes through the debugger, not as a script of the page.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SERIOUS: ReadonlySet<string> = new Set(['serious', 'critical']);
/** WCAG 2.2, levels A and AA, and what axe calls good practice. */
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** A colour that fades between two themes has no contrast. What goes on for ever (a spinner) is not waited for. */
const SETTLED = `Promise.allSettled(document.getAnimations()
  .filter((one) => one.effect?.getComputedTiming().endTime !== Infinity)
  .map((one) => one.finished)).then(() => null)`;

/** What another theme can change; all else is the same in each. */
const OF_THEMES = ['color-contrast'];
const THEMES = ['light', 'dark', 'contrast'] as const;

/**
 * A line for each serious fault of the page as it is now, or of the part of it that `within` selects.
 * @param rules those looked for; all of the tags above where none are named.
 */
export async function seriousFaults(page: Page, within?: string, rules?: readonly string[]): Promise<string[]> {
  if (!(await page.evaluate('typeof window.axe === "object"'))) await page.evaluate(AXE);
  await page.evaluate(SETTLED);
  const scope = JSON.stringify(within ?? null);
  const runOnly = rules ? { type: 'rule', values: rules } : { type: 'tag', values: TAGS };
  const options = JSON.stringify({ runOnly, resultTypes: ['violations'] });
  const { violations } = await page.evaluate<AxeResults>(`window.axe.run(${scope} ?? document, ${options})`);
  return violations
    .filter(({ impact }) => SERIOUS.has(impact ?? ''))
    .flatMap(({ id, help, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} (${help}): ${target.join(' ')}: ${failureSummary ?? ''}`),
    );
}

/** The same in both themes; each line says in which. */
export async function seriousFaultsInBothThemes(page: Page, within?: string): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    found.push(...(await seriousFaults(page, within)).map((fault) => `${colorScheme}: ${fault}`));
  }
  await page.emulateMedia({ colorScheme: null });
  return found;
}

/** The same in each of the page's own themes, as the settings menu sets them; each line says in which. */
export async function seriousFaultsInEveryTheme(page: Page, within?: string): Promise<string[]> {
  const found: string[] = [];
  for (const [index, theme] of THEMES.entries()) {
    await page.evaluate((chosen) => void (document.documentElement.dataset['theme'] = chosen), theme);
    const faults = await seriousFaults(page, within, index === 0 ? undefined : OF_THEMES);
    found.push(...faults.map((fault) => `${theme}: ${fault}`));
  }
  return found;
}
