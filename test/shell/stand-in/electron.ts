/**
 * The part of the `electron` module that the application's main process uses, for computers without Electron's binary:
 * windows are pages of a real Chromium, utility processes are real processes.
 *
 * Invariant: it refuses what Electron's documentation says that Electron refuses. What it does not know is undefined
 * and fails at the import, rather than doing nothing.
 */
export { app } from './app.ts';
export { dialog, Menu, nativeImage, nativeTheme, powerMonitor, screen, shell, Tray } from './desktop-services.ts';
export { ipcMain } from './ipc-main.ts';
export { MessageChannelMain } from './ports.ts';
export { protocol } from './protocol.ts';
export { session } from './session.ts';
export { utilityProcess } from './utility.ts';
export { BrowserWindow } from './windows.ts';
