/**
 * Takes pictures of the built page in every state, size and theme, for a person to judge:
 * `node test/renderer/look.ts FOLDER [name …]` after building the page.
 *
 * Invariant: any Content-Security-Policy violation, page error or console error fails the run.
 */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser } from 'playwright-core';
import { CHROMIUM_ARGS, chromium as findChromium } from '../support/chromium.ts';
import { startFakeHost } from './fake-host.ts';
import { FakeWorld } from './fake-world.ts';
import { SCENES, type Scene } from './scenes.ts';

const SIZES = [
  { width: 1024, height: 700 },
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
];
const THEMES = ['light', 'dark'] as const;
const FILES = fileURLToPath(new URL('../../out/renderer', import.meta.url));

async function picture(browser: Browser, scene: Scene, folder: string): Promise<string[]> {
  const problems: string[] = [];
  for (const viewport of SIZES) {
    for (const colorScheme of THEMES) {
      const host = await startFakeHost(FILES, new FakeWorld());
      const context = await browser.newContext({ viewport, colorScheme });
      const page = await context.newPage();
      page.on('pageerror', (error) => problems.push(`${scene.name}: ${error.message}`));
      page.on('console', (message) => {
        if (message.type() === 'error' && !scene.mayFail?.test(message.text()))
          problems.push(`${scene.name}: ${message.text()}`);
      });
      scene.before?.(host);
      try {
        await page.goto(host.url + (scene.at ?? ''));
        await scene.act(page, host);
        await page.waitForTimeout(500);
        await page.screenshot({ path: join(folder, `${scene.name}-${viewport.width}-${colorScheme}.png`) });
      } catch (error) {
        problems.push(`${scene.name}: ${String(error)}`);
      }
      await context.close();
      await host.close();
    }
  }
  return problems;
}

const [folder = mkdtempSync(join(tmpdir(), 'lockstep-look-')), ...names] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({ executablePath: findChromium() ?? '', args: CHROMIUM_ARGS });
const scenes = SCENES.filter((scene) => names.length === 0 || names.includes(scene.name));
const problems: string[] = [];
for (const scene of scenes) problems.push(...(await picture(browser, scene, folder)));
await browser.close();
process.stdout.write(`${scenes.length} scenes in ${folder}\n`);
for (const problem of new Set(problems)) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length > 0 ? 1 : 0;
