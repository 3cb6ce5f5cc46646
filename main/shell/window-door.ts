/**
 * A door over Electron's IPC: the desktop windows'.
 *
 * Invariant: only the top frame of one of our own pages is listened to; a session belongs to one document. Its preload
 * script says so before the page can say anything, on the same ordered way: a page that is loaded again never meets
 * its predecessor's session.
 */
import type { IpcMain, IpcMainEvent, WebContents } from 'electron';
import { CHANNEL, OPEN_CHANNEL } from '../../preload/bridge.ts';
import { CLIENT_MESSAGE_BYTES_MAX } from '../../preload/contract/messages.ts';
import { newCaller } from '../fleet/watch/audit.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { Session } from '../fleet/session.ts';
import { isOurs } from './security.ts';

export function openWindowDoors(ipcMain: Pick<IpcMain, 'on'>, fleet: Fleet): void {
  const sessions = new WeakMap<WebContents, Session>();
  ipcMain.on(OPEN_CHANNEL, (event) => {
    if (!fromOurPage(event)) return;
    const page = event.sender;
    const former = sessions.get(page);
    if (former) former.close();
    else closeWithPage(page, () => sessions.get(page)?.close());
    sessions.set(page, openSession(fleet, page));
  });
  ipcMain.on(CHANNEL, (event, message: unknown) => {
    if (fromOurPage(event) && isMessage(message)) sessions.get(event.sender)?.receive(message);
  });
}

function closeWithPage(page: WebContents, close: () => void): void {
  page.on('destroyed', close);
  page.on('render-process-gone', close);
}

function openSession(fleet: Fleet, page: WebContents): Session {
  return new Session(fleet, {
    caller: newCaller('window'),
    send: (message) => {
      if (!page.isDestroyed()) page.send(CHANNEL, message);
    },
    // Electron tells nothing about what a page has not taken; pictures are bounded by their rate.
    unsentBytes: () => 0,
    refuse: () => page.reload(),
    pause: () => {},
  });
}

export function fromOurPage(event: IpcMainEvent): boolean {
  const frame = event.senderFrame;
  return frame !== null && frame.parent === null && isOurs(frame.url);
}

function isMessage(message: unknown): message is string | Uint8Array {
  const isText = typeof message === 'string';
  return (isText || message instanceof Uint8Array) && message.length <= CLIENT_MESSAGE_BYTES_MAX;
}
