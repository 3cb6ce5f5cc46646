/**
 * A door over Electron's IPC: the desktop windows'.
 *
 * Invariant: only the top frame of one of our own pages is listened to; a window's session ends when its page goes
 * away.
 */
import type { IpcMain, IpcMainEvent, WebContents } from 'electron';
import { CHANNEL } from '../../preload/bridge.ts';
import { CLIENT_MESSAGE_BYTES_MAX } from '../../preload/messages.ts';
import { newCaller } from '../fleet/audit.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { Session } from '../fleet/session.ts';
import { isOurs } from './security.ts';

export function openWindowDoors(ipcMain: Pick<IpcMain, 'on'>, fleet: Fleet): void {
  const sessions = new Map<WebContents, Session>();
  ipcMain.on(CHANNEL, (event: IpcMainEvent, message: unknown) => {
    if (!fromOurPage(event) || !isMessage(message)) return;
    let session = sessions.get(event.sender);
    if (!session) {
      session = openSession(fleet, event.sender, () => sessions.delete(event.sender));
      sessions.set(event.sender, session);
    }
    session.receive(message);
  });
}

function openSession(fleet: Fleet, page: WebContents, closed: () => void): Session {
  const session = new Session(fleet, {
    caller: newCaller('window'),
    send: (message) => {
      if (!page.isDestroyed()) page.send(CHANNEL, message);
    },
    // Electron tells nothing about what a page has not taken; pictures are bounded by their rate.
    unsentBytes: () => 0,
    refuse: () => page.reload(),
    pause: () => {},
  });
  const close = (): void => {
    session.close();
    closed();
  };
  page.once('destroyed', close);
  page.on('did-start-navigation', ({ isMainFrame, isSameDocument }) => {
    if (isMainFrame && !isSameDocument) close();
  });
  page.once('render-process-gone', close);
  return session;
}

function fromOurPage(event: IpcMainEvent): boolean {
  const frame = event.senderFrame;
  return frame !== null && frame.parent === null && isOurs(frame.url);
}

function isMessage(message: unknown): message is string | Uint8Array {
  const isText = typeof message === 'string';
  return (isText || message instanceof Uint8Array) && message.length <= CLIENT_MESSAGE_BYTES_MAX;
}
