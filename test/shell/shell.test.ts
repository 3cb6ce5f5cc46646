/**
 * The Electron shell's own logic, on a double of Electron. What needs the real binary is reported as skipped.
 */
import { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import type { Fleet } from '../../main/fleet/fleet.ts';
import { portTransport, type PortLike } from '../../main/transport/port.ts';
import { FakeContents, fakeElectron, forked, nextPid, opened, windows } from './fake-electron.ts';

vi.mock('electron', () => fakeElectron());

const { serveAppScheme, APP_ORIGIN } = await import('../../main/shell/app-scheme.ts');
const { restrictNavigation, restrictSession, isOurs } = await import('../../main/shell/security.ts');
const { utilityProcesses } = await import('../../main/shell/utility-processes.ts');
const { openWindowDoors } = await import('../../main/shell/window-door.ts');
const { openMainWindow } = await import('../../main/shell/window.ts');

const ENTRIES = { replica: '/fixed/replica.js', gateway: '/fixed/gateway.js' };
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

test('a linked pair of utility processes gets the two ends of one channel', async () => {
  const processes = utilityProcesses(ENTRIES);
  const [a, b] = [processes.fork(), processes.fork()];
  processes.link(a, b);
  const [one, two] = forked.slice(-2).map((child) => child.sent.at(-1));
  expect([one?.message, two?.message]).toEqual([{ link: 'peer' }, { link: 'peer' }]);
  const [left, right] = [one, two].map((sent) => portTransport(sent?.ports[0] as unknown as PortLike));
  const arrived = new Promise<Uint8Array>((resolve) => right?.onMessage(resolve));
  left?.send(Uint8Array.of(1, 2, 3));
  expect([...(await arrived)]).toEqual([1, 2, 3]);
  const closed = new Promise<string>((resolve) => right?.onClose(resolve));
  left?.close();
  expect(await closed).toBe('the link was closed');
});

test('a utility process runs the fixed entry, and its end is told in words', () => {
  const replica = utilityProcesses(ENTRIES).fork();
  const child = forked.at(-1);
  const ends: string[] = [];
  replica.onExit((why) => ends.push(why));
  child?.emit('exit', 9);
  expect(child?.entry).toBe('/fixed/replica.js');
  expect(child?.options.serviceName).toMatch(/^Lockstep replica \d+$/);
  expect(ends).toEqual(['exit code 9']);
});

test('killing a utility process really kills it', async () => {
  const victim = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const gone = new Promise<string | null>((resolve) => victim.once('exit', (_code, signal) => resolve(signal)));
  nextPid.value = victim.pid;
  utilityProcesses(ENTRIES).fork().kill();
  expect(await gone).toBe('SIGKILL');
});

test('the app scheme serves the page with strict headers, and nothing else', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lockstep-page-'));
  folders.push(folder);
  writeFileSync(path.join(folder, 'index.html'), '<p>page</p>');
  writeFileSync(path.join(folder, '..', `${path.basename(folder)}.json`), '{}');
  folders.push(path.join(folder, '..', `${path.basename(folder)}.json`));
  let handle: (request: { url: string }) => Promise<Response> = () => Promise.reject(new Error('not set'));
  serveAppScheme({ handle: (_scheme: string, handler: typeof handle) => (handle = handler) } as never, folder);
  const page = await handle({ url: `${APP_ORIGIN}/` });
  expect([page.status, await page.text()]).toEqual([200, '<p>page</p>']);
  expect(page.headers.get('Content-Security-Policy')).toMatch(/^default-src 'none'/);
  for (const url of [
    `${APP_ORIGIN}/..%2f${path.basename(folder)}.json`,
    `${APP_ORIGIN}/missing.js`,
    `${APP_ORIGIN}/%`,
    'app://elsewhere/index.html',
    'nonsense',
  ]) {
    expect([url, (await handle({ url })).status]).toEqual([url, 404]);
  }
});

test('the page may write the clipboard, fill the screen, hold the pointer and notify, and nothing else', () => {
  let request: (contents: unknown, permission: string, answer: (granted: boolean) => void) => void = () => {};
  let check: (contents: unknown, permission: string) => boolean = () => true;
  restrictSession({
    setPermissionRequestHandler: (handler: typeof request) => (request = handler),
    setPermissionCheckHandler: (handler: typeof check) => (check = handler),
  } as never);
  const granted = (permission: string): boolean => {
    let answer = false;
    request(null, permission, (value) => (answer = value));
    expect(check(null, permission)).toBe(answer);
    return answer;
  };
  expect(['clipboard-sanitized-write', 'fullscreen', 'pointerLock', 'notifications'].map(granted)).toEqual(
    Array(4).fill(true),
  );
  expect(['media', 'geolocation', 'clipboard-read', 'usb'].map(granted)).toEqual(Array(4).fill(false));
});

test('the page navigates nowhere else, opens no window, and embeds nothing', () => {
  const app = new EventEmitter();
  restrictNavigation(app as never);
  const contents = new FakeContents();
  app.emit('web-contents-created', {}, contents);
  const stopped = (event: string, url: string): boolean => {
    const preventDefault = vi.fn();
    contents.emit(event, { url, preventDefault });
    return preventDefault.mock.calls.length > 0;
  };
  expect(stopped('will-navigate', `${APP_ORIGIN}/index.html`)).toBe(false);
  expect(stopped('will-navigate', 'https://example.org/')).toBe(true);
  expect(stopped('will-navigate', `${APP_ORIGIN}.example.org/`)).toBe(true);
  expect(stopped('will-attach-webview', '')).toBe(true);
  expect(contents.windowOpen?.({ url: 'https://example.org/' })).toEqual({ action: 'deny' });
  expect(contents.windowOpen?.({ url: 'file:///etc/passwd' })).toEqual({ action: 'deny' });
  expect(contents.windowOpen?.({ url: 'http://example.org/' })).toEqual({ action: 'deny' });
  // What a guest serves through a port forward is opened in the browser.
  expect(contents.windowOpen?.({ url: 'http://127.0.0.1:8080/' })).toEqual({ action: 'deny' });
  expect(opened).toEqual(['https://example.org/', 'http://127.0.0.1:8080/']);
  expect(isOurs('app://lockstepper/')).toBe(false);
});

test('only the top frame of our own page is listened to, and its session ends with the page', async () => {
  const ipc = new EventEmitter();
  const unfollow = vi.fn();
  const fleet = { inventory: () => ({ vms: [] }), follow: () => unfollow } as unknown as Fleet;
  openWindowDoors(ipc as never, fleet);
  const sender = new FakeContents();
  const say = (frame: { url: string; parent: unknown } | null, message: unknown): boolean =>
    ipc.emit('lockstep', { sender, senderFrame: frame }, message);
  const subscribe = JSON.stringify({ kind: 'subscribe', subscription: 1, topic: 'inventory', args: {} });
  say({ url: 'https://example.org/', parent: null }, subscribe);
  say({ url: `${APP_ORIGIN}/`, parent: {} }, subscribe);
  say(null, subscribe);
  say({ url: `${APP_ORIGIN}/`, parent: null }, { not: 'a message' });
  expect(sender.sent).toEqual([]);
  say({ url: `${APP_ORIGIN}/`, parent: null }, subscribe);
  expect(sender.sent.map((message) => JSON.parse(String(message)))).toEqual([
    { kind: 'data', subscription: 1, data: { vms: [] } },
  ]);
  sender.emit('did-start-navigation', { isMainFrame: true, isSameDocument: true });
  expect(unfollow).not.toHaveBeenCalled();
  sender.emit('did-start-navigation', { isMainFrame: true, isSameDocument: false });
  expect(unfollow).toHaveBeenCalledOnce();
});

test('the window is sandboxed, has no Node, and shows our page', () => {
  openMainWindow();
  expect(windows.at(-1)).toMatchObject({
    url: `${APP_ORIGIN}/`,
    options: { webPreferences: { sandbox: true, contextIsolation: true, nodeIntegration: false } },
  });
});

const electron = path.resolve(import.meta.dirname, '../../node_modules/electron/dist/electron');

test.skipIf(!existsSync(electron))('the real application starts and ends', { timeout: 60_000 }, async () => {
  const data = mkdtempSync(path.join(os.tmpdir(), 'lockstep-desktop-'));
  folders.push(data);
  const child = spawn(electron, [path.resolve(import.meta.dirname, '../..'), '--no-sandbox'], {
    env: { ...process.env, LOCKSTEP_DATA: data },
    stdio: 'ignore',
  });
  await expect.poll(() => existsSync(path.join(data, 'control.sock')), { timeout: 40_000 }).toBe(true);
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
});
