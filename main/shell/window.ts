/**
 * The main window, and what windows with a console have from it.
 *
 * Invariant: there is at most one main window; every page runs in a sandbox with no Node in it, goes on drawing while
 * it is covered (a console shows what happens, not what happened when somebody last looked), and is drawn again when
 * it dies.
 */
import path from 'node:path';
import { BrowserWindow, nativeTheme, screen, type BrowserWindowConstructorOptions } from 'electron';
import { root } from '../paths.ts';
import { APP_ORIGIN } from './app-scheme.ts';
import { askToReload } from './questions.ts';
import { readWindowState, writeWindowState } from './window-state.ts';

const SIZE = { width: 1280, height: 800, minWidth: 900, minHeight: 600 };
const CONSOLE_SIZE = { width: 800, height: 600, minWidth: 480, minHeight: 320 };
/** The page's own background colours, so that nothing flashes before it is drawn. */
const BACKGROUND = { light: '#f5f7f9', dark: '#14181d' };
/** A page that dies more often than this within the period is not loaded again without asking. */
const DEATHS_MAX = 3;
const DEATHS_PERIOD_MS = 60_000;

export interface MainWindowOptions {
  /** Where the window's position is kept. */
  readonly stateFile: string;
  /** Whether the user may close the window now; where not, this call has begun whatever has to come first. */
  mayClose(): boolean;
}

export class MainWindow {
  readonly #options: MainWindowOptions;
  #window: BrowserWindow | null = null;

  constructor(options: MainWindowOptions) {
    this.#options = options;
  }

  /** Brings the window to the front, or opens it. */
  show(): void {
    if (!this.#window) {
      this.#window = this.#open();
      return;
    }
    if (this.#window.isMinimized()) this.#window.restore();
    this.#window.focus();
  }

  #open(): BrowserWindow {
    const { stateFile } = this.#options;
    const screens = screen.getAllDisplays().map((display) => display.workArea);
    const state = readWindowState(stateFile, screens);
    const window = new BrowserWindow({
      ...SIZE,
      ...state?.bounds,
      show: false,
      title: 'Lockstep',
      ...pageOptions(),
    });
    window.once('ready-to-show', () => {
      if (state?.maximized) window.maximize();
      window.show();
    });
    window.on('close', (event) => {
      writeWindowState(stateFile, { bounds: window.getNormalBounds(), maximized: window.isMaximized() });
      if (!this.#options.mayClose()) event.preventDefault();
    });
    window.once('closed', () => (this.#window = null));
    reviveDeadPage(window);
    load(window);
    return window;
  }
}

/** What every window has that shows our page. */
function pageOptions(): BrowserWindowConstructorOptions {
  return {
    backgroundColor: nativeTheme.shouldUseDarkColors ? BACKGROUND.dark : BACKGROUND.light,
    webPreferences: {
      preload: path.join(root, 'out', 'preload', 'index.cjs'),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      backgroundThrottling: false,
    },
  };
}

/** For a window with one console, which the page opens. */
export function consoleWindowOptions(): BrowserWindowConstructorOptions {
  return { ...CONSOLE_SIZE, title: 'Lockstep', ...pageOptions() };
}

function load(window: BrowserWindow): void {
  window.loadURL(`${APP_ORIGIN}/`).catch(() => {
    // An empty window can be closed; one that was never shown cannot.
    if (!window.isDestroyed()) window.show();
  });
}

/** The page's process may die (of its graphics driver, of too little memory); the VMs do not notice. */
function reviveDeadPage(window: BrowserWindow): void {
  let deaths: number[] = [];
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason === 'clean-exit') return;
    const now = performance.now();
    deaths = [...deaths.filter((at) => at > now - DEATHS_PERIOD_MS), now];
    const willing = deaths.length <= DEATHS_MAX ? Promise.resolve(true) : askToReload(reason);
    void willing.then((again) => {
      if (again && !window.isDestroyed()) load(window);
    });
  });
}
