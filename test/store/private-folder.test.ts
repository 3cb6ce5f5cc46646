// The data folder on the real disk: what is open is closed and told, and what somebody else could have prepared is
// refused.

import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, linkSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { DataFolderError, openDataFolder } from '../../main/store/database.ts';
import { openFleet } from '../support/fleet.ts';
import { temporaryFolder } from '../support/folder.ts';

const NOBODY = 65_534;

function mode(file: string): string {
  return (statSync(file).mode & 0o7777).toString(8);
}

function refusal(folder: string): string {
  try {
    openDataFolder(folder).close();
  } catch (error) {
    expect(error).toBeInstanceOf(DataFolderError);
    return (error as Error).message;
  }
  return '';
}

/** A folder that a host has used. */
function used(): string {
  const folder = path.join(temporaryFolder(), 'data');
  openDataFolder(folder).close();
  return folder;
}

describe('a data folder', () => {
  test('and its databases are private, whatever this process lets others do with what it makes', () => {
    const before = process.umask(0);
    onTestFinished(() => void process.umask(before));
    const folder = path.join(temporaryFolder(), 'data');
    const { close, warnings } = openDataFolder(folder);
    expect([folder, path.join(folder, 'lockstep.db'), path.join(folder, 'lock.db')].map(mode)).toEqual([
      '700',
      '600',
      '600',
    ]);
    expect(mode(path.join(folder, 'lockstep.db-wal'))).toBe('600');
    expect(warnings).toEqual([]);
    close();
  });

  test('that is open to others is closed to them, and an event says so', () => {
    const dataFolder = used();
    const database = path.join(dataFolder, 'lockstep.db');
    chmodSync(dataFolder, 0o777);
    chmodSync(database, 0o666);
    const { fleet } = openFleet({ dataFolder });
    expect([mode(dataFolder), mode(database)]).toEqual(['700', '600']);
    expect(fleet.events.list({ kind: 'host.permissions', limit: 10 })).toMatchObject([
      { severity: 'warning', message: `"${dataFolder}" was open to other users (0777) and was closed to them (0700).` },
      { severity: 'warning', message: `"${database}" was open to other users (0666) and was closed to them (0600).` },
    ]);
  });

  test('that holds other things keeps its permissions: it is told, and refused where others may write', () => {
    const folder = temporaryFolder();
    writeFileSync(path.join(folder, 'letter.txt'), '');
    chmodSync(folder, 0o755);
    const { close, warnings } = openDataFolder(folder);
    close();
    expect([mode(folder), warnings]).toEqual(['755', [expect.stringContaining('others may look at it')]]);
    const shared = temporaryFolder();
    writeFileSync(path.join(shared, 'letter.txt'), '');
    for (const open of [0o775, 0o777, 0o1777]) {
      chmodSync(shared, open);
      expect(refusal(shared)).toContain(`Others may write to the folder "${shared}"`);
      expect([mode(shared), existsSync(path.join(shared, 'lock.db'))]).toEqual([open.toString(8), false]);
    }
  });

  test('below one in which anybody may write is told', () => {
    const above = temporaryFolder();
    chmodSync(above, 0o777);
    const { close, warnings } = openDataFolder(path.join(above, 'data'));
    close();
    expect(warnings).toEqual([expect.stringContaining(`Anybody may write to "${above}"`)]);
  });

  test('may be reached by a link of this user', () => {
    const link = path.join(temporaryFolder(), 'link');
    symlinkSync(used(), link);
    expect(refusal(link)).toBe('');
  });
});

describe('refused, and nothing is opened, is', () => {
  test.each(['lockstep.db', 'lock.db', 'lockstep.db-wal'])('a link in the place of %s', (name) => {
    const folder = temporaryFolder();
    const target = path.join(temporaryFolder(), 'victim');
    symlinkSync(target, path.join(folder, name));
    expect(refusal(folder)).toContain(`"${path.join(folder, name)}" is not a plain file with this one name`);
    expect(existsSync(target)).toBe(false);
  });

  test('a second name of somebody’s file, a pipe, or a folder in the place of a database', () => {
    for (const prepare of [
      (file: string) => {
        writeFileSync(`${file}.victim`, '');
        linkSync(`${file}.victim`, file);
      },
      (file: string) => void execFileSync('mkfifo', [file]),
      (file: string) => mkdirSync(file),
    ]) {
      const folder = temporaryFolder();
      prepare(path.join(folder, 'lockstep.db'));
      expect(refusal(folder)).toContain('is not a plain file with this one name');
    }
  });

  test('what belongs to somebody else: the folder, a link to one, a database, the datastore', ({ skip }) => {
    if (process.getuid?.() !== 0) skip('only root can give things away');
    const foreign = temporaryFolder();
    chownSync(foreign, NOBODY, NOBODY);
    const link = path.join(temporaryFolder(), 'link');
    symlinkSync(foreign, link);
    const [database, datastore] = [used(), used()];
    chownSync(path.join(database, 'lockstep.db'), NOBODY, NOBODY);
    mkdirSync(path.join(datastore, 'datastore'));
    chownSync(path.join(datastore, 'datastore'), NOBODY, NOBODY);
    for (const folder of [foreign, link, database, datastore]) {
      expect(refusal(folder)).toContain(`belongs to another user (${NOBODY}; you are 0)`);
    }
    expect(existsSync(path.join(foreign, 'lock.db'))).toBe(false);
  });
});

test('on Windows nothing is looked at', () => {
  const folder = used();
  chmodSync(folder, 0o777);
  vi.stubGlobal('process', Object.create(process, { platform: { value: 'win32' } }));
  onTestFinished(() => void vi.unstubAllGlobals());
  const { close, warnings } = openDataFolder(folder);
  close();
  expect([warnings, mode(folder)]).toEqual([[], '777']);
});
