/**
 * `npm run probe`: bundles the probe, runs it in Electron, compares with plain Node, and keeps the numbers in a file to
 * send (docs/electron-probe.md). `--stand-in` tries the probe itself where the binary is absent; `--file FILE` says
 * where the numbers go.
 *
 * Invariant: without Electron's binary it measures nothing and says so.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'vite';
import { prepareCheckout } from '../../../main/prepare.ts';

const root = path.resolve(import.meta.dirname, '..', '..', '..');
const folder = path.join(root, 'out', 'probe');
const { values } = parseArgs({
  options: { 'stand-in': { type: 'boolean' }, file: { type: 'string', default: 'electron-probe.json' } },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);

function electronBinary(): string | null {
  const installed = path.dirname(createRequire(import.meta.url).resolve('electron/package.json'));
  const pathFile = path.join(installed, 'path.txt');
  const name = existsSync(pathFile) ? readFileSync(pathFile, 'utf8') : 'electron';
  const file = path.join(process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? path.join(installed, 'dist'), name);
  return existsSync(file) ? file : null;
}

async function bundle(): Promise<void> {
  const input = ['main', 'utility', 'baseline'].map((name) => path.join(import.meta.dirname, `${name}.ts`));
  await build({
    configFile: false,
    root,
    logLevel: 'warn',
    publicDir: false,
    ssr: { external: ['electron'] },
    build: { ssr: true, outDir: folder, emptyOutDir: true, target: 'esnext', rollupOptions: { input } },
  });
}

/** The last line that it prints is its answer. @throws {Error} when it fails. */
function answerOf(command: string, args: readonly string[]): unknown {
  const { status, stdout, error } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (error) throw error;
  const last = stdout.trim().split('\n').at(-1) ?? '';
  if (status !== 0 || !last.startsWith('{')) throw new Error(`${command} ended with ${status}: ${stdout}`);
  return JSON.parse(last);
}

const register = path.join(root, 'test', 'shell', 'stand-in', 'register.ts');
const binary = values['stand-in'] ? process.execPath : electronBinary();
if (!binary) {
  say('The Electron binary is not installed here: nothing to probe. Where it can be had: npx install-electron');
} else {
  await prepareCheckout(say);
  await bundle();
  say('Measuring, about a minute. Please leave the computer alone meanwhile.');
  const asRoot = process.platform === 'linux' && process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const before = values['stand-in'] ? ['--import', register] : asRoot;
  const electron = answerOf(binary, [...before, path.join(folder, 'main.js')]);
  const node = answerOf(process.execPath, [path.join(folder, 'baseline.js')]);
  const [cpu] = os.cpus();
  const computer = { cpu: cpu?.model, cores: os.cpus().length, system: `${os.type()} ${os.release()} ${os.arch()}` };
  const text = JSON.stringify({ computer, electron, node }, null, 2);
  writeFileSync(values.file, `${text}\n`);
  say(`${text}\n\nThese numbers are in ${path.resolve(values.file)}.`);
}
