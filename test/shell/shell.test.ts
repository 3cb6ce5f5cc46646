/**
 * The Electron shell's own logic, on a double of Electron. The whole application on a stand-in is
 * test/app/desktop.test.ts, on the real binary electron.test.ts.
 */
import { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import type { Fleet } from '../../main/fleet/fleet.ts';
import { portTransport, type PortLike } from '../../main/transport/port.ts';
import { FakeContents, fakeElectron, forked, nextPid, opened, windows } from './fake-electron.ts';

vi.mock('electron', () => fakeElectron());

const { serveAppScheme, APP_ORIGIN } = await import('../../main/shell/app-scheme.ts');
const { restrictNavigation, restrictSession, isOurs } = await import('../../main/shell/security.ts');
const { utilityProcesses } = await import('../../main/shell/utility-processes.ts');
const { openWindowDoors } = await import('../../main/shell/window-door.ts');
const { MainWindow } = await import('../../main/shell/window.ts');
const { Quitting } = await import('../../main/shell/quitting.ts');
const { statusOf } = await import('../../main/shell/status-icon.ts');
const { readWindowState, writeWindowState } = await import('../../main/shell/window-state.ts');

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

test('a utility process that has no number yet is killed when it gets one', async () => {
  nextPid.value = undefined;
  utilityProcesses(ENTRIES).fork().kill();
  const victim = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const gone = new Promise<string | null>((resolve) => victim.once('exit', (_code, signal) => resolve(signal)));
  const child = forked.at(-1);
  if (child) child.pid = victim.pid;
  child?.emit('spawn');
  expect(await gone).toBe('SIGKILL');
  // It has ended, and Electron has not said so yet: nothing to do, nothing to complain about.
  child?.emit('spawn');
});

test('who waits for the number of a utility process hears when it has one', () => {
  nextPid.value = undefined;
  const replica = utilityProcesses(ENTRIES).fork();
  const child = forked.at(-1);
  const numbers: number[] = [];
  const tell = (): void => void numbers.push(replica.pid);
  replica.whenNumbered(tell);
  expect(numbers).toEqual([]);
  if (child) child.pid = 4711;
  child?.emit('spawn');
  replica.whenNumbered(tell);
  expect(numbers).toEqual([4711, 4711]);
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

test('a console gets a window of its own, guarded like the main one; nothing else does, and nobody else', () => {
  const app = new EventEmitter();
  restrictNavigation(app as never);
  const contents = new FakeContents();
  app.emit('web-contents-created', {}, contents);
  const open = (url: string) => contents.windowOpen?.({ url });
  expect(open(`${APP_ORIGIN}/#/console/0f3a-7b`)).toMatchObject({
    action: 'allow',
    overrideBrowserWindowOptions: {
      webPreferences: {
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        preload: expect.stringContaining(path.join('out', 'preload')),
      },
    },
  });
  for (const url of [
    `${APP_ORIGIN}/`,
    `${APP_ORIGIN}/#/vm/0f3a-7b/console`,
    `${APP_ORIGIN}/#/console/`,
    `${APP_ORIGIN}/#/console/a/b`,
    `${APP_ORIGIN}/other.html#/console/a`,
    `${APP_ORIGIN}.example.org/#/console/a`,
    'app://lockstepper/#/console/a',
    'javascript:alert(1)',
  ]) {
    expect(open(url), url).toEqual({ action: 'deny' });
  }
  contents.url = 'https://example.org/';
  expect(open(`${APP_ORIGIN}/#/console/0f3a-7b`)).toEqual({ action: 'deny' });
  const destroy = vi.fn();
  const webContents = new FakeContents();
  contents.emit('did-create-window', { webContents, destroy });
  webContents.emit('render-process-gone');
  expect(destroy).toHaveBeenCalledOnce();
});

test('the page navigates nowhere else, opens no other window, and embeds nothing', () => {
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

test('only the top frame of our own page is listened to, and a session belongs to one document', () => {
  const ipc = new EventEmitter();
  const unfollow = vi.fn();
  const fleet = { inventory: () => ({ vms: [] }), follow: () => unfollow } as unknown as Fleet;
  openWindowDoors(ipc as never, fleet);
  const sender = new FakeContents();
  const ours = { url: `${APP_ORIGIN}/`, parent: null };
  const strangers = [{ url: 'https://example.org/', parent: null }, { url: `${APP_ORIGIN}/`, parent: {} }, null];
  const open = (senderFrame: unknown): boolean => ipc.emit('lockstep:open', { sender, senderFrame });
  const say = (senderFrame: unknown, message: unknown): boolean =>
    ipc.emit('lockstep', { sender, senderFrame }, message);
  const subscribe = JSON.stringify({ kind: 'subscribe', subscription: 1, topic: 'inventory', args: {} });
  const answer = { kind: 'data', subscription: 1, data: { vms: [] } };
  const heard = (): unknown[] => sender.sent.splice(0).map((message) => JSON.parse(String(message)));
  for (const frame of strangers) open(frame);
  say(ours, subscribe);
  expect(heard()).toEqual([]);
  open(ours);
  for (const frame of strangers) say(frame, subscribe);
  say(ours, { not: 'a message' });
  expect(heard()).toEqual([]);
  say(ours, subscribe);
  expect(heard()).toEqual([answer]);
  expect(unfollow).not.toHaveBeenCalled();
  // The page is loaded again: the new document may use the same numbers.
  open(ours);
  expect(unfollow).toHaveBeenCalledTimes(1);
  say(ours, subscribe);
  expect(heard()).toEqual([answer]);
  sender.emit('render-process-gone');
  expect(unfollow).toHaveBeenCalledTimes(2);
  for (let times = 0; times < 20; times++) open(ours);
  expect(sender.listenerCount('destroyed')).toBe(1);
});

test('the window is sandboxed, has no Node, and shows our page', () => {
  new MainWindow({ stateFile: '/nowhere/window.json', mayClose: () => true }).show();
  expect(windows.at(-1)).toMatchObject({
    url: `${APP_ORIGIN}/`,
    options: { webPreferences: { sandbox: true, contextIsolation: true, nodeIntegration: false } },
  });
});

describe('the window state', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lockstep-window-'));
  const file = path.join(folder, 'below', 'window.json');
  const screens = [
    { x: 0, y: 0, width: 1920, height: 1040 },
    { x: 1920, y: 0, width: 1280, height: 1024 },
  ];
  const at = (x: number, y: number) => ({ bounds: { x, y, width: 1000, height: 700 }, maximized: false });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('is read as it was written', () => {
    expect(readWindowState(file, screens)).toBeNull();
    writeWindowState(file, { ...at(2000, 10), maximized: true });
    expect(readWindowState(file, screens)).toEqual({ ...at(2000, 10), maximized: true });
  });

  test('counts as nothing where the title bar would be on no screen', () => {
    for (const [x, y] of [
      [3150, 10],
      [-950, 10],
      [100, -20],
      [100, 1030],
    ] as const) {
      writeWindowState(file, at(x, y));
      expect([x, y, readWindowState(file, screens)]).toEqual([x, y, null]);
    }
    writeWindowState(file, at(-850, 10));
    expect(readWindowState(file, screens)).toEqual(at(-850, 10));
  });

  test('counts as nothing where it is damaged', () => {
    for (const text of [
      '',
      '{',
      'null',
      '{"bounds":{"x":1,"y":1,"width":1e9,"height":7},"maximized":false}',
      '{}',
      '[]',
    ]) {
      writeFileSync(file, text);
      expect([text, readWindowState(file, screens)]).toEqual([text, null]);
    }
  });
});

describe('the status', () => {
  test('counts what runs, what is protected, and alarms that nobody has seen', () => {
    const vm = (power: string, status: string, unacknowledged: number) =>
      ({ power, ft: { status }, alarms: { active: unacknowledged, unacknowledged, worst: null } }) as never;
    expect(statusOf([])).toEqual({ tooltip: 'Lockstep: 0 running, 0 protected', alarms: 0 });
    const vms = [vm('on', 'protected', 0), vm('paused', 'needSecondary', 1), vm('off', 'notConfigured', 2)];
    expect(statusOf(vms)).toEqual({ tooltip: 'Lockstep: 2 running, 1 protected, 3 alarms', alarms: 3 });
  });
});

describe('quitting', () => {
  const begin = (running: string[]) => {
    const app = Object.assign(new EventEmitter(), { quits: 0, quit: () => {} });
    app.quit = () => {
      let prevented = false;
      app.emit('before-quit', { preventDefault: () => (prevented = true) });
      if (!prevented) app.quits += 1;
    };
    const close = vi.fn((_how: string) => Promise.resolve());
    const question = Promise.withResolvers<'suspend' | 'powerOff' | null>();
    const ask = vi.fn(() => question.promise);
    const all = (): { name: string; power: string }[] => running.map((name) => ({ name, power: 'on' }));
    const left: { name: string; why: string }[] = [];
    const suspendAll = vi.fn(() => Promise.resolve(left));
    const powerOff = Promise.withResolvers<boolean>();
    const toPowerOff = vi.fn(() => powerOff.promise);
    const quitting = new Quitting(app as never, { all, suspendAll, close }, { toQuit: ask, toPowerOff });
    return { app, close, ask, question, left, suspendAll, toPowerOff, powerOff, quitting };
  };
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  test('asks for nothing where nothing runs, and closes the fleet first', async () => {
    const { app, close, ask, quitting } = begin([]);
    app.quit();
    expect([app.quits, quitting.closed]).toEqual([0, false]);
    await settle();
    expect([app.quits, quitting.closed, close.mock.calls.length, ask.mock.calls.length]).toEqual([1, true, 1, 0]);
  });

  test('asks once, stays after Cancel, and asks again the next time', async () => {
    const { app, close, ask, question } = begin(['web']);
    app.quit();
    app.quit();
    expect(ask.mock.calls).toEqual([[['web']]]);
    question.resolve(null);
    await settle();
    expect([app.quits, close.mock.calls.length]).toEqual([0, 0]);
    app.quit();
    expect(ask).toHaveBeenCalledTimes(2);
  });

  test.each(['suspend', 'powerOff'] as const)('does with what runs as the answer says: %s', async (how) => {
    const { app, close, question } = begin(['web']);
    app.quit();
    question.resolve(how);
    await settle();
    expect([app.quits, close.mock.calls]).toEqual([1, [[how]]]);
  });

  test.each([
    ['stays', false, []],
    ['powers it off where that is said', true, [['powerOff']]],
  ] as const)('where a VM cannot be suspended it asks again, and %s', async (_what, answer, closes) => {
    const { app, close, question, left, suspendAll, toPowerOff, powerOff } = begin(['web', 'db']);
    left.push({ name: 'db', why: 'there is no room in "/srv"' });
    app.quit();
    question.resolve('suspend');
    await settle();
    expect([suspendAll.mock.calls.length, close.mock.calls.length]).toEqual([1, 0]);
    expect(toPowerOff.mock.calls).toEqual([[left]]);
    powerOff.resolve(answer);
    await settle();
    expect([app.quits, close.mock.calls]).toEqual([answer ? 1 : 0, closes]);
  });

  test('waits for no answer when the session ends', async () => {
    const { app, close, question, quitting } = begin(['web']);
    app.quit();
    quitting.now();
    await settle();
    expect([app.quits, close.mock.calls.length]).toEqual([1, 1]);
    question.resolve(null);
    await settle();
    expect(quitting.closed).toBe(true);
    const silent = begin(['web']);
    silent.quitting.now();
    await settle();
    expect([silent.app.quits, silent.ask.mock.calls.length]).toEqual([1, 0]);
  });
});
