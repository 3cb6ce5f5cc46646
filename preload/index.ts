/**
 * The preload script of the desktop window: exposes the bridge to the sandboxed page.
 *
 * Invariant: no Electron object reaches the page, only strings and bytes do.
 */
import { contextBridge, ipcRenderer, webUtils, type IpcRendererEvent } from 'electron';
import { CHANNEL, DROP_CHANNEL, OPEN_CHANNEL, type LockstepBridge } from './bridge.ts';
import { listenToDrops } from './drop.ts';

const bridge: LockstepBridge = {
  send: (message) => ipcRenderer.send(CHANNEL, message),
  onMessage(listener) {
    const pass = (_event: IpcRendererEvent, message: string | Uint8Array): void => listener(message);
    ipcRenderer.on(CHANNEL, pass);
    return () => ipcRenderer.off(CHANNEL, pass);
  },
  platform: process.platform,
};

ipcRenderer.send(OPEN_CHANNEL);
listenToDrops(
  (file) => webUtils.getPathForFile(file),
  (files) => ipcRenderer.send(DROP_CHANNEL, files),
);
contextBridge.exposeInMainWorld('lockstep', bridge);
