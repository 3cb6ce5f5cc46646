/**
 * The browser for tests of the page: Debian's Chromium, installed when it is missing and may be.
 *
 * Invariant: a missing browser is installed or reported; a test that needs it is skipped with that reason, never
 * passed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const CANDIDATES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** As root in a closed network, without a display. */
export const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The browser's executable; null where there is none. */
export function chromium(): string | null {
  const chosen = process.env['LOCKSTEP_CHROMIUM'];
  return [...(chosen ? [chosen] : []), ...CANDIDATES].find((file) => existsSync(file)) ?? null;
}

/** Installs Chromium through apt where that is possible; says so where it is not. */
export async function ensureChromium(say: (line: string) => void): Promise<void> {
  if (chromium()) return;
  const canInstall = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
  if (!canInstall) {
    say('No Chromium: tests of the page are skipped. Install it, or name one with LOCKSTEP_CHROMIUM=FILE.');
    return;
  }
  say('Installing Chromium through apt (once).');
  for (const args of [
    ['update', '-q'],
    ['install', '-y', '-q', '--no-install-recommends', 'chromium'],
  ]) {
    const { status } = spawnSync('apt-get', args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    if (status !== 0) say(`apt-get ${args[0]} ended with ${status}`);
  }
  if (!chromium()) say('Chromium could not be installed: tests of the page are skipped.');
}
