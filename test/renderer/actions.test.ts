// What can be done to a VM when, and what happens when it is.

import { describe, expect, test, vi } from 'vitest';
import { CommandError, type VmView } from '../../preload/contract/contract.ts';
import { refusal } from '../../preload/contract/rules.ts';
import { ACTIONS, actionById, actionForKey } from '../../renderer/actions/index.ts';
import { KEY_ACTIONS } from '../../renderer/actions/send-keys.ts';
import { createRunner, whyNot } from '../../renderer/actions/run.ts';
import { createPageStore } from '../../renderer/state.ts';
import { en } from '../../renderer/text/en.ts';
import { fakeVm, OFF, PRIMARY, SECONDARY } from './fake/world.ts';

const off = fakeVm('One');
const on = fakeVm('One', { power: 'on', ft: { ...OFF, primary: PRIMARY } });
const starting: VmView = { ...on, ftEnabled: true, ft: { ...on.ft, status: 'starting' } };
const guarded: VmView = { ...starting, ft: { ...on.ft, status: 'protected', secondary: SECONDARY } };
const connected = { phase: 'open', pending: [] } as const;

function allowed(vm: VmView): string[] {
  return ACTIONS.filter((action) => whyNot(action, vm, connected) === null).map((action) => action.id);
}

describe('enablement', () => {
  test('a VM that is off can be powered on, set up, protected from then on, or deleted', () => {
    expect(allowed(off)).toEqual([
      'power-on',
      'ft-on',
      'ft-settings',
      'insert-cdrom',
      'insert-folder',
      'insert-fda',
      'disk-import',
      'nic-edit',
      'forward-add',
      'snapshot-take',
      'edit',
      'move',
      'clone',
      'export',
      'delete',
    ]);
  });

  test('a running VM has a console, can be protected, and can be crashed', () => {
    expect(allowed(on)).toEqual([
      'shutdown',
      'power-off',
      'suspend',
      'pause',
      'reset',
      'open-console',
      'detach-console',
      'ctrl-alt-del',
      ...KEY_ACTIONS.map(({ id }) => id),
      'paste-keys',
      'copy-screen',
      'screenshot',
      'ft-on',
      'ft-settings',
      'crash-primary',
      'hang-primary',
      'insert-cdrom',
      'insert-folder',
      'insert-fda',
      'forward-add',
      'capture-start',
      'snapshot-take',
      'checkpoint-take',
      'record-start',
      'edit',
      'move',
    ]);
  });

  test('a hard disk is worked on while its VM is off, and compacted only when it is thin', () => {
    const withDisk = (file: string, part: Partial<VmView> = {}): VmView => ({
      ...off,
      hardware: { ...off.hardware, files: { hda: file } },
      ...part,
    });
    const possible = (vm: VmView) => allowed(vm).filter((id) => id.startsWith('disk-'));
    const all = ['disk-check', 'disk-compact', 'disk-extend', 'disk-export', 'disk-import'];
    const without = (...ids: string[]) => all.filter((id) => !ids.includes(id));
    expect(possible(withDisk('/a.lsd'))).toEqual(all);
    expect(possible(withDisk('/a.img'))).toEqual(without('disk-compact'));
    expect(possible(withDisk('/a.img', { diskFiles: ['/top.lsd', '/a.img'], snapshots: 1 }))).toEqual(
      without('disk-import'),
    );
    const saved = { at: 1, epoch: 1, bytes: 1, hash: 'c0ffee' };
    expect(possible(withDisk('/a.lsd', { suspended: saved }))).toEqual(without('disk-extend', 'disk-import'));
    expect(possible(withDisk('/a.lsd', { power: 'on' }))).toEqual([]);
    const reason = (id: string, vm: VmView) => actionById(id)?.enabled(vm);
    expect(reason('disk-check', off)).toBe(`"${off.name}" has no hard disk.`);
    expect(reason('disk-compact', withDisk('/a.img'))).toMatch(/^A raw image cannot be compacted/);
    expect(reason('disk-export', withDisk('/a.lsd', { power: 'on' }))).toMatch(/is running and uses this disk/);
  });

  test('a paused VM can be resumed, a Protected one tested, a suspended one resumed', () => {
    expect(allowed({ ...on, power: 'paused' })).toContain('resume');
    expect(allowed({ ...on, power: 'paused' })).not.toContain('pause');
    const tests = ['ft-suspend', 'ft-migrate', 'ft-test-failover', 'ft-test-restart-secondary'];
    expect(allowed(guarded)).toEqual(expect.arrayContaining(tests));
    const suspended: VmView = { ...guarded, ft: { ...on.ft, status: 'suspended' } };
    expect(allowed(suspended).filter((id) => id.startsWith('ft-'))).toEqual(['ft-off', 'ft-resume', 'ft-settings']);
  });

  test('Fault Tolerance cannot be turned off while the secondary starts', () => {
    expect(allowed(starting)).not.toContain('ft-off');
    expect(allowed(guarded)).toContain('ft-off');
    expect(allowed(guarded)).toContain('crash-secondary');
  });

  test("the reason is the rules' own sentence", () => {
    const reset = actionById('reset');
    expect(reset?.enabled(off)).toBe(refusal('power.reset', off));
    expect(reset?.enabled(off)).toMatch(/power it on/);
  });

  test('nothing can be done without a connection, nor twice at once', () => {
    for (const action of ACTIONS) {
      expect(whyNot(action, on, { phase: 'lost', pending: [] })).toBe(en.actionHints.disconnected);
      expect(whyNot(action, on, { phase: 'open', pending: [`${action.id}:${on.id}`] })).toBe(en.actionHints.busy);
    }
  });

  test('ids, labels and shortcuts are unique', () => {
    for (const key of ['id', 'label', 'shortcut'] as const) {
      const values = ACTIONS.map((action) => action[key]).filter((value) => value !== undefined);
      expect(new Set(values).size).toBe(values.length);
    }
  });

  test('a key press finds its action, and plain letters find none', () => {
    const press = { ctrlKey: true, metaKey: false, altKey: false, shiftKey: false, key: 'b' };
    expect(actionForKey(press)?.id).toBe('power-on');
    expect(actionForKey({ ...press, ctrlKey: false })).toBeUndefined();
    expect(actionForKey({ ...press, altKey: true })).toBeUndefined();
  });
});

describe('the runner', () => {
  const inventory = {
    host: { version: '0', dataFolder: '/', recordingsFolder: '/r', hostName: 'h', pid: 1, gatewayPid: null },
    folders: [],
    vms: [on],
  };
  const setUp = (call = vi.fn(async () => null as never)) => {
    const store = createPageStore({ phase: 'open', inventory });
    const go = vi.fn();
    return { store, call, go, runner: createRunner(store, call as never, go) };
  };
  const action = (id: string) => actionById(id) ?? expect.fail(`no action ${id}`);

  test('asks before pulling the plug, and only then acts', async () => {
    const { store, call, runner } = setUp();
    runner.start(action('power-off'), on);
    expect(store.getState().dialog).toEqual({ kind: 'confirm', action: 'power-off', vm: on.id });
    expect(call).not.toHaveBeenCalled();
    runner.confirmed('power-off', on.id);
    await vi.waitFor(() => expect(call).toHaveBeenCalledExactlyOnceWith('power.off', { vm: on.id }));
    expect(store.getState().dialog).toBeNull();
  });

  test('crashes the primary without a question', () => {
    const { store, call, runner } = setUp();
    runner.start(action('crash-primary'), on);
    expect(store.getState().dialog).toBeNull();
    expect(call).toHaveBeenCalledExactlyOnceWith('fault', { vm: on.id, kind: 'crash-primary' });
  });

  test('never sends what is refused', () => {
    const { call, runner } = setUp();
    runner.start(action('power-on'), on);
    runner.start(action('delete'), on);
    expect(call).not.toHaveBeenCalled();
  });

  test("is pending while the host works, and shows the host's error in its own words", async () => {
    let fail = (_error: Error) => {};
    const { store, runner } = setUp(vi.fn(() => new Promise<never>((_, reject) => (fail = reject))));
    runner.start(action('ft-on'), on);
    expect(store.getState().pending).toEqual([`ft-on:${on.id}`]);
    fail(new CommandError('failed', 'no memory left on lab-desk'));
    await vi.waitFor(() => expect(store.getState().pending).toEqual([]));
    expect(store.getState().toasts).toMatchObject([{ tone: 'error', message: 'no memory left on lab-desk' }]);
  });
});
