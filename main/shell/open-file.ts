/**
 * Exported virtual machines that the user opened: by a double click, a drop on the icon or the window, "Open with".
 *
 * Invariants: nothing is imported that the user was not asked about, one file after the other; a file that comes before
 * the fleet is there waits for it.
 */
import path from 'node:path';
import type { App, IpcMain } from 'electron';
import { DROP_CHANNEL } from '../../preload/bridge.ts';
import { CommandError } from '../../preload/contract/contract.ts';
import { EXPORT_EXTENSION } from '../../preload/contract/share.ts';
import { newCaller } from '../fleet/watch/audit.ts';
import { carryOutFor } from '../fleet/commands.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { fromOurPage } from './window-door.ts';

/** More than this nobody opens on purpose. */
const WAITING_MAX = 20;

/** What the shell asks and tells (questions.ts). */
export interface ImportQuestions {
  askToImport(file: string): Promise<boolean>;
  tellImportFailed(file: string, why: string): Promise<void>;
}

export class OpenedFiles {
  readonly #waiting: string[] = [];
  #take: ((file: string) => Promise<void>) | null = null;
  #busy = false;

  /** From the first moment on: a Mac tells of files before anything is ready. `argv` is this process's own. */
  constructor(app: Pick<App, 'on'>, argv: readonly string[]) {
    app.on('open-file', (event, file) => {
      event.preventDefault();
      this.#add([path.resolve(file)]);
    });
    app.on('second-instance', (_event, theirs, folder) => this.#add(exportedFiles(theirs, folder)));
    this.#add(exportedFiles(argv, process.cwd()));
  }

  /** Files that are dropped onto the window. */
  listen(ipcMain: Pick<IpcMain, 'on'>): void {
    ipcMain.on(DROP_CHANNEL, (event, files: unknown) => {
      if (!fromOurPage(event) || !Array.isArray(files)) return;
      const paths = files.filter((file): file is string => typeof file === 'string' && path.isAbsolute(file));
      this.#add(exportedFiles(['', ...paths], path.sep));
    });
  }

  /** Asks about each and imports it, from now on. */
  importInto(fleet: Fleet, questions: ImportQuestions): void {
    const caller = newCaller('window');
    this.#take = async (file) => {
      if (!(await questions.askToImport(file))) return;
      await carryOutFor(fleet, caller, 'vm.import', { file }).catch((error: Error) =>
        questions.tellImportFailed(file, remedy(error)),
      );
    };
    void this.#work();
  }

  #add(files: readonly string[]): void {
    this.#waiting.push(...files.slice(0, WAITING_MAX - this.#waiting.length));
    void this.#work();
  }

  async #work(): Promise<void> {
    if (this.#busy || !this.#take) return;
    this.#busy = true;
    for (let file = this.#waiting.shift(); file !== undefined; file = this.#waiting.shift()) await this.#take(file);
    this.#busy = false;
  }
}

/** Those of a command line's arguments that are exported virtual machines. */
function exportedFiles(argv: readonly string[], folder: string): string[] {
  return argv
    .slice(1)
    .filter((argument) => !argument.startsWith('-') && argument.toLowerCase().endsWith(EXPORT_EXTENSION))
    .map((argument) => path.resolve(folder, argument));
}

function remedy(error: Error): string {
  const taken = error instanceof CommandError && error.code === 'exists';
  return taken ? `${error.message} "Import…" in the window takes another name.` : error.message;
}
