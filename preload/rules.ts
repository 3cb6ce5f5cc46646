/**
 * When a command makes sense: one set of rules, which the fleet enforces and the page shows.
 *
 * Invariant: a button is dimmed exactly when the fleet would refuse, with the same sentence as the reason.
 */
import type { FaultKind as Fault, VmView } from './contract.ts';
import { FAULTS } from './faults.ts';
import { RULE_WORDS, type RuleWords } from './rule-words.ts';

export type GuardedCommand =
  | 'vm.delete'
  | 'vm.edit'
  | 'vm.clone'
  | 'vm.export'
  | 'power.shutdown'
  | 'nic.set'
  | 'media.insert'
  | 'media.eject'
  | 'power.on'
  | 'power.off'
  | 'power.reset'
  | 'power.pause'
  | 'power.unpause'
  | 'ft.on'
  | 'ft.off'
  | 'ft.suspend'
  | 'ft.resume'
  | 'ft.testFailover'
  | 'ft.testRestartSecondary'
  | 'ft.migrate'
  | 'console'
  | 'record.start'
  | 'record.stop'
  | 'forward.add'
  | 'capture.start'
  | 'capture.stop'
  | Fault;

type Subject = Pick<VmView, 'name' | 'power' | 'ftEnabled' | 'ft' | 'recording' | 'nic'>;

/** What stands in the way of a running machine, null where it runs or is paused. */
function notRunning(vm: Subject, words: RuleWords): string | null {
  if (vm.power === 'on' || vm.power === 'paused') return null;
  if (vm.power === 'off') return words.notRunning(vm.name);
  return vm.power === 'startingUp' ? words.stillOn(vm.name) : words.stillOff(vm.name);
}

function stillStarting(vm: Subject, words: RuleWords): string | null {
  if (vm.ft.status !== 'starting') return null;
  return words.secondaryStarting(vm.name);
}

function notProtected(vm: Subject, words: RuleWords): string | null {
  if (!vm.ftEnabled) return words.ftOffYet(vm.name);
  if (vm.ft.status === 'protected') return null;
  const suspended = words.ftSuspended(vm.name);
  const reason = vm.ft.status === 'suspended' ? suspended : words.notProtected(vm.name);
  return notRunning(vm, words) ?? reason;
}

function suspendRefusal(vm: Subject, words: RuleWords): string | null {
  if (!vm.ftEnabled) return words.ftNotOn(vm.name);
  if (vm.ft.status === 'suspended') return words.ftAlreadySuspended(vm.name);
  return notRunning(vm, words) ?? stillStarting(vm, words);
}

function resumeRefusal(vm: Subject, words: RuleWords): string | null {
  if (vm.ft.status !== 'suspended') return words.ftNotSuspended(vm.name);
  return notRunning(vm, words);
}

/** An uplink's DHCP server is not ours: a card on it has no address of ours. */
function forwardRefusal({ nic }: Subject, words: RuleWords): string | null {
  if (nic.type === 'none' || nic.address !== null) return null;
  return words.uplink(nic.network);
}

function captureRefusal(vm: Subject, words: RuleWords): string | null {
  if (vm.nic.type === 'none') return words.noCard(vm.name);
  if (vm.nic.capture) return words.capturing(vm.name);
  return notRunning(vm, words) === null ? null : words.captureOff(vm.name);
}

function isFault(command: GuardedCommand): command is Fault {
  return (FAULTS as readonly string[]).includes(command);
}

function faultRefusal(fault: Fault, vm: Subject, words: RuleWords): string | null {
  switch (fault) {
    case 'crash-primary':
      return notRunning(vm, words) === null ? null : words.noPrimaryToCrash(vm.name);
    case 'hang-primary':
      return notRunning(vm, words) === null ? null : words.noPrimaryToHang(vm.name);
    case 'crash-secondary':
      return vm.ft.secondary ? null : words.noSecondaryToCrash(vm.name);
    case 'hang-secondary':
      return vm.ft.secondary ? null : words.noSecondaryToHang(vm.name);
    case 'cut-channel':
    case 'delay-channel':
      return vm.ft.secondary ? null : words.noChannel(vm.name);
    case 'heal':
      return vm.power === 'on' ? null : words.nothingToHeal(vm.name);
    case 'corrupt-secondary':
      return vm.ft.status === 'protected' ? null : words.noSecondaryToCorrupt(vm.name);
  }
}

/**
 * Why `command` is refused for this VM now, as a sentence with its remedy; null when it is allowed. The host speaks
 * English; a page may bring the words of another language.
 */
export function refusal(command: GuardedCommand, vm: Subject, words: RuleWords = RULE_WORDS): string | null {
  if (isFault(command)) return faultRefusal(command, vm, words);
  switch (command) {
    case 'vm.delete':
      return vm.power === 'off' ? null : words.deleteRunning(vm.name);
    case 'vm.edit':
      return vm.power === 'off' ? null : words.editRunning(vm.name);
    case 'vm.clone':
      return vm.power === 'off' ? null : words.cloneRunning(vm.name);
    case 'vm.export':
      return vm.power === 'off' ? null : words.exportRunning(vm.name);
    case 'power.shutdown':
      return vm.power === 'paused' ? words.pausedFirst(vm.name) : notRunning(vm, words);
    case 'nic.set':
      return vm.power === 'off' ? null : words.nicRunning(vm.name);
    case 'media.insert':
    case 'media.eject':
      return vm.power === 'off' ? null : notRunning(vm, words);
    case 'power.on':
      if (vm.power === 'off') return null;
      return vm.power === 'shuttingDown' ? words.stillOff(vm.name) : words.alreadyOn(vm.name);
    case 'power.off':
      return vm.power === 'off' ? words.alreadyOff(vm.name) : null;
    case 'power.reset':
      return notRunning(vm, words);
    case 'power.pause':
      return vm.power === 'paused' ? words.alreadyPaused(vm.name) : notRunning(vm, words);
    case 'power.unpause':
      return vm.power === 'paused' ? null : words.notPaused(vm.name);
    case 'ft.on':
      if (vm.ftEnabled) return words.ftAlreadyOn(vm.name);
      return notRunning(vm, words) === null ? null : words.ftNeedsPower(vm.name);
    case 'ft.off':
      if (!vm.ftEnabled) return words.ftNotOn(vm.name);
      return stillStarting(vm, words);
    case 'ft.suspend':
      return suspendRefusal(vm, words);
    case 'ft.resume':
      return resumeRefusal(vm, words);
    case 'ft.testFailover':
    case 'ft.testRestartSecondary':
    case 'ft.migrate':
      return notProtected(vm, words);
    case 'console':
      return vm.power === 'off' ? words.consoleOff(vm.name) : null;
    case 'record.start':
      if (vm.recording) return words.recording(vm.name);
      return vm.power === 'on' ? null : words.recordOff(vm.name);
    case 'record.stop':
      return vm.recording ? null : words.notRecording(vm.name);
    case 'forward.add':
      return forwardRefusal(vm, words);
    case 'capture.start':
      return captureRefusal(vm, words);
    case 'capture.stop':
      return vm.nic.capture ? null : words.notCapturing(vm.name);
  }
}
