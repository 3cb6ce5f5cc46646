/**
 * `ipcMain`: an emitter; the pages' side of it is in web-contents.ts.
 *
 * Invariant: an event's listener gets the frame that sent it.
 */
import { EventEmitter } from 'node:events';

export const ipcMain = new EventEmitter();
