// When a command makes sense: the whole table, with the words of each refusal.

import { describe, expect, test } from 'vitest';
import type { FtState, FtStatus, PowerState, VmView } from '../../preload/contract.ts';
import { refusal, type GuardedCommand } from '../../preload/rules.ts';

const place = { host: 'here', pid: 1, epoch: 1 };

const recording = { file: '/tmp/web.rec', startedAt: 1, epoch: 1 };

function vm(power: PowerState, ftEnabled: boolean, status: FtState, secondary = false): Parameters<typeof refusal>[1] {
  const ft: Partial<FtStatus> = { status, secondary: secondary ? place : null };
  return { name: 'web', power, ftEnabled, ft: ft as VmView['ft'], recording: null };
}

const off = vm('off', false, 'notConfigured');
const offWithFt = vm('off', true, 'vmNotRunning');
const startingUp = vm('startingUp', false, 'notConfigured');
const on = vm('on', false, 'notConfigured');
const starting = vm('on', true, 'starting', true);
const protectedPair = vm('on', true, 'protected', true);
const needSecondary = vm('on', true, 'needSecondary');
const shuttingDown = vm('shuttingDown', true, 'vmNotRunning');

const recorded = { ...on, recording };

const subjects = { recorded, off, offWithFt, startingUp, on, starting, protectedPair, needSecondary, shuttingDown };
type Subject = keyof typeof subjects;

/** Where each command is allowed. Everywhere else it is refused. */
const allowed: { readonly [C in GuardedCommand]: readonly Subject[] } = {
  'vm.delete': ['off', 'offWithFt'],
  'power.on': ['off', 'offWithFt'],
  'power.off': ['startingUp', 'recorded', 'on', 'starting', 'protectedPair', 'needSecondary', 'shuttingDown'],
  'ft.on': ['recorded', 'on'],
  'ft.off': ['offWithFt', 'protectedPair', 'needSecondary', 'shuttingDown'],
  console: ['startingUp', 'recorded', 'on', 'starting', 'protectedPair', 'needSecondary', 'shuttingDown'],
  'crash-primary': ['recorded', 'on', 'starting', 'protectedPair', 'needSecondary'],
  'crash-secondary': ['starting', 'protectedPair'],
  'hang-primary': ['recorded', 'on', 'starting', 'protectedPair', 'needSecondary'],
  'hang-secondary': ['starting', 'protectedPair'],
  'cut-channel': ['starting', 'protectedPair'],
  'delay-channel': ['starting', 'protectedPair'],
  heal: ['recorded', 'on', 'starting', 'protectedPair', 'needSecondary'],
  'corrupt-secondary': ['protectedPair'],
  'record.start': ['on', 'starting', 'protectedPair', 'needSecondary'],
  'record.stop': ['recorded'],
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
  ['ft.on', off, '"web" is not running: power it on before turning on Fault Tolerance.'],
  ['ft.off', on, 'Fault Tolerance is not turned on for "web".'],
  ['ft.off', starting, 'The secondary of "web" is still starting: wait until it is Protected, or power the VM off.'],
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
