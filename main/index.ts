/**
 * The desktop application's composition root: a fleet on utility processes, behind a window and the command line's
 * door.
 *
 * Invariant: one instance at a time; VMs are suspended or powered off before the application ends.
 */
import path from 'node:path';
import { app, dialog, ipcMain, powerMonitor, protocol, session } from 'electron';
import { Fleet } from './fleet/fleet.ts';
import { surviveFullDatabase } from './fleet/survive.ts';
import { defaultDataFolder, guestLibrary, rendererFolder, processEntries, statusIcon, version } from './paths.ts';
import { registerAppScheme, serveAppScheme } from './shell/app-scheme.ts';
import { setApplicationMenu } from './shell/menu.ts';
import { OpenedFiles } from './shell/open-file.ts';
import { askToImport, askToPowerOff, askToQuit, tellImportFailed } from './shell/questions.ts';
import { Quitting } from './shell/quitting.ts';
import { restrictNavigation, restrictSession } from './shell/security.ts';
import { showStatus } from './shell/status-icon.ts';
import { utilityProcesses } from './shell/utility-processes.ts';
import { openWindowDoors } from './shell/window-door.ts';
import { MainWindow } from './shell/window.ts';
import { startControl } from './web/control.ts';

/** On a Mac an application goes on without a window. */
const QUITS_WITH_ITS_WINDOW = process.platform !== 'darwin';

function openFleet(dataFolder: string): Fleet {
  const fleet = new Fleet({ dataFolder, version, processes: utilityProcesses(processEntries), guests: guestLibrary() });
  process.on('exit', () => fleet.kill());
  return fleet;
}

/** However the user or the system ends the application, the fleet is closed first. */
function quitInOrder(fleet: Fleet): Quitting {
  const quitting = new Quitting(app, fleet, { toQuit: askToQuit, toPowerOff: askToPowerOff });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => quitting.now());
  powerMonitor.on('shutdown', (event?: { preventDefault(): void }) => {
    // The system waits for us then, as long as it pleases.
    event?.preventDefault();
    quitting.now();
  });
  return quitting;
}

function openWindow(quitting: Quitting): MainWindow {
  const window = new MainWindow({
    stateFile: path.join(app.getPath('userData'), 'window.json'),
    mayClose() {
      if (quitting.closed || !QUITS_WITH_ITS_WINDOW) return true;
      app.quit();
      return false;
    },
  });
  window.show();
  app.on('activate', () => window.show());
  app.on('second-instance', () => window.show());
  app.on('window-all-closed', () => {
    if (QUITS_WITH_ITS_WINDOW) app.quit();
  });
  return window;
}

async function start(): Promise<void> {
  const opened = new OpenedFiles(app, process.argv);
  registerAppScheme();
  restrictNavigation(app);
  await app.whenReady();
  // As Electron does where nobody listens.
  surviveFullDatabase((error) => dialog.showErrorBox('Lockstep', error.stack ?? error.message));
  serveAppScheme(protocol, rendererFolder);
  restrictSession(session.defaultSession);
  setApplicationMenu(process.platform);
  const dataFolder = defaultDataFolder();
  const fleet = openFleet(dataFolder);
  const quitting = quitInOrder(fleet);
  openWindowDoors(ipcMain, fleet);
  // The command line works beside the window; a browser is not let in.
  await startControl(fleet, dataFolder, () => null);
  const window = openWindow(quitting);
  showStatus(app, fleet, statusIcon, () => window.show());
  opened.listen(ipcMain);
  opened.importInto(fleet, { askToImport, tellImportFailed });
}

if (app.requestSingleInstanceLock()) {
  start().catch((error: Error) => {
    dialog.showErrorBox('Lockstep could not be started', error.message);
    app.exit(1);
  });
} else {
  app.quit();
}
