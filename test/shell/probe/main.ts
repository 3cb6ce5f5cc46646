/**
 * The probe, inside Electron: measures what Lockstep relies on and could not be tried where it was made, and prints
 * one line of JSON.
 *
 * Invariant: it changes nothing on the computer; it ends by itself, also where a measurement does not come to an end.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { app, BrowserWindow, ipcMain, MessageChannelMain, protocol, session, utilityProcess } from 'electron';
import type { Task } from './utility.ts';

const LIMIT_MS = 120_000;
const SIZES = [1, 16, 64, 256].map((kilobytes) => kilobytes << 10);
const BEFORE_THE_KILL = 1000;

type Said = { readonly task: string; readonly result?: unknown; readonly data?: unknown; readonly at?: number };
const report: { [name: string]: unknown } = { electron: process.versions['electron'], platform: process.platform };

class Utility {
  readonly child = utilityProcess.fork(path.join(import.meta.dirname, 'utility.js'), [], { serviceName: 'probe' });
  onSaid: (said: Said) => void = () => {};

  constructor() {
    this.child.on('message', (said: Said) => this.onSaid(said));
  }

  ask(task: Task, port?: Electron.MessagePortMain): Promise<unknown> {
    return new Promise((resolve) => {
      this.onSaid = (said) => {
        if (said.task === task.task) resolve(said.result);
      };
      this.child.postMessage(task, port ? [port] : []);
    });
  }
}

async function ports(): Promise<void> {
  const [one, other] = [new Utility(), new Utility()];
  const { port1, port2 } = new MessageChannelMain();
  report['facts'] = await one.ask({ task: 'facts' }, port1);
  await other.ask({ task: 'echo' }, port2);
  const trips: unknown[] = [];
  const floods: unknown[] = [];
  for (const bytes of SIZES) trips.push(await one.ask({ task: 'roundTrips', bytes, count: 500 }));
  for (const bytes of SIZES) floods.push(await one.ask({ task: 'flood', bytes, count: 500 }));
  report['roundTrips'] = trips;
  report['floods'] = floods;
  await kill(one, other);
}

/** What the peer of a killed process hears, and when. */
async function kill(victim: Utility, peer: Utility): Promise<void> {
  await peer.ask({ task: 'listen' });
  let heard = 0;
  const closed = new Promise<number>((resolve) => {
    peer.onSaid = ({ task, at }) => {
      if (task === 'heard') heard += 1;
      if (task === 'closed') resolve(at ?? 0);
    };
  });
  const exited = new Promise<number>((resolve) => victim.child.once('exit', (code) => resolve(code)));
  const gone = new Promise<string>((resolve) => {
    app.once('child-process-gone', (_event, { type, reason }) => resolve(`${type}: ${reason}`));
  });
  victim.child.postMessage({ task: 'flood', bytes: 0, count: BEFORE_THE_KILL });
  await new Promise((resolve) => setTimeout(resolve, 200));
  const killedAt = Date.now();
  process.kill(victim.child.pid ?? 0, 'SIGKILL');
  const closedAt = await closed;
  report['kill'] = {
    closeAfterMs: closedAt - killedAt,
    arrivedOf1000: heard,
    exitCode: await exited,
    childProcessGone: await gone,
  };
  peer.child.kill();
}

async function guest(): Promise<void> {
  const utility = new Utility();
  report['guest'] = await utility.ask({ task: 'guest' });
  utility.child.kill();
}

/** In which order main hears of a new document and of what its preload script says first. */
async function documents(): Promise<void> {
  protocol.handle('app', () => new Response('<title>probe</title>', { headers: { 'Content-Type': 'text/html' } }));
  session.defaultSession.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  session.defaultSession.setPermissionCheckHandler(() => false);
  const preload = path.join(import.meta.dirname, '..', 'preload', 'index.cjs');
  const webPreferences = { preload, sandbox: true, contextIsolation: true, nodeIntegration: false };
  const window = new BrowserWindow({ show: false, webPreferences });
  const order: string[] = [];
  ipcMain.on('lockstep:open', ({ senderFrame }) => void order.push(`preload spoke, frame ${senderFrame?.url}`));
  window.webContents.on('did-navigate', () => void order.push('did-navigate'));
  await window.loadURL('app://lockstep/');
  const again = new Promise<void>((resolve) => window.webContents.once('did-finish-load', () => resolve()));
  window.webContents.reload();
  await again;
  await new Promise((resolve) => setTimeout(resolve, 500));
  report['documents'] = order;
}

/** The installed command line runs Electron as Node. */
function asNode(): void {
  const script = 'console.log(JSON.stringify([process.versions.node, typeof process.resourcesPath, process.execArgv]))';
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1' };
  const { status, stdout } = spawnSync(process.execPath, ['-e', script], { env, encoding: 'utf8' });
  report['asNode'] = status === 0 ? (JSON.parse(stdout) as unknown) : `exit status ${status}`;
}

/** Whether a handler of ours, or Electron's own, gets SIGTERM. */
async function signals(): Promise<void> {
  if (process.platform === 'win32') return;
  const order: string[] = [];
  process.on('SIGTERM', () => order.push('process.on'));
  const quit = (event: { preventDefault(): void }): void => {
    event.preventDefault();
    order.push('before-quit');
  };
  app.on('before-quit', quit);
  process.kill(process.pid, 'SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 500));
  app.off('before-quit', quit);
  report['sigterm'] = order;
}

function end(): void {
  process.stdout.write(`${JSON.stringify(report)}\n`);
  app.exit(0);
}

protocol.registerSchemesAsPrivileged([{ scheme: 'app', privileges: { standard: true, secure: true } }]);
await app.whenReady();
setTimeout(end, LIMIT_MS);
for (const [name, measure] of Object.entries({ documents, ports, guest, asNode, signals })) {
  try {
    await measure();
  } catch (error) {
    report[name] = `failed: ${(error as Error).message}`;
  }
}
end();
