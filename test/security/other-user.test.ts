// Another user of this computer, as a real process of another uid: none of the doors opens for it.

import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, statSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectControl, controlAddress, requestLink, requestLogout, startControl } from '../../main/web/control.ts';
import { moment } from '../support/eventually.ts';
import { openFleet, type TestFleet } from '../support/fleet.ts';

const NOBODY = '65534';
const root = process.getuid?.() === 0;

async function host(): Promise<TestFleet & { address: string }> {
  const opened = openFleet();
  const control = await startControl(
    opened.fleet,
    opened.dataFolder,
    () => 'http://127.0.0.1/?token=x',
    () => 3,
  );
  onTestFinished(() => control.close());
  return { ...opened, address: controlAddress(opened.dataFolder) };
}

/** Runs JavaScript as another user. @returns what it printed. */
async function asNobody(script: string): Promise<string> {
  const args = ['--reuid', NOBODY, '--regid', NOBODY, '--clear-groups', process.execPath, '-e', script];
  const { stdout } = await promisify(execFile)('setpriv', args, { cwd: '/' });
  return stdout.trim();
}

describe.skipIf(!root)('another user (only root can try)', () => {
  test('cannot open the control socket: by its folder, nor by its own permissions', async () => {
    const { address, dataFolder } = await host();
    const attempt = `require('node:net').connect(${JSON.stringify(address)})
      .on('connect', function () { console.log('open'); this.destroy(); })
      .on('error', (error) => console.log(error.code))`;
    expect(await asNobody(attempt)).toBe('EACCES');
    chmodSync(dataFolder, 0o755);
    expect(await asNobody(attempt)).toBe('EACCES');
    chmodSync(address, 0o666);
    expect(await asNobody(attempt)).toBe('open');
  });

  test('cannot read the databases, though their folder lets it in', async () => {
    const { dataFolder } = await host();
    chmodSync(dataFolder, 0o755);
    for (const name of ['lockstep.db', 'lockstep.db-wal', 'lock.db']) {
      const file = JSON.stringify(path.join(dataFolder, name));
      const attempt = `require('node:fs').readFile(${file}, (error) => console.log(error?.code ?? 'read'))`;
      expect(await asNobody(attempt)).toBe('EACCES');
    }
  });
});

describe('the control socket', () => {
  test('is private from its first moment, whatever this process lets others do with what it makes', async () => {
    const before = process.umask(0);
    onTestFinished(() => void process.umask(before));
    const { address } = await host();
    expect(statSync(address).mode & 0o777).toBe(0o600);
    expect(process.umask()).toBe(0);
  });

  test('takes no link in the place of its folder', async () => {
    const { dataFolder } = openFleet();
    mkdirSync(controlAddress(dataFolder));
    const { fleet } = openFleet();
    await expect(startControl(fleet, dataFolder, () => null)).rejects.toThrow();
  });

  test('answers what the command line asks, and nothing else', async () => {
    const { dataFolder, address } = await host();
    expect(await requestLink(dataFolder)).toBe('http://127.0.0.1/?token=x');
    expect(await requestLogout(dataFolder)).toBe(3);
    const ask = async (text: string): Promise<string> => {
      const socket = net.connect(address);
      let heard = '';
      socket.setEncoding('latin1').on('data', (part) => (heard += String(part)));
      socket.on('error', () => {});
      socket.write(text);
      await new Promise((resolve) => socket.on('close', resolve));
      return heard.slice(0, 12);
    };
    expect(await ask('GET /logout HTTP/1.1\r\nHost: x\r\n\r\n')).toBe('HTTP/1.1 404');
    expect(await ask('POST /link HTTP/1.1\r\nHost: x\r\n\r\n')).toBe('HTTP/1.1 404');
    expect(await ask(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(10_000)}\r\n\r\n`)).toBe('HTTP/1.1 431');
    expect(await ask('\0\0\0\0\r\n\r\n')).toBe('HTTP/1.1 400');
  });

  test('closes for a frame beyond the limit, and the host goes on', async () => {
    const { dataFolder, call } = await host();
    const socket = await connectControl(dataFolder);
    socket.on('error', () => {});
    socket.send('x'.repeat((1 << 20) + 1));
    const code = await new Promise((resolve) => socket.on('close', resolve));
    expect(code).toBe(1009);
    await moment();
    expect(await call('vm.list', {})).toEqual([]);
  });
});
