/**
 * What a checkout needs before it can serve: the guests and the built page. An installed application brings both.
 *
 * Invariant: what is there and current is left alone; everything that takes time says so.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { fromSources, rendererFolder, root } from './paths.ts';

interface GuestBuilder {
  missingGuests(): string[];
  ensureGuests(options: { progress: (line: string) => void }): Promise<unknown>;
}

/** @throws {Error} that says what is missing and what to do. */
export async function prepareCheckout(progress: (line: string) => void): Promise<void> {
  if (!fromSources) return;
  await ensureGuests(progress);
  await ensurePage(progress);
}

/** Builds firmware and sample guests where they are missing. */
export async function ensureGuests(progress: (line: string) => void): Promise<void> {
  // Not a static import: the bundle of an installed application must not carry the builder.
  const builder = (await import(pathToFileURL(path.join(root, 'resources/guests/build.ts')).href)) as GuestBuilder;
  if (builder.missingGuests().length === 0) return;
  progress('The sample guests are missing: building them (once, a minute or two).');
  await builder.ensureGuests({ progress });
}

/** Builds the page (and the rest of `out`) where a source is newer. */
export async function ensurePage(progress: (line: string) => void): Promise<void> {
  const built = path.join(rendererFolder, 'index.html');
  const sources = ['renderer', 'preload', 'electron.vite.config.ts', 'package.json'].map((name) =>
    path.join(root, name),
  );
  const newest = Math.max(...sources.map(newestChange));
  if (existsSync(built) && statSync(built).mtimeMs >= newest) return;
  progress('Building the page.');
  const manifest = createRequire(import.meta.url).resolve('electron-vite/package.json');
  const tool = path.join(path.dirname(manifest), 'bin', 'electron-vite.js');
  await run(process.execPath, [tool, 'build', '--logLevel', 'warn'], progress);
}

function newestChange(file: string): number {
  const status = statSync(file);
  if (!status.isDirectory()) return status.mtimeMs;
  return Math.max(status.mtimeMs, ...readdirSync(file).map((name) => newestChange(path.join(file, name))));
}

function run(command: string, args: readonly string[], progress: (line: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (output += String(bytes)));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`building the page failed (exit code ${code}):\n${output}`));
    });
    progress(`running ${path.basename(args[0] ?? command)} ${args.slice(1).join(' ')}`);
  });
}
