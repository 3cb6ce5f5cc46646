/**
 * The start of the application: from its process to a window in which one can click.
 *
 * Invariant: the page is the one that ships, in a real browser, which is open already (as Electron's is a part of the
 * application's start that cannot be measured where its binary is missing).
 */
import { chromium as playwright } from 'playwright-core';
import { CHROMIUM_ARGS, chromium } from '../../support/chromium.ts';
import { TestHost } from '../../support/host.ts';
import { Collected, median, spread } from '../figures.ts';
import type { Effort, Outcome, Scenario } from '../scenario.ts';

const HOST = 'from the process to a host that listens';
const PAGE = 'from there to the first control of the page';

export const app: Scenario = {
  name: 'app',
  title: 'Start of the application',
  async run({ quick }: Effort): Promise<Outcome> {
    const executablePath = chromium();
    if (!executablePath) throw new Error('no Chromium here; name one with LOCKSTEP_CHROMIUM=FILE');
    const figures = new Collected();
    const browser = await playwright.launch({ executablePath, args: CHROMIUM_ARGS });
    try {
      for (let time = 0; time < (quick ? 2 : 5); time += 1) {
        const page = await browser.newPage();
        const host = new TestHost();
        try {
          const startedAt = performance.now();
          await host.start();
          figures.add(HOST, performance.now() - startedAt);
          const listensAt = performance.now();
          await page.goto(host.url);
          await page.getByRole('button').first().waitFor();
          figures.add(PAGE, performance.now() - listensAt);
        } finally {
          await page.close();
          await host.stop();
          host.remove();
        }
      }
    } finally {
      await browser.close();
    }
    return {
      tables: [
        {
          title: 'The headless host and its page in a browser',
          heads: ['ms', 'median (from–to)'],
          rows: [HOST, PAGE].map((name) => [name, spread(figures.of(name))]),
          note: "Electron's own start is not in it; resources and page come from the disk's cache.",
        },
      ],
      figures: { appStart: (median(figures.of(HOST)) + median(figures.of(PAGE))) / 1000 },
      raw: figures.all(),
    };
  },
};
