// The command line's door: a local socket that only this user can open.

import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  unlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { connectControl, controlAddress, requestLink, startControl } from '../../main/web/control.ts';
import { openFleet } from '../support/fleet.ts';
import { temporaryFolder } from '../support/folder.ts';

async function open(
  dataFolder: string,
  link: () => string | null = () => null,
): Promise<{ address: string; close(): Promise<void> }> {
  const { fleet } = openFleet();
  const control = await startControl(fleet, dataFolder, link);
  let closed = false;
  const close = async (): Promise<void> => {
    if (!closed) await control.close();
    closed = true;
  };
  onTestFinished(close);
  return { address: controlAddress(dataFolder), close };
}

/** A data folder whose path is too long for a socket's. Sockets of such folders go to the temporary folder. */
function longDataFolder(): string {
  vi.stubEnv('TMPDIR', temporaryFolder());
  onTestFinished(() => void vi.unstubAllEnvs());
  const folder = path.join(temporaryFolder(), 'long '.repeat(30));
  mkdirSync(folder);
  return folder;
}

describe('the address', () => {
  test('lies in the data folder, however that is written', () => {
    const folder = temporaryFolder();
    expect(controlAddress(folder)).toBe(path.join(folder, 'control.sock'));
    expect(controlAddress(path.relative(process.cwd(), folder))).toBe(controlAddress(folder));
    expect(controlAddress(`${folder}/../${path.basename(folder)}/`)).toBe(controlAddress(folder));
  });

  test('of a data folder with a long path is short, the same every time, and its own', () => {
    const folder = longDataFolder();
    const address = controlAddress(folder);
    expect(Buffer.byteLength(address)).toBeLessThanOrEqual(104);
    expect(address).toBe(controlAddress(folder));
    expect(address).not.toBe(controlAddress(`${folder}2`));
  });

  test('counts bytes, not characters', () => {
    const folder = `/tmp/${'é'.repeat(45)}`;
    expect(controlAddress(folder).startsWith(folder)).toBe(false);
  });
});

describe('the door', () => {
  test('can be opened by this user alone', async () => {
    const { address } = await open(temporaryFolder());
    expect(statSync(address).mode & 0o777).toBe(0o600);
  });

  test('of a data folder with a long path lies in a folder that this user alone can enter', async () => {
    const folder = longDataFolder();
    const { address } = await open(folder);
    expect(statSync(address).mode & 0o777).toBe(0o600);
    expect(statSync(path.dirname(address)).mode & 0o777).toBe(0o700);
    (await connectControl(folder)).terminate();
  });

  test('makes that folder private when it was not', async () => {
    const folder = longDataFolder();
    const around = path.dirname(controlAddress(folder));
    mkdirSync(around, { recursive: true });
    chmodSync(around, 0o777);
    await open(folder);
    expect(statSync(around).mode & 0o777).toBe(0o700);
  });

  test('is not opened in a folder that somebody else has put in its place', async ({ skip }) => {
    const folder = longDataFolder();
    const around = path.dirname(controlAddress(folder));
    const elsewhere = temporaryFolder();
    symlinkSync(elsewhere, around);
    await expect(open(folder)).rejects.toThrow(
      `"${around}" was made by somebody else. Remove it, or choose a data folder`,
    );
    unlinkSync(around);
    if (process.getuid?.() !== 0) skip('only root can make a folder that belongs to another');
    mkdirSync(around, { mode: 0o700 });
    chownSync(around, 1, 1);
    await expect(open(folder)).rejects.toThrow('was made by somebody else');
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  test('carries the conversation of every door', async () => {
    const folder = temporaryFolder();
    await open(folder);
    const socket = await connectControl(folder);
    onTestFinished(() => socket.terminate());
    socket.send(JSON.stringify({ kind: 'call', id: 1, command: 'vm.list', args: {} }));
    const [answer] = (await once(socket, 'message')) as [Buffer];
    expect(JSON.parse(String(answer))).toEqual({ kind: 'result', id: 1, result: [] });
  });

  test('takes the place of what a killed host left', async () => {
    const folder = temporaryFolder();
    writeFileSync(controlAddress(folder), '');
    await open(folder);
    (await connectControl(folder)).terminate();
  });

  test('that is closed is gone, with everybody who was in it', async () => {
    const folder = temporaryFolder();
    const { address, close } = await open(folder);
    const socket = await connectControl(folder);
    const closed = once(socket, 'close');
    await close();
    await closed;
    expect(existsSync(address)).toBe(false);
    await expect(connectControl(folder)).rejects.toThrow('ENOENT');
  });
});

describe('a link for a browser', () => {
  test('is given by a host with a web door, a new one each time', async () => {
    const folder = temporaryFolder();
    let links = 0;
    await open(folder, () => `http://127.0.0.1/?token=${(links += 1)}`);
    expect([await requestLink(folder), await requestLink(folder)]).toEqual([
      'http://127.0.0.1/?token=1',
      'http://127.0.0.1/?token=2',
    ]);
  });

  test('is none where there is no web door, and an error where there is no host', async () => {
    const folder = temporaryFolder();
    const { close } = await open(folder);
    expect(await requestLink(folder)).toBeNull();
    await close();
    await expect(requestLink(folder)).rejects.toThrow();
  });
});
