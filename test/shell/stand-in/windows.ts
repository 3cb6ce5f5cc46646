/**
 * `BrowserWindow`: a window of the real (headless) Chromium.
 *
 * Invariant: no window before the application is ready, and none that shows a page without sandbox, isolation and
 * somebody who decides about permissions; a window closes unless its `close` is prevented, and the last one says so.
 */
import { EventEmitter } from 'node:events';
import type { BrowserWindowConstructorOptions, Rectangle } from 'electron';
import { app, requireReady, windowsOfApp } from './app.ts';
import { browser } from './browser.ts';
import { allowed } from './events.ts';
import { perform, show } from './hands.ts';
import { permissionsAreDecided } from './session.ts';
import { WebContents } from './web-contents.ts';

const open: BrowserWindow[] = [];

export class BrowserWindow extends EventEmitter {
  readonly webContents: WebContents;
  readonly #target: Promise<string>;
  #bounds: Rectangle;
  #state: 'normal' | 'minimized' | 'maximized' = 'normal';
  #destroyed = false;

  constructor(options: BrowserWindowConstructorOptions = {}) {
    super();
    requireReady('Cannot create BrowserWindow');
    const { sandbox, contextIsolation, nodeIntegration, preload } = options.webPreferences ?? {};
    if (sandbox !== true || contextIsolation !== true || nodeIntegration !== false || preload === undefined) {
      throw new Error('the stand-in knows sandboxed, isolated windows with a preload script only');
    }
    if (!permissionsAreDecided()) throw new Error('a window is opened while nobody decides about permissions');
    const { x = 100, y = 80, width = 800, height = 600 } = options;
    this.#bounds = { x, y, width, height };
    this.#target = this.#create();
    this.webContents = new WebContents(this.#target, preload);
    this.webContents.once('did-finish-load', () => this.emit('ready-to-show'));
    open.push(this);
  }

  static getAllWindows(): BrowserWindow[] {
    return [...open];
  }

  loadURL(url: string): Promise<void> {
    return this.webContents.loadURL(url);
  }

  show(): void {
    show({ saw: 'window', bounds: this.#bounds });
  }

  focus(): void {
    show({ saw: 'focus' });
  }

  isMinimized(): boolean {
    return this.#state === 'minimized';
  }

  isMaximized(): boolean {
    return this.#state === 'maximized';
  }

  minimize(): void {
    this.#state = 'minimized';
  }

  maximize(): void {
    this.#state = 'maximized';
  }

  restore(): void {
    this.#state = 'normal';
  }

  getNormalBounds(): Rectangle {
    return { ...this.#bounds };
  }

  isDestroyed(): boolean {
    return this.#destroyed;
  }

  setBounds(bounds: Rectangle): void {
    this.#bounds = { ...bounds };
    void this.#target.then((targetId) => place(targetId, bounds));
  }

  close(): void {
    if (!this.#destroyed && allowed(this, 'close')) void this.destroy();
  }

  async destroy(): Promise<void> {
    if (this.#destroyed) return;
    this.#destroyed = true;
    open.splice(open.indexOf(this), 1);
    await browser().call('Target.closeTarget', { targetId: await this.#target });
    this.webContents.destroy();
    this.emit('closed');
    if (open.length > 0 || app.quitting) return;
    if (app.listenerCount('window-all-closed') > 0) app.emit('window-all-closed');
    else app.quit();
  }

  async #create(): Promise<string> {
    const { targetId } = await browser().call('Target.createTarget', { url: 'about:blank', newWindow: true });
    await place(String(targetId), this.#bounds);
    return String(targetId);
  }
}

async function place(targetId: string, { x, y, width, height }: Rectangle): Promise<void> {
  const { windowId } = await browser().call('Browser.getWindowForTarget', { targetId });
  await browser().call('Browser.setWindowBounds', { windowId, bounds: { left: x, top: y, width, height } });
}

/** In Electron, one window that stays keeps the application. @returns whether all are closed. */
windowsOfApp.closeAll = async () => {
  for (const window of BrowserWindow.getAllWindows()) {
    if (!allowed(window, 'close')) return false;
    await window.destroy();
  }
  return true;
};

const first = (): BrowserWindow => {
  const [window] = open;
  if (!window) throw new Error('there is no window');
  return window;
};
perform('closeWindow', () => first().close());
perform('minimize', () => first().minimize());
perform('moveWindow', ({ bounds }) => first().setBounds(bounds));
perform('crashPage', () => {
  first().webContents.once('render-process-gone', () => show({ saw: 'pageGone' }));
  first().webContents.crash();
});
perform('reload', () => first().webContents.reload());
