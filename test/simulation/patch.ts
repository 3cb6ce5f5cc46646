/**
 * Loads source files with named changes to their text: small limits, so that short histories reach them, and bugs that
 * are planted on purpose. The files themselves are never touched, and no shipped file knows of this.
 *
 * Invariant: a patch changes exactly one place, or the run ends with an error that names it.
 */
import { registerHooks } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(import.meta.dirname, '../..');

export interface Patch {
  /** From the root of the repository. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** The protocol's limits in bytes and heads, made so small that a history of some seconds meets them. */
export const SMALL_LIMITS: readonly Patch[] = [
  ['LOG_BUFFER_BYTES_MAX', '8 << 20', '2048'],
  ['STARTING_LOG_BYTES_MAX', '256 << 20', '8192'],
  ['BACKLOG_HEADS_MAX', '20_000', '24'],
  ['GATE_BYTES_MAX', '16 << 20', '6144'],
  ['HEAD_INPUTS_MAX', '1024', '8'],
].map(([name, real, small]) => ({
  file: 'main/ft/constants.ts',
  find: `export const ${name} = ${real};`,
  replace: `export const ${name} = ${small};`,
}));

/** From here on these files are loaded with their patches. To be called before any of them is imported. */
export function patchSources(patches: readonly Patch[]): void {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const mine = patches.filter(
        ({ file }) => url.startsWith('file:') && fileURLToPath(url) === path.join(ROOT, file),
      );
      if (mine.length === 0 || !loaded.source) return loaded;
      const text = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source);
      return { ...loaded, source: mine.reduce(applied, text) };
    },
  });
}

/** @throws {Error} when the text has not exactly one place for the patch. */
export function applied(text: string, { file, find, replace }: Patch): string {
  const [before, after, ...more] = text.split(find);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(`a patch of ${file} fits ${more.length > 0 ? 'more than one place' : 'nowhere'}: ${find}`);
  }
  return before + replace + after;
}
