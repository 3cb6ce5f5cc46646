/**
 * The Chromium that stands in for Electron's: one process for the application, with a profile of its own.
 *
 * Invariant: it ends with the application, and its profile is removed.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromium, CHROMIUM_ARGS } from '../../support/chromium.ts';
import { DevTools } from './devtools.ts';

/** Afterwards it is killed. */
const CLOSE_MS = 3000;

let child: ChildProcess | null = null;
let profile = '';
let devTools: DevTools | null = null;

/** @returns where a test can connect to the same browser. */
export async function startBrowser(): Promise<string> {
  const file = chromium();
  if (!file) throw new Error('the stand-in for Electron needs Chromium');
  profile = mkdtempSync(path.join(os.tmpdir(), 'lockstep-stand-in-'));
  const args = ['--headless', '--remote-debugging-port=0', `--user-data-dir=${profile}`, ...CHROMIUM_ARGS];
  const started = spawn(file, [...args, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'] });
  child = started;
  const endpoint = await new Promise<string>((resolve, reject) => {
    let text = '';
    started.stderr.on('data', (bytes) => {
      text += String(bytes);
      const found = /DevTools listening on (ws:\S+)/.exec(text)?.[1];
      if (found) resolve(found);
    });
    started.once('exit', () => reject(new Error(`Chromium ended:\n${text}`)));
  });
  devTools = await DevTools.connect(endpoint);
  return endpoint;
}

export function browser(): DevTools {
  if (!devTools) throw new Error('Chromium does not run');
  return devTools;
}

/** In order: a browser that is killed may still write into the profile that is being removed. */
export async function closeBrowser(): Promise<void> {
  const running = child;
  if (!running || running.exitCode !== null) return;
  const gone = new Promise((resolve) => running.once('exit', resolve));
  devTools?.call('Browser.close').catch(() => {
    // It is gone already.
  });
  await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, CLOSE_MS))]);
}

/** For the last moment of a process that cannot wait. */
export function stopBrowser(): void {
  child?.kill('SIGKILL');
  if (profile) rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
}
