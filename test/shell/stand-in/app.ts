/**
 * `app`: readiness, the single-instance lock, and the order in which an application quits.
 *
 * Invariant: before-quit, then every window's close, then will-quit, then quit; whoever prevents one of them stops the
 * rest, and a later `quit()` begins again.
 */
import { EventEmitter } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { allowed } from './events.ts';
import { closeBrowser, startBrowser, stopBrowser } from './browser.ts';
import { perform, show } from './hands.ts';

/** Set by the window module, which needs `app` itself. */
export const windowsOfApp: { closeAll: () => Promise<boolean> } = { closeAll: () => Promise.resolve(true) };

class App extends EventEmitter {
  readonly #ready = Promise.withResolvers<void>();
  #isReady = false;
  #quitting = false;
  #unlock: (() => void) | null = null;

  constructor() {
    super();
    this.setMaxListeners(0);
    // Not before the application's own first turn: it must be able to register schemes.
    setImmediate(() => void this.#launch());
    process.on('exit', () => {
      stopBrowser();
      this.#unlock?.();
    });
  }

  /** The stand-in's own: windows are being closed by `quit`. */
  get quitting(): boolean {
    return this.#quitting;
  }

  isReady(): boolean {
    return this.#isReady;
  }

  whenReady(): Promise<void> {
    return this.#ready.promise;
  }

  getPath(name: string): string {
    if (name !== 'userData') throw new Error(`Failed to get '${name}' path`);
    return process.env['STAND_IN_USER_DATA'] ?? path.join(os.tmpdir(), 'lockstep-stand-in');
  }

  requestSingleInstanceLock(): boolean {
    const folder = path.join(this.getPath('userData'), 'singleton');
    mkdirSync(folder, { recursive: true });
    const lock = path.join(folder, 'lock');
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
    } catch {
      if (isAlive(Number(readFileSync(lock, 'utf8')))) {
        writeFileSync(path.join(folder, `second-${process.pid}`), JSON.stringify(process.argv));
        return false;
      }
      writeFileSync(lock, String(process.pid));
    }
    const inbox = watch(folder, () => this.#readInbox(folder));
    inbox.unref();
    this.#unlock = () => rmSync(lock, { force: true });
    return true;
  }

  quit(): void {
    if (this.#quitting) return;
    this.#quitting = true;
    if (!allowed(this, 'before-quit')) {
      this.#quitting = false;
      return;
    }
    void windowsOfApp.closeAll().then((closed) => {
      this.#quitting = closed && allowed(this, 'will-quit');
      if (!this.#quitting) return;
      this.emit('quit', {}, 0);
      this.exit(0);
    });
  }

  /** @returns whether the desktop shows it. */
  setBadgeCount(count: number): boolean {
    show({ saw: 'badge', count });
    return true;
  }

  exit(code = 0): void {
    void closeBrowser().finally(() => process.exit(code));
  }

  async #launch(): Promise<void> {
    const endpoint = await startBrowser();
    show({ saw: 'browser', endpoint });
    this.#isReady = true;
    this.emit('will-finish-launching');
    this.#ready.resolve();
    this.emit('ready', {}, {});
  }

  #readInbox(folder: string): void {
    for (const name of readdirSync(folder).filter((entry) => entry.startsWith('second-'))) {
      const file = path.join(folder, name);
      const text = readFileSync(file, 'utf8');
      if (text === '') continue; // It is just being written.
      rmSync(file);
      this.emit('second-instance', {}, JSON.parse(text), process.cwd(), null);
    }
  }
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

export const app = new App();

/** @throws {Error} as Electron does, where something is used before its time. */
export function requireReady(what: string): void {
  if (!app.isReady()) throw new Error(`${what} before app is ready`);
}

perform('activate', () => app.emit('activate', {}, false));
perform('openFile', ({ file }) => void allowed(app, 'open-file', {}, file));
perform('quit', () => app.quit());
