/**
 * `node --import …/register.ts main/index.ts`: `electron` is the stand-in, for every module of this process.
 *
 * Invariant: nothing else is changed: the application's own files are loaded as they are. `STAND_IN_PLATFORM` lets the
 * application (not Node) believe that it is on another system, whose conventions for windows it then follows.
 */
import { createRequire, registerHooks } from 'node:module';

const standIn = new URL('electron.ts', import.meta.url).href;

registerHooks({
  resolve(specifier, context, next) {
    return specifier === 'electron' ? { url: standIn, shortCircuit: true } : next(specifier, context);
  },
});

const platform = process.env['STAND_IN_PLATFORM'];
if (platform) {
  // It chooses its native part by the platform when it is first used.
  const Database = createRequire(import.meta.url)('better-sqlite3') as new (file: string) => { close(): void };
  new Database(':memory:').close();
  Object.defineProperty(process, 'platform', { value: platform });
}
