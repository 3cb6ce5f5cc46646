/**
 * The desktop application's composition root: a fleet on utility processes, behind a window and the command line's
 * door.
 *
 * Invariant: one instance at a time; VMs are powered off before the application ends.
 */
import { app, dialog, ipcMain, protocol, session } from 'electron';
import { Fleet } from './fleet/fleet.ts';
import { defaultDataFolder, guestLibrary, rendererFolder, processEntries, version } from './paths.ts';
import { registerAppScheme, serveAppScheme } from './shell/app-scheme.ts';
import { setApplicationMenu } from './shell/menu.ts';
import { restrictNavigation, restrictSession } from './shell/security.ts';
import { utilityProcesses } from './shell/utility-processes.ts';
import { openWindowDoors } from './shell/window-door.ts';
import { openMainWindow, showMainWindow } from './shell/window.ts';
import { startControl } from './web/control.ts';

function openFleet(dataFolder: string): Fleet {
  return new Fleet({ dataFolder, version, processes: utilityProcesses(processEntries), guests: guestLibrary() });
}

/** Powers everything off once, however the user quits. */
function closeBeforeQuitting(fleet: Fleet): void {
  let closed = false;
  app.on('before-quit', (event) => {
    if (closed) return;
    event.preventDefault();
    void fleet.close().finally(() => {
      closed = true;
      app.quit();
    });
  });
  process.on('exit', () => fleet.kill());
}

async function start(): Promise<void> {
  registerAppScheme();
  restrictNavigation(app);
  await app.whenReady();
  serveAppScheme(protocol, rendererFolder);
  restrictSession(session.defaultSession);
  setApplicationMenu(process.platform);
  const dataFolder = defaultDataFolder();
  const fleet = openFleet(dataFolder);
  closeBeforeQuitting(fleet);
  openWindowDoors(ipcMain, fleet);
  // The command line works beside the window; a browser is not let in.
  await startControl(fleet, dataFolder, () => null);
  openMainWindow();
  app.on('activate', showMainWindow);
  app.on('second-instance', showMainWindow);
  app.on('window-all-closed', () => app.quit());
}

if (app.requestSingleInstanceLock()) {
  start().catch((error: Error) => {
    dialog.showErrorBox('Lockstep could not be started', error.message);
    app.exit(1);
  });
} else {
  app.quit();
}
