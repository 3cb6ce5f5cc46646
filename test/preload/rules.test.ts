// When a command makes sense: the whole table, with the words of each refusal.

import { describe, expect, test } from 'vitest';
import type { FtState, FtStatus, PowerState, VmView } from '../../preload/contract/contract.ts';
import { refusal, type GuardedCommand } from '../../preload/contract/rules.ts';

const place = { host: 'here', pid: 1, epoch: 1 };

const nic: VmView['nic'] = {
  type: 'virtio',
  network: 'nat',
  mac: '02:4c:53:00:00:01',
  address: '10.77.0.10',
  guestAddress: null,
  counters: null,
  capture: null,
};
const recording = { file: '/tmp/web.rec', startedAt: 1, epoch: 1 };

function vm(power: PowerState, ftEnabled: boolean, status: FtState, secondary = false): Parameters<typeof refusal>[1] {
  const ft: Partial<FtStatus> = { status, secondary: secondary ? place : null };
  return { name: 'web', power, ftEnabled, ft: ft as VmView['ft'], recording: null, nic, faults: [] };
}

const off = vm('off', false, 'notConfigured');
const offWithFt = vm('off', true, 'vmNotRunning');
const startingUp = vm('startingUp', false, 'notConfigured');
const on = vm('on', false, 'notConfigured');
const starting = vm('on', true, 'starting', true);
const protectedPair = vm('on', true, 'protected', true);
const needSecondary = vm('on', true, 'needSecondary');
const shuttingDown = vm('shuttingDown', true, 'vmNotRunning');

const hanging = { ...on, faults: [{ kind: 'hang-primary', at: 1, ms: null, pid: 1 }] } as const;
const recorded = { ...on, recording };
const suspended = vm('on', true, 'suspended');
const suspendedOff = vm('off', true, 'suspended');
const toDisk = { ...off, suspended: { at: 0, epoch: 1, bytes: 1, hash: '' } };
const lost = { ...off, checkpoint: { at: 0, epoch: 1, bytes: 1, hash: '', stunMs: 1, ranUntil: 2 } };
const paused = vm('paused', true, 'protected', true);

const subjects = {
  recorded,
  hanging,
  off,
  toDisk,
  lost,
  offWithFt,
  suspendedOff,
  startingUp,
  on,
  starting,
  protectedPair,
  needSecondary,
  suspended,
  paused,
  shuttingDown,
};
type Subject = keyof typeof subjects;

const withPower = [
  'recorded',
  'hanging',
  'on',
  'starting',
  'protectedPair',
  'needSecondary',
  'suspended',
  'paused',
] as const;

/** Where each command is allowed. Everywhere else it is refused. */
const allowed: { readonly [C in GuardedCommand]: readonly Subject[] } = {
  'vm.delete': ['off', 'toDisk', 'lost', 'offWithFt', 'suspendedOff'],
  'vm.clone': ['off', 'lost', 'offWithFt', 'suspendedOff'],
  'vm.export': ['off', 'lost', 'offWithFt', 'suspendedOff'],
  'disk.check': ['off', 'toDisk', 'lost', 'offWithFt', 'suspendedOff'],
  'disk.compact': ['off', 'toDisk', 'lost', 'offWithFt', 'suspendedOff'],
  'disk.export': ['off', 'toDisk', 'lost', 'offWithFt', 'suspendedOff'],
  'disk.resize': ['off', 'lost', 'offWithFt', 'suspendedOff'],
  'power.shutdown': withPower.filter((name) => name !== 'paused'),
  'vm.edit': ['off', 'lost', 'offWithFt', 'suspendedOff'],
  'nic.set': ['off', 'lost', 'offWithFt', 'suspendedOff'],
  'media.insert': ['off', 'lost', 'offWithFt', 'suspendedOff', ...withPower],
  'media.eject': ['off', 'lost', 'offWithFt', 'suspendedOff', ...withPower],
  'power.on': ['off', 'toDisk', 'lost', 'offWithFt', 'suspendedOff'],
  'power.off': ['toDisk', 'startingUp', ...withPower, 'shuttingDown'],
  'power.reset': withPower,
  'power.pause': withPower.filter((name) => name !== 'paused'),
  'power.unpause': ['paused'],
  'power.suspend': withPower,
  'power.resume': ['toDisk', 'paused'],
  'snapshot.take': ['off', 'toDisk', 'lost', 'offWithFt', 'suspendedOff', ...withPower],
  'snapshot.revert': ['off', 'toDisk', 'lost', 'offWithFt', 'suspendedOff', ...withPower],
  'snapshot.delete': ['off', 'toDisk', 'lost', 'offWithFt', 'suspendedOff', ...withPower],
  'checkpoint.take': withPower,
  'checkpoint.resume': ['lost'],
  'ft.on': ['off', 'toDisk', 'lost', 'recorded', 'hanging', 'on'],
  'ft.off': ['offWithFt', 'suspendedOff', 'protectedPair', 'needSecondary', 'suspended', 'paused', 'shuttingDown'],
  'ft.suspend': ['protectedPair', 'needSecondary', 'paused'],
  'ft.resume': ['suspended'],
  'ft.testFailover': ['protectedPair', 'paused'],
  'ft.testRestartSecondary': ['protectedPair', 'paused'],
  'ft.migrate': ['protectedPair', 'paused'],
  console: ['startingUp', ...withPower, 'shuttingDown'],
  'crash-primary': withPower,
  'crash-secondary': ['starting', 'protectedPair', 'paused'],
  'hang-primary': withPower,
  'hang-secondary': ['starting', 'protectedPair', 'paused'],
  'cut-channel': ['starting', 'protectedPair', 'paused'],
  'delay-channel': ['starting', 'protectedPair', 'paused'],
  heal: ['hanging'],
  'corrupt-secondary': ['protectedPair', 'paused'],
  'record.start': ['hanging', 'on', 'starting', 'protectedPair', 'needSecondary', 'suspended'],
  'record.stop': ['recorded'],
  'forward.add': Object.keys(subjects) as Subject[],
  'capture.start': withPower,
  'capture.stop': [],
};

describe.each(Object.entries(allowed))('%s', (command, where) => {
  test.each(Object.entries(subjects))('for a VM that is %s', (name, subject) => {
    const reason = refusal(command as GuardedCommand, subject);
    if (where.includes(name as Subject)) expect(reason).toBeNull();
    else expect(reason).toMatch(/^.*"web".*\.$/);
  });
});

test.each([
  ['vm.delete', on, '"web" is running: power it off first.'],
  ['power.on', on, '"web" is already powered on.'],
  ['power.on', shuttingDown, '"web" is still powering off.'],
  ['power.off', off, '"web" is already powered off.'],
  ['ft.on', protectedPair, 'Fault Tolerance is already turned on for "web".'],
  ['ft.on', startingUp, '"web" is still powering on.'],
  ['ft.off', on, 'Fault Tolerance is not turned on for "web".'],
  ['ft.off', starting, 'The secondary of "web" is still starting: wait until it is Protected, or power the VM off.'],
  ['power.reset', off, '"web" is not running: power it on first.'],
  ['power.reset', toDisk, '"web" is suspended: resume it first.'],
  ['power.resume', on, '"web" is neither suspended nor paused.'],
  [
    'nic.set',
    toDisk,
    '"web" is suspended, and its network card belongs to its state: ' +
      'resume it and power it off, or discard the state by a power-off.',
  ],
  ['power.pause', startingUp, '"web" is still powering on.'],
  ['power.pause', paused, '"web" is already paused.'],
  ['power.unpause', on, '"web" is not paused.'],
  ['heal', on, 'No fault of "web" lasts: there is nothing to heal.'],
  [
    'heal',
    { ...protectedPair, faults: [{ kind: 'corrupt-secondary', at: 1, ms: null, pid: 1 }] },
    'A flipped bit of "web" cannot be healed: wait until it is found, and a fresh secondary takes its place.',
  ],
  ['ft.suspend', on, 'Fault Tolerance is not turned on for "web".'],
  ['ft.suspend', suspended, 'Fault Tolerance is already suspended for "web".'],
  [
    'ft.suspend',
    starting,
    'The secondary of "web" is still starting: wait until it is Protected, or power the VM off.',
  ],
  ['ft.resume', protectedPair, 'Fault Tolerance is not suspended for "web".'],
  ['ft.resume', suspendedOff, '"web" is not running: power it on first.'],
  ['ft.testFailover', on, 'Fault Tolerance is not turned on for "web": turn it on first.'],
  ['ft.testFailover', needSecondary, '"web" is not Protected: wait until it is.'],
  ['ft.migrate', suspended, 'Fault Tolerance is suspended for "web": resume it first.'],
  ['ft.testRestartSecondary', offWithFt, '"web" is not running: power it on first.'],
  ['console', off, '"web" is powered off: power it on to use its console.'],
  ['crash-primary', off, '"web" is not running: there is no primary to crash.'],
  ['corrupt-secondary', starting, '"web" is not Protected: there is no secondary to corrupt.'],
  ['record.start', off, '"web" is not running: power it on to record it.'],
  ['record.start', recorded, '"web" is already being recorded: stop that recording first.'],
  ['record.stop', on, '"web" is not being recorded.'],
  ['crash-secondary', needSecondary, '"web" has no secondary to crash.'],
] as const)('%s is refused in words that say why and what to do', (command, subject, words) => {
  expect(refusal(command, subject)).toBe(words);
});

describe('frames and forwards', () => {
  const capture = { file: '/tmp/web.pcapng', frames: 1, dropped: 0 };

  test('a capture is made once at a time, of a VM that has a card', () => {
    const captured = { ...on, nic: { ...nic, capture } };
    expect(refusal('capture.start', captured)).toMatch(/already being captured/);
    expect(refusal('capture.stop', captured)).toBeNull();
    expect(refusal('capture.start', { ...on, nic: { ...nic, type: 'none' } })).toMatch(/no network card/);
  });

  test('the forwards of an uplink are set up on its other side', () => {
    const uplink = { ...on, nic: { ...nic, network: 'passt', address: null } };
    expect(refusal('forward.add', uplink)).toBe(
      'The network "passt" is an uplink: its port forwards are set up on its other side.',
    );
    expect(refusal('forward.add', { ...on, nic: { ...nic, type: 'none', address: null } })).toBeNull();
  });
});
