// The inventory's tree, and what the palette finds: the pure parts.

import { describe, expect, test } from 'vitest';
import { ACTIONS } from '../../renderer/actions/index.ts';
import { commandForKey, pageCommands } from '../../renderer/actions/page-commands.ts';
import { readDraft } from '../../renderer/views/dialogs/draft.ts';
import { guideStep } from '../../renderer/views/home/guide.ts';
import { fit, search } from '../../renderer/views/shell/palette-search.ts';
import { createPageStore, withInventory } from '../../renderer/state.ts';
import {
  folderId,
  parentRow,
  treeRows,
  typedRow,
  vmId,
  type TreeRow,
} from '../../renderer/views/inventory/tree-model.ts';
import { folderError } from '../../renderer/views/inventory/folders.tsx';
import { fakeVm, OFF, PRIMARY, SECONDARY } from './fake/world.ts';

const NONE: ReadonlySet<string> = new Set();
const pair = fakeVm('Ledger', {
  power: 'on',
  folder: 'Lab/Web',
  ftEnabled: true,
  ft: { ...OFF, status: 'protected', primary: PRIMARY, secondary: SECONDARY },
});
const vms = [fakeVm('web 10'), fakeVm('web 2'), pair, fakeVm('Mail', { folder: 'Lab' })];
const folders = ['Empty', 'Lab', 'Lab/Web'];

function outline(rows: readonly TreeRow[]): string[] {
  return rows.map((row) => {
    const name = row.kind === 'folder' ? `[${row.name}]` : row.kind === 'vm' ? row.vm.name : row.role;
    return `${'  '.repeat(row.level - 1)}${name}`;
  });
}

describe('the tree', () => {
  test('has folders first, then VMs, each as people sort them, and the replicas of a pair below it', () => {
    expect(outline(treeRows({ vms, folders, closed: NONE, filter: '' }))).toEqual([
      '[Empty]',
      '[Lab]',
      '  [Web]',
      '    Ledger',
      '      primary',
      '      secondary',
      '  Mail',
      'web 2',
      'web 10',
    ]);
  });

  test('hides what is folded, and says how many VMs that are', () => {
    const rows = treeRows({ vms, folders, closed: new Set([folderId('lab')]), filter: '' });
    expect(outline(rows)).toEqual(['[Empty]', '[Lab]', 'web 2', 'web 10']);
    expect(rows[1]).toMatchObject({ open: false, count: 2, place: 2, of: 4 });
    const folded = treeRows({ vms, folders, closed: new Set([vmId(pair)]), filter: '' });
    expect(outline(folded)).not.toContain('      primary');
  });

  test('shows what is searched for with the folders above it, folded or not', () => {
    const closed = new Set([folderId('Lab')]);
    expect(outline(treeRows({ vms, folders, closed, filter: ' led ' }))).toEqual([
      '[Lab]',
      '  [Web]',
      '    Ledger',
      '      primary',
      '      secondary',
    ]);
    expect(outline(treeRows({ vms, folders, closed, filter: 'empt' }))).toEqual(['[Empty]']);
    expect(treeRows({ vms, folders, closed, filter: 'nothing' })).toEqual([]);
  });

  test('of 200 VMs changes one row where one VM has changed, and none where what changed is not shown', () => {
    const many = Array.from({ length: 200 }, (_, index) =>
      fakeVm(`vm ${index}`, { power: 'on', ft: { ...OFF, primary: PRIMARY } }),
    );
    const looks = (all: typeof many) =>
      treeRows({ vms: all, folders, closed: NONE, filter: '' }).map(({ id, look }) => `${id} ${look}`);
    const before = looks(many);
    const [first] = many;
    if (!first) throw new Error('there are 200');
    const beating = many.with(0, { ...first, ft: { ...first.ft, lagMs: 3, primary: { ...PRIMARY, epoch: 9 } } });
    expect(looks(beating)).toEqual(before);
    const paused = looks(many.with(0, { ...first, power: 'paused' }));
    expect(paused.filter((look, index) => look !== before[index])).toHaveLength(1);
  });

  test('knows the row above, and the one whose name begins with what was typed', () => {
    const rows = treeRows({ vms, folders, closed: NONE, filter: '' });
    expect(parentRow(rows, 4)).toBe(rows[3]);
    expect(parentRow(rows, 6)).toBe(rows[1]);
    expect(parentRow(rows, 0)).toBeNull();
    expect(typedRow(rows, 0, 'w')).toBe(2);
    expect(typedRow(rows, 2, 'w')).toBe(7);
    expect(typedRow(rows, 7, 'web 1')).toBe(8);
    expect(typedRow(rows, 8, 'e')).toBe(0);
    expect(typedRow(rows, 3, 'zzz')).toBe(3);
  });

  test('keeps what did not change the same object, so that what shows it is not drawn again', () => {
    const host = { version: '0', dataFolder: '/', recordingsFolder: '/r', hostName: 'h', pid: 1, gatewayPid: null };
    const state = withInventory(createPageStore().getState(), { host, vms, folders });
    const told = structuredClone({ host, vms: vms.with(0, { ...fakeVm('web 10'), note: 'x' }), folders });
    const after = withInventory(state, told).inventory?.vms ?? [];
    expect(after.map((vm, index) => vm === vms[index])).toEqual([false, true, true, true]);
  });
});

test.each([
  ['Lab 2', null],
  ['lab', /already/],
  ['a//b', /A folder name is made of/],
  ['', /at least one character/],
  ['a/b/c/d/e/f', /at most 5 deep/],
] as const)('a folder named %j: %s', (path, words) => {
  const error = folderError(path, folders, null);
  if (words) expect(error).toMatch(words);
  else expect(error).toBeNull();
});

describe('the palette', () => {
  const labels = ACTIONS.map(({ label }) => label);
  const first = (typed: string) => search(labels, typed, (label) => label, 10)[0];

  test.each([
    ['pow on', 'Power on'],
    ['turn on ft', 'Turn on FT'],
    ['tst fail', 'Test Failover'],
    ['test restart', 'Test Restart Secondary'],
    ['crash sec', 'Crash secondary'],
    ['ctrl del', 'Send Ctrl+Alt+Del'],
    ['DELETE', 'Delete'],
  ])('finds by "%s" %s first', (typed, label) => {
    expect(first(typed)).toBe(label);
  });

  test('finds nothing where a word fits nowhere, and all where nothing was typed', () => {
    expect(search(labels, 'power zebra', (label) => label, 10)).toEqual([]);
    expect(search(labels, '  ', (label) => label, 1000)).toEqual(labels);
    expect(search(labels, 'e', (label) => label, 3)).toHaveLength(3);
  });

  test('likes the beginnings of words, and letters side by side', () => {
    expect(fit('po', 'power on')).toBeGreaterThan(fit('wo', 'power on') ?? 0);
    expect(fit('pon', 'power on')).not.toBeNull();
    expect(fit('nop', 'power on')).toBeNull();
    expect(fit('', 'power on')).toBe(0);
  });
});

test('a key press is the command of its shortcut, and letters are none while somebody writes', () => {
  const press = { ctrlKey: false, metaKey: false, altKey: false, key: '?' };
  expect(commandForKey(press, false)?.id).toBe('shortcuts');
  expect(commandForKey(press, true)).toBeUndefined();
  expect(commandForKey({ ...press, ctrlKey: true, key: 'k' }, true)?.id).toBe('palette');
  expect(commandForKey({ ...press, metaKey: true, key: 'k' }, false)?.id).toBe('palette');
  expect(commandForKey({ ...press, altKey: true, key: 'n' }, true)?.id).toBe('new-vm');
  expect(commandForKey({ ...press, key: 'k' }, false)).toBeUndefined();
});

test('the ids of page commands are unique', () => {
  Object.assign(globalThis, { window: { lockstep: undefined } });
  const ids = pageCommands().map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toContain('log-out');
  Reflect.deleteProperty(globalThis, 'window');
});

test('how far the first VM is, is read from the VM', () => {
  const guide = { name: 'One', vm: 'one', failure: null };
  const off = fakeVm('One', { id: 'one' });
  expect(guideStep({ ...guide, vm: null }, null)).toBe(0);
  expect(guideStep(guide, off)).toBe(1);
  expect(guideStep(guide, { ...off, power: 'on' })).toBe(2);
  expect(guideStep(guide, { ...off, power: 'on', ft: { ...OFF, status: 'protected' } })).toBe(3);
});

test('a draft takes only what the form has, of the same type', () => {
  const kept = { name: 'typed', memory: 5, other: 'x' };
  Object.assign(globalThis, { sessionStorage: { getItem: () => JSON.stringify(kept) } });
  expect(readDraft('new-vm', { name: '', memory: '128' })).toEqual({ name: 'typed', memory: '128' });
  Reflect.deleteProperty(globalThis, 'sessionStorage');
  expect(readDraft('new-vm', { name: 'fresh' })).toEqual({ name: 'fresh' });
});
