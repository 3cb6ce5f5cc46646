/**
 * What the shell itself asks and tells, in the platform's own dialogs.
 *
 * Invariant: none of them blocks this process (`show…Sync` and `showErrorBox` would): the fleet goes on meanwhile.
 */
import path from 'node:path';
import { BrowserWindow, dialog, type MessageBoxOptions } from 'electron';
import type { NotSuspended, WayOut } from './quitting.ts';

const NAMES_MAX = 10;

/** Answers with the number of the chosen button. */
async function show(options: MessageBoxOptions): Promise<number> {
  const [window] = BrowserWindow.getAllWindows();
  const { response } = await (window ? dialog.showMessageBox(window, options) : dialog.showMessageBox(options));
  return response;
}

export async function askToQuit(running: readonly string[]): Promise<WayOut | null> {
  const named = running.slice(0, NAMES_MAX).join(', ') + (running.length > NAMES_MAX ? ', …' : '');
  const one = running.length === 1;
  const chosen = await show({
    type: 'warning',
    title: 'Quit Lockstep?',
    message: one ? 'A virtual machine is running.' : `${running.length} virtual machines are running.`,
    detail:
      `Suspending saves the state of ${named}: it goes on from there when it is powered on again. ` +
      'Powering off is like unplugging it: what a guest has not written to its disk is lost.',
    buttons: ['Suspend and quit', 'Power off and quit', 'Cancel'],
    defaultId: 0,
    cancelId: 2,
    noLink: true,
  });
  return (['suspend', 'powerOff'] as const)[chosen] ?? null;
}

export async function askToPowerOff(these: readonly NotSuspended[]): Promise<boolean> {
  const one = these.length === 1;
  const chosen = await show({
    type: 'warning',
    title: 'Quit Lockstep?',
    message: `${one ? 'A virtual machine' : `${these.length} virtual machines`} could not be suspended.`,
    detail:
      `${these
        .map(({ name, why }) => `${name}: ${why}`)
        .slice(0, NAMES_MAX)
        .join('\n')}\n\n` + 'What a guest has not written to its disk is lost when it is powered off now.',
    buttons: ['Stay', 'Power off and quit'],
    defaultId: 0,
    cancelId: 0,
    noLink: true,
  });
  return chosen === 1;
}

/** Offers to draw the page once more, after it died again and again. */
export async function askToReload(reason: string): Promise<boolean> {
  const chosen = await show({
    type: 'error',
    title: 'The window has no contents',
    message: `The page ended unexpectedly several times (${reason}).`,
    detail: 'Virtual machines run on, and the command line works.',
    buttons: ['Try again', 'Leave it'],
    defaultId: 0,
    cancelId: 1,
    noLink: true,
  });
  return chosen === 0;
}

/** A file that was opened outside the window may come from anybody. */
export async function askToImport(file: string): Promise<boolean> {
  const chosen = await show({
    type: 'question',
    title: 'Import a virtual machine?',
    message: `Import the virtual machine in "${path.basename(file)}"?`,
    detail: `${file}\n\nIt gets files of its own in Lockstep's data folder, and is not powered on.`,
    buttons: ['Import', 'Cancel'],
    defaultId: 0,
    cancelId: 1,
    noLink: true,
  });
  return chosen === 0;
}

export async function tellImportFailed(file: string, why: string): Promise<void> {
  await show({
    type: 'error',
    title: 'Nothing was imported',
    message: `"${path.basename(file)}" was not imported.`,
    detail: why,
    buttons: ['OK'],
    defaultId: 0,
    cancelId: 0,
    noLink: true,
  });
}
