/**
 * A small application that does on the stand-in what Electron refuses, and prints what it was told.
 *
 * Invariant: one line of JSON, a message for each attempt; null where nothing was refused.
 */
import { app, BrowserWindow, MessageChannelMain, protocol, session, utilityProcess } from 'electron';

const told: { [attempt: string]: string | null } = {};

function attempt(name: string, act: () => unknown): void {
  try {
    act();
    told[name] = null;
  } catch (error) {
    told[name] = (error as Error).message;
  }
}

const self = import.meta.filename;
const register = (): void => protocol.registerSchemesAsPrivileged([{ scheme: 'app', privileges: { standard: true } }]);

attempt('a scheme, before ready', register);
attempt('a window, before ready', () => new BrowserWindow());
attempt('a utility process, before ready', () => utilityProcess.fork(self));
attempt('the session, before ready', () => session.defaultSession);
await app.whenReady();
attempt('a scheme, after ready', register);
attempt('a window with Node in it', () => new BrowserWindow({ webPreferences: { nodeIntegration: true } }));
attempt('a utility process of no file', () => utilityProcess.fork('/nowhere/replica.js'));
const { port1, port2 } = new MessageChannelMain();
const sent: unknown[] = [];
port2.on('message', ({ data }) => sent.push(data));
attempt('a function, posted', () => port1.postMessage({ act: () => {} }));
attempt('a buffer, transferred', () => port1.postMessage(1, [new ArrayBuffer(8) as never]));
attempt('a port, through itself', () => port1.postMessage(1, [port1]));
attempt('bytes, posted', () => port1.postMessage(Buffer.from('bytes')));
const other = new MessageChannelMain();
attempt('a port, through another', () => port1.postMessage('take', [other.port2]));
attempt('a port, transferred twice', () => port1.postMessage('take', [other.port2]));
port2.start();
port2.on('close', () => {
  const kinds = sent.map((data) => (data instanceof Uint8Array && !Buffer.isBuffer(data) ? 'Uint8Array' : data));
  process.stdout.write(`${JSON.stringify({ told, kinds })}\n`);
  app.quit();
});
port1.close();
