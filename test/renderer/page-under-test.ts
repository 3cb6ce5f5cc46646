/**
 * The page in a browser, against a fake host: what every test of it begins with.
 *
 * Invariants: every test has a host and a page of its own; a test fails where the page has thrown, logged an error or
 * broken its Content-Security-Policy. One build serves all files of tests, one browser all tests of a file.
 */
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { builtPage } from '../support/built-page.ts';
import { CHROMIUM_ARGS, chromium as findChromium } from '../support/chromium.ts';
import { startFakeHost, type FakeHost } from './fake/host.ts';
import { FakeWorld } from './fake/world.ts';

/** Tests of the page are skipped where there is no browser. */
export const NO_BROWSER = findChromium() === null;
/** Of a test of the page as a whole, on a busy computer. */
export const PAGE_TEST = { timeout: 90_000 } as const;
const BUILD_MS = 120_000;
const ELEMENT_MS = 30_000;
const SIZE = { width: 1280, height: 800 };

export interface Wanted {
  readonly locale?: string;
  readonly theme?: string;
}

export interface PageUnderTest {
  readonly host: FakeHost;
  readonly page: Page;
  /** Closes the page and opens another one, with another language or theme. */
  open(wanted: Wanted): Promise<Page>;
}

interface Options {
  readonly world?: (world: FakeWorld) => void;
  /** Console errors that belong to the tests. */
  readonly mayFail?: RegExp;
}

/** Registers what the tests of this `describe` need. What it returns is there while a test runs. */
export function pageUnderTest({ world: fill, mayFail = /WebSocket/ }: Options = {}): PageUnderTest {
  // An origin (a port) belongs to one test, so what the browser keeps of it does, too.
  const contexts = new Map<string, Promise<BrowserContext>>();
  let browser: Browser;
  let files: string;
  let host: FakeHost;
  let page: Page;
  let problems: string[];

  const open = async ({ locale = 'en-US', theme }: Wanted): Promise<Page> => {
    const context = contexts.get(locale) ?? browser.newContext({ viewport: SIZE, locale, reducedMotion: 'reduce' });
    contexts.set(locale, context);
    page = await (await context).newPage();
    page.setDefaultTimeout(ELEMENT_MS);
    if (theme) await page.addInitScript((kept) => localStorage.setItem('lockstep.theme', kept), theme);
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !mayFail.test(message.text())) problems.push(message.text());
    });
    return page;
  };

  beforeAll(async () => {
    files = await builtPage();
    browser = await chromium.launch({ executablePath: findChromium() ?? '', args: CHROMIUM_ARGS });
  }, BUILD_MS);
  afterAll(() => browser?.close());
  beforeEach(async () => {
    const world = new FakeWorld();
    fill?.(world);
    problems = [];
    host = await startFakeHost(files, world);
    await open({});
  });
  afterEach(async () => {
    await page.close();
    await host.close();
    expect(problems).toEqual([]);
  });

  return {
    get host() {
      return host;
    },
    get page() {
      return page;
    },
    open: async (wanted) => {
      await page.close();
      return open(wanted);
    },
  };
}
