/**
 * `npm start`: prepares the checkout, then opens the desktop application; where Electron's binary or a display is
 * missing it says so in one line and serves the same console to a browser.
 *
 * Invariant: it ends with a console one can use, or with a message that says what to do.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { root } from './paths.ts';
import { prepareCheckout } from './prepare.ts';

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** Electron's executable; null where it is not installed and cannot be had. */
function electronBinary(): string | null {
  const folder = path.dirname(createRequire(import.meta.url).resolve('electron/package.json'));
  const pathFile = path.join(folder, 'path.txt');
  const override = process.env['ELECTRON_OVERRIDE_DIST_PATH'];
  const installed = (): string | null => {
    const name = existsSync(pathFile) ? readFileSync(pathFile, 'utf8') : 'electron';
    const file = path.join(override ?? path.join(folder, 'dist'), name);
    return existsSync(file) ? file : null;
  };
  const present = installed();
  if (present || override) return present;
  say('Fetching the Electron binary (once).');
  spawnSync(process.execPath, [path.join(folder, 'install.js')], { stdio: 'ignore' });
  return installed();
}

function hasDisplay(): boolean {
  return process.platform !== 'linux' || Boolean(process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY']);
}

function run(command: string, args: readonly string[]): void {
  const child = spawn(command, args, { cwd: root, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 1));
}

try {
  await prepareCheckout(say);
  const binary = hasDisplay() ? electronBinary() : null;
  if (binary) {
    run(binary, [root]);
  } else {
    const why = hasDisplay() ? 'The Electron binary is not installed and cannot be fetched' : 'There is no display';
    say(`${why}: serving the console to a browser instead.`);
    run(process.execPath, [path.join(root, 'main', 'cli.ts'), 'serve', ...process.argv.slice(2)]);
  }
} catch (error) {
  say((error as Error).message);
  process.exitCode = 1;
}
