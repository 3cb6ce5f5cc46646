// The pure parts of the views: words, numbers, scales, and the form for a new VM.

import { describe, expect, test } from 'vitest';
import type { EventRecord } from '../../preload/contract/contract.ts';
import { mergeEvents, NO_FILTER, passes } from '../../renderer/views/history/events-query.ts';
import * as format from '../../renderer/text/format.ts';
import { checkEdit, editArgs, editFormOf, isChanged, mediaChanges } from '../../renderer/views/vm/edit-form.ts';
import { ftWords, startingStep, vmWords } from '../../renderer/text/vm-words.ts';
import { changesOf, checkSettings, formOf, FT_FIELDS } from '../../renderer/views/ft/ft-settings-form.ts';
import {
  checkForm,
  emptyForm,
  fieldOfError,
  freeName,
  toArgs,
  withSource,
} from '../../renderer/views/vm/new-vm-form.ts';
import { showAt } from '../../renderer/views/console/scale.ts';
import { fakeVm, OFF, PRIMARY } from './fake/world.ts';

const on = fakeVm('One', { power: 'on', ftEnabled: true, ft: { ...OFF, primary: PRIMARY } });

describe("VMware's words", () => {
  test.each([
    ['notConfigured', 'Not Protected', 'Not Configured'],
    ['suspended', 'Not Protected', 'Disabled'],
    ['vmNotRunning', 'Not Protected', 'VM not Running'],
    ['starting', 'Not Protected', 'Starting'],
    ['needSecondary', 'Not Protected', 'Need Secondary VM'],
    ['protected', 'Protected', null],
  ] as const)('%s is "%s" and %s', (status, headline, detail) => {
    expect(ftWords({ ...on, ft: { ...on.ft, status } })).toMatchObject({ headline, detail });
  });

  test('the reason for needing a secondary is told', () => {
    const ft = { ...on.ft, status: 'needSecondary', reason: 'lostConnection' } as const;
    expect(ftWords({ ...on, ft }).explanation).toMatch(/connection to the secondary was lost/);
  });

  test('lists tell power first, then protection', () => {
    expect(vmWords({ ...on, power: 'off' }).text).toBe('Powered off');
    expect(vmWords({ ...on, ftEnabled: false }).text).toBe('Powered on');
    expect(vmWords({ ...on, ft: { ...on.ft, status: 'protected' } }).text).toBe('Protected');
  });

  test('the steps of a start follow the secondary', () => {
    const ft = { ...on.ft, status: 'starting' } as const;
    expect(startingStep(ft)).toBe(0);
    expect(startingStep({ ...ft, starting: { phase: 'copying', copied: 0.5 } })).toBe(1);
    expect(startingStep({ ...ft, starting: { phase: 'catchingUp', copied: 1 } })).toBe(2);
  });
});

test('numbers are printed as people read them, and what is unknown as a dash', () => {
  expect([0.424, 8.13, 250.4, 1310, 65_000].map(format.milliseconds)).toEqual([
    '0.42 ms',
    '8.1 ms',
    '250 ms',
    '1.31 s',
    '65 s',
  ]);
  expect([900, 164_000, 1_430_000].map(format.bitsPerSecond)).toEqual(['900 bit/s', '164 kbit/s', '1.43 Mbit/s']);
  expect([42_000, 200_000, 7_500_000, 97 * 3_600_000].map(format.duration)).toEqual([
    '42 s',
    '3 min',
    '2 h 5 min',
    '4 d 1 h',
  ]);
  expect([format.milliseconds(null), format.megabytes(undefined), format.percent(null)]).toEqual(['–', '–', '–']);
});

describe("the guest's screen", () => {
  const text = { width: 720, height: 400 };

  test('is shown in whole device pixels where it fits', () => {
    expect(showAt(text, { width: 1500, height: 900 }, 1, 'whole')).toEqual({
      width: 1440,
      height: 800,
      scale: 2,
      sharp: true,
    });
    expect(showAt(text, { width: 1000, height: 600 }, 1.5, 'whole')).toMatchObject({ scale: 2 / 1.5, sharp: true });
  });

  test('is shrunk smoothly where it does not', () => {
    expect(showAt({ width: 1440, height: 800 }, text, 1, 'sharp')).toEqual({ ...text, scale: 0.5, sharp: false });
  });

  test('fills the window when asked to', () => {
    const space = { width: 1000, height: 2000 };
    expect(showAt(text, space, 1, 'smooth')).toMatchObject({ width: 1000, sharp: false });
    expect(showAt(text, space, 1, 'sharp')).toMatchObject({ width: 1000, sharp: true });
    expect(showAt(text, { width: 1440, height: 900 }, 1, 'smooth')).toMatchObject({ scale: 2, sharp: true });
  });
});

describe('the form for a new VM', () => {
  const form = emptyForm([]);

  test('is good as it opens', () => {
    expect(checkForm(form, [])).toEqual({});
    expect(toArgs(form)).toEqual({ name: 'Sample Linux', memoryMB: 128, sample: 'linux' });
    expect(emptyForm(['sample linux']).name).toBe('Sample Linux 2');
    expect(freeName('A', ['a', 'A 2'])).toBe('A 3');
  });

  test("says what is wrong in the contract's words", () => {
    const errors = checkForm({ ...form, name: '/etc', memory: '4' }, []);
    expect(errors.name).toMatch(/^A VM name is made of letters/);
    expect(errors.memory).toBe('Memory is at least 16 MB.');
    expect(checkForm({ ...form, memory: '' }, []).memory).toMatch(/number of MB/);
    expect(checkForm(form, ['SAMPLE LINUX']).name).toMatch(/already/);
  });

  test('needs something to start from', () => {
    const of = (source: 'kernel' | 'disk' | 'cd' | 'floppy') => withSource(form, source, []);
    expect(Object.keys(checkForm(of('kernel'), []))).toEqual(['bzimage']);
    expect(Object.keys(checkForm(of('cd'), []))).toEqual(['cdrom']);
    expect(Object.keys(checkForm(of('floppy'), []))).toEqual(['fda']);
    expect(Object.keys(checkForm(of('disk'), []))).toEqual(['hda']);
    expect(Object.keys(checkForm({ ...of('disk'), disk: 'new' }, []))).toEqual(['cdrom']);
    expect(checkForm({ ...of('disk'), disk: 'new', cdrom: '/cd.iso' }, [])).toEqual({});
    expect(toArgs({ ...of('disk'), hda: ' /d.img ' })).toEqual({
      name: 'Virtual machine',
      memoryMB: 256,
      hda: '/d.img',
    });
  });

  test('sends what is shown, and nothing that was typed for another guest', () => {
    const typed = { ...withSource(form, 'kernel', []), bzimage: '/k', initrd: '/i', cmdline: 'quiet' };
    expect(toArgs(typed)).toMatchObject({ bzimage: '/k', initrd: '/i', cmdline: 'quiet' });
    expect(toArgs(withSource(typed, 'cd', []))).not.toHaveProperty('bzimage');
    expect(toArgs({ ...form, disk: 'new', diskSize: '2G' })).toMatchObject({ sample: 'linux', diskBytes: 2 ** 31 });
    expect(checkForm({ ...form, disk: 'new', diskSize: 'big' }, []).diskSize).toMatch(/number of bytes/);
    expect(toArgs({ ...form, folder: 'Lab' })).toMatchObject({ folder: 'Lab' });
  });

  test('keeps a name and a memory that were typed when the kind of guest is changed', () => {
    expect(withSource(form, 'floppy', [])).toMatchObject({ name: 'Virtual machine', memory: '32' });
    expect(withSource({ ...form, name: 'Web', memory: '99' }, 'cd', [])).toMatchObject({ name: 'Web', memory: '99' });
  });

  test.each([
    ['"/x/d.img" cannot be read', 'hda'],
    ['memoryMB: memory is at least 16 MB', 'memory'],
    ['There is already a VM "Web".', 'name'],
    ['The datastore is full.', null],
  ])("puts the host's error %j beside the field %s", (message, field) => {
    expect(fieldOfError(message, { hda: '/x/d.img', cdrom: '/x/c.iso' })).toBe(field);
  });
});

describe('the settings of a VM', () => {
  const vm = fakeVm('Web', {
    hardware: { memoryMB: 128, guest: 'Disk image', files: { hda: '/d.img', cdrom: '/c.iso' }, cmdline: null },
  });
  const form = editFormOf(vm);

  test('are sent where they were changed', () => {
    expect(isChanged(form, vm)).toBe(false);
    const typed = { ...form, name: ' Web 2', memory: '256', disk: 'none', cdrom: '' } as const;
    expect(editArgs(typed, vm)).toEqual({ name: 'Web 2', memoryMB: 256, hda: null, cdrom: null });
    expect(isChanged({ ...form, folder: 'Lab' }, vm)).toBe(true);
  });

  test('of a running VM change drives by commands of their own', () => {
    const running = { ...vm, power: 'on' } as const;
    const typed = { ...form, cdrom: '/other.iso', fda: '' };
    expect(editArgs(typed, running)).toEqual({});
    expect(mediaChanges(typed, running)).toEqual([{ drive: 'cdrom', file: '/other.iso' }]);
    expect(mediaChanges({ ...form, cdrom: ' ' }, running)).toEqual([{ drive: 'cdrom', file: null }]);
  });

  test('are checked as one types', () => {
    expect(checkEdit(form, vm, ['Mail'])).toEqual({});
    const typed = { ...form, name: 'MAIL', memory: '1', disk: 'file', hda: '', initrd: '/i' } as const;
    expect(Object.keys(checkEdit(typed, vm, ['Mail'])).toSorted()).toEqual(['hda', 'initrd', 'memory', 'name']);
  });
});

describe('the settings of Fault Tolerance', () => {
  const { ftSettings } = fakeVm('One');

  test('are all in the form, as they are', () => {
    expect(FT_FIELDS.map(({ key }) => key).toSorted()).toEqual(Object.keys(ftSettings).toSorted());
    expect(checkSettings(formOf(ftSettings))).toEqual({});
    expect(changesOf(formOf(ftSettings), ftSettings)).toBeNull();
  });

  test('are sent where they were changed, as the contract takes them', () => {
    const form = { ...formOf(ftSettings), failureTimeoutMs: ' 700 ' };
    expect(changesOf(form, ftSettings)).toEqual({ failureTimeoutMs: 700 });
  });

  test.each([
    [{ failureTimeoutMs: '' }, 'failureTimeoutMs', /takes a number of ms/],
    [{ hashIntervalEpochs: '1.5' }, 'hashIntervalEpochs', /whole number of epochs/],
    [{ lagThrottleMs: '5' }, 'lagThrottleMs', /at least 60 ms/],
    [{ lagThrottleMs: '2000' }, 'lagHardMs', /more than the lag that slows/],
  ] as const)('%j is told at its field', (part, field, words) => {
    expect(checkSettings({ ...formOf(ftSettings), ...part })[field]).toMatch(words);
  });
});

describe('the events of a filter', () => {
  const event = (id: number, part: Partial<EventRecord> = {}): EventRecord => ({
    id,
    at: 0,
    vm: { id: 'x', name: 'Web' },
    kind: 'ft.failover',
    severity: 'info',
    message: 'The secondary went live.',
    data: {},
    ...part,
  });

  test.each([
    [{}, 'x', true],
    [{}, 'y', false],
    [{ kind: 'ft' }, null, true],
    [{ kind: 'f' }, null, false],
    [{ kind: 'ft.failover' }, null, true],
    [{ severity: 'error' }, null, false],
    [{ text: ' WENT ' }, null, true],
    [{ text: 'web' }, null, true],
    [{ text: 'gone' }, null, false],
  ] as const)('%j of VM %j: %j, as the host says', (part, vm, expected) => {
    expect(passes({ ...NO_FILTER, ...part }, vm, event(1))).toBe(expected);
  });

  test('are shown once each, newest first, whichever way they came', () => {
    const merged = mergeEvents([event(2), event(3)], [event(3), event(5)]);
    expect(merged.map(({ id }) => id)).toEqual([5, 3, 2]);
  });
});

test('the time of day is enough for today', () => {
  const now = Date.UTC(2026, 10, 21, 12);
  expect(format.moment(now - 60_000, now)).toBe(format.timeOfDay(now - 60_000));
  expect(format.moment(now - 3 * 86_400_000, now)).toBe(format.dateAndTime(now - 3 * 86_400_000));
});
