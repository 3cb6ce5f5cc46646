/** The folder that a host's processes share is private and goes with it; what a killed one left, the next removes. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { makeProcessFolder } from '../../main/fleet/pair/process-folder.ts';
import { temporaryFolder } from '../support/folder.ts';

test('is private, and removed', () => {
  const folder = makeProcessFolder(temporaryFolder());
  if (process.platform !== 'win32') expect(statSync(folder.path).mode & 0o777).toBe(0o700);
  writeFileSync(path.join(folder.path, 'core'), 'code');
  folder.remove();
  expect(existsSync(folder.path)).toBe(false);
});

test('what a host has left that is not there any more is removed, and nothing else', () => {
  const parent = temporaryFolder();
  const { pid: ended } = spawnSync(process.execPath, ['-e', '']);
  const names = {
    left: `lockstep-${ended}-abc`,
    living: `lockstep-${process.pid}-abc`,
    others: 'lockstep-app-1',
    link: `lockstep-${ended}-link`,
  };
  for (const name of [names.left, names.living, names.others]) mkdirSync(path.join(parent, name));
  writeFileSync(path.join(parent, names.left, 'core'), 'code');
  symlinkSync(path.join(parent, names.others), path.join(parent, names.link));
  const { path: folder } = makeProcessFolder(parent);
  const expected = [names.living, names.others, names.link, path.basename(folder)];
  expect(readdirSync(parent).toSorted()).toEqual(expected.toSorted());
});
