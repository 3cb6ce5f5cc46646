/**
 * The main window.
 *
 * Invariant: its page runs in a sandbox with no Node in it, and goes on drawing while it is covered: a console shows
 * what happens, not what happened when somebody last looked.
 */
import path from 'node:path';
import { BrowserWindow, nativeTheme } from 'electron';
import { root } from '../paths.ts';
import { APP_ORIGIN } from './app-scheme.ts';

const SIZE = { width: 1280, height: 800, minWidth: 900, minHeight: 600 };
/** The page's own background colours, so that nothing flashes before it is drawn. */
const BACKGROUND = { light: '#f5f7f9', dark: '#14181d' };

export function openMainWindow(): BrowserWindow {
  const window = new BrowserWindow({
    ...SIZE,
    show: false,
    title: 'Lockstep',
    backgroundColor: nativeTheme.shouldUseDarkColors ? BACKGROUND.dark : BACKGROUND.light,
    webPreferences: {
      preload: path.join(root, 'out', 'preload', 'index.cjs'),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      backgroundThrottling: false,
    },
  });
  window.once('ready-to-show', () => window.show());
  void window.loadURL(`${APP_ORIGIN}/`);
  return window;
}

/** Brings a window to the front, or opens one. */
export function showMainWindow(): void {
  const [window] = BrowserWindow.getAllWindows();
  if (!window) {
    openMainWindow();
    return;
  }
  if (window.isMinimized()) window.restore();
  window.focus();
}
