// `npm run icons`: the application's icons, drawn from icon.svg by Chromium. What it makes is committed.
// Invariant: icon.svg is the only source; every size is drawn from it, none is scaled from another.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { icns, ico, type Png } from './containers.ts';

const SIZES = [16, 24, 32, 48, 64, 128, 256, 512, 1024];
/** Linux takes a folder of these. */
const FOLDER_SIZE_MAX = 512;

const here = import.meta.dirname;
const svg = readFileSync(path.join(here, 'icon.svg'), 'utf8');
const executablePath = process.env['LOCKSTEP_CHROMIUM'] ?? '/usr/bin/chromium';
if (!existsSync(executablePath))
  throw new Error(`"${executablePath}" is missing: name one with LOCKSTEP_CHROMIUM=FILE`);

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
const pngs: Png[] = [];
try {
  const page = await browser.newPage();
  for (const size of SIZES) {
    await page.setViewportSize({ width: size, height: size });
    await page.setContent(`<style>*{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${svg}`);
    pngs.push({ size, bytes: await page.screenshot({ omitBackground: true }) });
  }
} finally {
  await browser.close();
}
for (const { size, bytes } of pngs.filter((png) => png.size <= FOLDER_SIZE_MAX)) {
  writeFileSync(path.join(here, `${size}x${size}.png`), bytes);
}
writeFileSync(path.join(here, 'icon.ico'), ico(pngs));
writeFileSync(path.join(here, 'icon.icns'), icns(pngs));
