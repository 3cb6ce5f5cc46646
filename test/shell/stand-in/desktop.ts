/**
 * The desktop application on the stand-in, from a test's side: starts it, sees and does what a person would.
 *
 * Invariant: it ends only what it started, and removes its folders; pages are driven by Playwright in the very browser
 * that the application shows them in.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromium as browserType, type Browser, type Page } from 'playwright-core';
import { Client } from '../../../main/cli/client.ts';
import type { CommandArgs, CommandName, CommandResults } from '../../../preload/contract/contract.ts';
import type { Gesture, Sight } from './hands.ts';

const root = path.resolve(import.meta.dirname, '..', '..', '..');
const register = new URL('register.ts', import.meta.url).href;

export class Desktop {
  readonly folder: string;
  readonly #platform: string;
  readonly #sights: Sight[] = [];
  readonly #watchers = new Set<() => void>();
  #child: ChildProcess | null = null;
  #endpoint = '';
  #browser: Browser | null = null;
  #client: Promise<Client> | null = null;
  /** What the application wrote to its standard error. */
  errors = '';

  /** `platform`: whose conventions it follows; this computer's own where none is named. */
  constructor(platform = '') {
    this.#platform = platform;
    this.folder = mkdtempSync(path.join(os.tmpdir(), 'lockstep-desktop-'));
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** `entry`: the application's main script, from the sources or from a package. */
  start(entry = path.join(root, 'main', 'index.ts')): void {
    this.#sights.length = 0;
    const child = spawn(process.execPath, ['--import', register, entry], {
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
      env: this.#environment(),
    });
    this.#child = child;
    child.stderr?.on('data', (bytes) => (this.errors += String(bytes)));
    child.on('message', (sight: Sight) => {
      this.#sights.push(sight);
      for (const watcher of this.#watchers) watcher();
    });
  }

  /** Starts it a second time, as a double click on the icon or on a file does. @returns its exit status. */
  startAgain(...args: readonly string[]): Promise<number | null> {
    const child = spawn(process.execPath, ['--import', register, path.join(root, 'main', 'index.ts'), ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: this.#environment(),
    });
    return new Promise((resolve) => child.once('exit', resolve));
  }

  do(gesture: Gesture): void {
    this.#child?.send(gesture);
  }

  /** The next sight of this kind that was not taken yet. */
  async see<Name extends Sight['saw']>(name: Name): Promise<Extract<Sight, { saw: Name }>> {
    for (;;) {
      const index = this.#sights.findIndex((sight) => sight.saw === name);
      if (index >= 0) return this.#sights.splice(index, 1)[0] as Extract<Sight, { saw: Name }>;
      if (this.#child?.exitCode !== null) throw new Error(`the application ended: ${this.errors}`);
      await new Promise<void>((resolve) => {
        const again = (): void => {
          this.#watchers.delete(again);
          this.#child?.off('exit', again);
          resolve();
        };
        this.#watchers.add(again);
        this.#child?.once('exit', again);
      });
    }
  }

  /** Sights of this kind that were not taken. */
  seen(name: Sight['saw']): number {
    return this.#sights.filter(({ saw }) => saw === name).length;
  }

  /** The page of the application's window, for Playwright. */
  async page(): Promise<Page> {
    this.#endpoint ||= (await this.see('browser')).endpoint;
    this.#browser ??= await browserType.connectOverCDP(this.#endpoint);
    for (;;) {
      const pages = this.#browser.contexts().flatMap((context) => context.pages());
      const ours = pages.find((page) => page.url().includes('.app.invalid'));
      if (ours) return ours;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** To Playwright a page that died is dead: the next one is asked for in a new connection. */
  async forgetPage(): Promise<void> {
    await this.#browser?.close().catch(() => {});
    this.#browser = null;
  }

  /** A command over the control socket, as the command line uses beside the window. */
  async call<C extends CommandName>(command: C, args: CommandArgs<C>): Promise<CommandResults[C]> {
    this.#client ??= Client.connect(this.folder);
    return (await this.#client).call(command, args);
  }

  /** Waits until the application has ended by itself. @returns its exit status. */
  async ended(): Promise<number | null> {
    const child = this.#child;
    const status =
      !child || child.exitCode !== null
        ? (child?.exitCode ?? null)
        : await new Promise<number | null>((resolve) => child.once('exit', resolve));
    await this.#forget();
    return status;
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  async remove(): Promise<void> {
    const child = this.#child;
    if (child && child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.disconnect();
      await gone;
    }
    await this.#forget();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async #forget(): Promise<void> {
    await this.forgetPage();
    this.#endpoint = '';
    (await this.#client?.catch(() => null))?.close();
    this.#client = null;
  }

  #environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      LOCKSTEP_DATA: this.folder,
      STAND_IN_USER_DATA: path.join(this.folder, 'user'),
      STAND_IN_PLATFORM: this.#platform,
    };
  }
}
