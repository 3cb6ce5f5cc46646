// The database of a data folder: made, opened again, refused, held by one process.

import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import path from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DataFolderError, openDatabase, openDataFolder, type OpenedFolder } from '../../main/store/database.ts';
import { migrations } from '../../main/store/migrations.ts';
import { VmTable } from '../../main/store/vms.ts';
import { nextMessage, startChild } from '../support/children.ts';
import { temporaryFolder } from '../support/folder.ts';

function opened(folder: string): OpenedFolder {
  const data = openDataFolder(folder);
  onTestFinished(() => data.close());
  return data;
}

function message(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(DataFolderError);
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
}

const noFt = { ftEnabled: false, ftSuspended: false, ftSettings: {} } as const;
const noState = {
  savedState: null,
  currentSnapshot: null,
  revertingTo: null,
  checkpointMinutes: 0,
  lostAt: null,
} as const;
const config = { sample: 'linux', memoryMB: 128, seed: 7, mac: '02:4c:53:00:00:01', cmdline: null } as const;

describe('a data folder', () => {
  test('that does not exist is made, for this user alone, with the newest schema', () => {
    const folder = path.join(temporaryFolder(), 'a', 'new', 'one');
    const { database } = opened(folder);
    expect(database.pragma('user_version', { simple: true })).toBe(migrations.length);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").pluck().all();
    expect(tables).toEqual([
      'alarm',
      'checkpoint',
      'event',
      'failover',
      'folder',
      'forward',
      'metric',
      'network',
      'snapshot',
      'sqlite_sequence',
      'task',
      'vm',
    ]);
  });

  test('that is opened again has what it had', () => {
    const folder = temporaryFolder();
    const first = openDataFolder(folder);
    new VmTable(first.database).insert({ id: 'id', name: 'Kept', createdAt: 5, config });
    first.close();
    const vms = new VmTable(opened(folder).database).all();
    const kept = { id: 'id', name: 'Kept', folder: '', createdAt: 5, config, poweredOnAt: null, note: null };
    expect(vms).toEqual([{ ...kept, ...noFt, ...noState }]);
  });

  test('keeps what was written when the process is killed: it is synchronised at every commit', () => {
    const { database } = opened(temporaryFolder());
    expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(database.pragma('synchronous', { simple: true })).toBe(2);
  });
});

describe('a database of a newer version', () => {
  test.each(['delete', 'wal'])('is refused and not changed in one byte (journal mode %s)', (mode) => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'lockstep.db');
    const newer = new Database(file);
    newer.pragma(`journal_mode = ${mode}`);
    newer.exec('CREATE TABLE from_the_future (x) STRICT, WITHOUT ROWID'.replace('(x)', '(x INTEGER PRIMARY KEY)'));
    newer.pragma(`user_version = ${migrations.length + 1}`);
    newer.close();
    const before = readFileSync(file);

    const said = message(() => openDataFolder(folder));
    expect(said).toContain(
      `"${file}" is of a newer Lockstep (schema ${migrations.length + 1}, this one knows ${migrations.length})`,
    );
    expect(said).toContain('Update Lockstep, or choose another data folder with --data DIR. Nothing was changed.');
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(readdirSync(folder).filter((name) => name.startsWith('lockstep.db'))).toEqual(['lockstep.db']);
  });

  test('leaves the folder free for the right version', () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'lockstep.db');
    const newer = new Database(file);
    newer.pragma(`user_version = ${migrations.length + 1}`);
    message(() => openDataFolder(folder));
    newer.pragma(`user_version = 0`);
    newer.close();
    opened(folder);
  });
});

describe('a data folder in use by another process', () => {
  test('is refused with what to do, and is free when that process was killed', async () => {
    const folder = temporaryFolder();
    const holder = startChild('./holder.ts', import.meta.url, [folder]);
    await nextMessage(holder);
    expect(message(() => openDataFolder(folder))).toBe(
      `The data folder "${folder}" is in use by another Lockstep. ` +
        'Use that one, or choose another folder with --data DIR.',
    );

    holder.kill('SIGKILL');
    await once(holder, 'exit');
    opened(folder);
  });

  test('is refused to the same process as well', () => {
    const folder = temporaryFolder();
    opened(folder);
    expect(message(() => openDataFolder(folder))).toContain('is in use by another Lockstep');
  });
});

describe('refused with the name and the remedy', () => {
  test('a data folder that is a file, or lies inside one', () => {
    const file = path.join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    for (const folder of [file, path.join(file, 'inside')]) {
      expect(message(() => openDataFolder(folder))).toMatch(
        new RegExp(
          `^The data folder "${folder}" cannot be written \\(E[A-Z]+\\)\\. Choose another with --data DIR\\.$`,
        ),
      );
    }
  });

  test('a data folder that may not be written', ({ skip }) => {
    const folder = path.join(temporaryFolder(), 'read-only');
    mkdirSync(folder, { mode: 0o500 });
    onTestFinished(() => chmodSync(folder, 0o700));
    if (process.getuid?.() === 0) skip('root may write everywhere: permissions have no effect');
    expect(message(() => openDataFolder(folder))).toContain(
      'cannot be written (EACCES). Choose another with --data DIR.',
    );
  });

  test.each(['lockstep.db', 'lock.db'])('a %s that is no database', (name) => {
    const folder = temporaryFolder();
    const file = path.join(folder, name);
    writeFileSync(file, 'This is a letter to my grandmother. '.repeat(50));
    expect(message(() => openDataFolder(folder))).toContain(`"${file}"`);
    expect(readFileSync(file, 'utf8')).toContain('grandmother');
  });

  test('a database that is no database, directly', () => {
    const file = path.join(temporaryFolder(), 'x.db');
    writeFileSync(file, 'neither a database nor anything like it, at some length'.repeat(20));
    expect(message(() => openDatabase(file))).toMatch(/cannot be opened: .*Restore it, or move it away\.$/);
    expect(existsSync(`${file}-wal`)).toBe(false);
  });
});

describe('the table of VMs', () => {
  function table(): VmTable {
    return new VmTable(opened(temporaryFolder()).database);
  }

  test('finds a VM by its id, and by its name whatever its case', () => {
    const vms = table();
    vms.insert({ id: 'id 1', name: 'Web Server', createdAt: 1, config });
    for (const key of ['id 1', 'Web Server', 'web server', 'WEB SERVER']) expect(vms.find(key)?.id).toBe('id 1');
    expect(vms.find('web')).toBeNull();
  });

  test('refuses a second VM of the same name in another case', () => {
    const vms = table();
    vms.insert({ id: 'id 1', name: 'web', createdAt: 1, config });
    expect(() => vms.insert({ id: 'id 2', name: 'WEB', createdAt: 1, config })).toThrow(/UNIQUE/);
  });

  test('prefers the id where one VM is named like the id of another, whichever was made first', () => {
    for (const order of [0, 1]) {
      const vms = table();
      const both = [
        { id: 'abc', name: 'first', createdAt: 1, config },
        { id: 'def', name: 'abc', createdAt: 1, config },
      ];
      for (const vm of order === 0 ? both : both.toReversed()) vms.insert(vm);
      expect(vms.find('abc')?.name).toBe('first');
    }
  });

  test('keeps power, note and Fault Tolerance, and forgets what is deleted', () => {
    const vms = table();
    vms.insert({ id: 'id 1', name: 'web', createdAt: 1, config });
    vms.setOn('id 1', 1234);
    vms.setFt('id 1', true);
    expect(vms.find('web')).toMatchObject({ poweredOnAt: 1234, note: null, ftEnabled: true });
    vms.setOff('id 1', { note: 'why', lostAt: 5678 });
    vms.setFt('id 1', false);
    expect(vms.find('web')).toMatchObject({ poweredOnAt: null, note: 'why', lostAt: 5678, ftEnabled: false });
    vms.delete('id 1');
    expect(vms.all()).toEqual([]);
  });
});
