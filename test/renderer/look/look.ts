/**
 * Takes pictures of the built page in every state, size and theme, for a person to judge:
 * `node test/renderer/look/look.ts FOLDER [name …]` after building the page. LOOK_SIZES, LOOK_THEMES and
 * LOOK_LANGUAGES say less than all, such as `LOOK_SIZES=1280 LOOK_THEMES=dark,contrast LOOK_LANGUAGES=zh-CN`.
 *
 * Invariant: any Content-Security-Policy violation, page error or console error fails the run.
 */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser } from 'playwright-core';
import { CHROMIUM_ARGS, chromium as findChromium } from '../../support/chromium.ts';
import { BUSY_SCENES } from '../fake/busy-world.ts';
import { startFakeHost } from '../fake/host.ts';
import { FakeWorld } from '../fake/world.ts';
import type { Scene } from './scene.ts';
import { SCENES } from './scenes.ts';

const SIZES = [
  { width: 1024, height: 700 },
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
];
const THEMES = ['light', 'dark', 'contrast'] as const;
const LANGUAGES = ['en', 'zh-CN'] as const;
const FILES = process.env['LOOK_PAGE'] ?? fileURLToPath(new URL('../../../out/renderer', import.meta.url));

/** Those that the environment names; all where it names none. */
function chosen<T>(all: readonly T[], variable: string, nameOf: (one: T) => string): readonly T[] {
  const wanted = process.env[variable]?.split(',');
  return wanted ? all.filter((one) => wanted.includes(nameOf(one))) : all;
}

const LOOKS = chosen(SIZES, 'LOOK_SIZES', ({ width }) => String(width)).flatMap((viewport) =>
  chosen(THEMES, 'LOOK_THEMES', String).flatMap((theme) =>
    chosen(LANGUAGES, 'LOOK_LANGUAGES', String).map((language) => ({ viewport, theme, language })),
  ),
);

async function picture(browser: Browser, scene: Scene, folder: string): Promise<string[]> {
  const problems: string[] = [];
  for (const { viewport, theme, language } of LOOKS) {
    const host = await startFakeHost(FILES, new FakeWorld());
    const context = await browser.newContext({ viewport, locale: language });
    await context.addInitScript((kept) => localStorage.setItem('lockstep.theme', kept), theme);
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
      await page.screenshot({ path: join(folder, `${scene.name}-${viewport.width}-${theme}-${language}.png`) });
    } catch (error) {
      problems.push(`${scene.name}: ${String(error)}`);
    }
    await context.close();
    await host.close();
  }
  return problems;
}

const [folder = mkdtempSync(join(tmpdir(), 'lockstep-look-')), ...names] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({ executablePath: findChromium() ?? '', args: CHROMIUM_ARGS });
const scenes = [...SCENES, ...BUSY_SCENES].filter((scene) => names.length === 0 || names.includes(scene.name));
const problems: string[] = [];
for (const scene of scenes) problems.push(...(await picture(browser, scene, folder)));
await browser.close();
process.stdout.write(`${scenes.length} scenes in ${folder}\n`);
for (const problem of new Set(problems)) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length > 0 ? 1 : 0;
