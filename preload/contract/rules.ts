/**
 * When a command makes sense: one set of rules, which the fleet enforces and the page shows.
 *
 * Invariant: a button is dimmed exactly when the fleet would refuse, with the same sentence as the reason.
 */
import type { FaultKind as Fault, VmView } from './contract.ts';
import { canBeHealed, FAULTS } from './faults.ts';
import { RULE_WORDS, type RuleWords } from './rule-words.ts';

export type GuardedCommand =
  | 'vm.delete'
  | 'vm.edit'
  | 'vm.clone'
  | 'vm.export'
  | 'disk.check'
  | 'disk.compact'
  | 'disk.resize'
  | 'disk.export'
  | 'power.shutdown'
  | 'nic.set'
  | 'media.insert'
  | 'media.eject'
  | 'power.on'
  | 'power.off'
  | 'power.reset'
  | 'power.pause'
  | 'power.unpause'
  | 'power.suspend'
  | 'power.resume'
  | 'snapshot.take'
  | 'snapshot.revert'
  | 'snapshot.delete'
  | 'checkpoint.take'
  | 'checkpoint.resume'
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

type Subject = Pick<
  VmView,
  'name' | 'power' | 'ftEnabled' | 'ft' | 'recording' | 'nic' | 'suspended' | 'checkpoint' | 'faults'
>;

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

/** What needs a VM that is neither on its way to on nor to off. */
function betweenRefusal(vm: Subject, words: RuleWords): string | null {
  return vm.power === 'off' ? null : notRunning(vm, words);
}

/** The saved state is of a machine with what it has now: that is changed while it is off and not suspended. */
function offRefusal(vm: Subject, running: string, suspended: string): string | null {
  if (vm.power !== 'off') return running;
  return vm.suspended ? suspended : null;
}

type PowerCommand = Extract<GuardedCommand, `power.${string}` | `snapshot.${string}`>;

function isPower(command: GuardedCommand): command is PowerCommand {
  return command.startsWith('power.') || command.startsWith('snapshot.');
}

function isFault(command: GuardedCommand): command is Fault {
  return (FAULTS as readonly string[]).includes(command);
}

function healRefusal({ name, faults }: Subject, words: RuleWords): string | null {
  if (faults.some(canBeHealed)) return null;
  return faults.length === 0 ? words.nothingToHeal(name) : words.bitStaysFlipped(name);
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
      return healRefusal(vm, words);
    case 'corrupt-secondary':
      return vm.ft.status === 'protected' ? null : words.noSecondaryToCorrupt(vm.name);
  }
}

function powerRefusal(command: PowerCommand, vm: Subject, words: RuleWords): string | null {
  switch (command) {
    case 'power.on':
      if (vm.power === 'off') return null;
      return vm.power === 'shuttingDown' ? words.stillOff(vm.name) : words.alreadyOn(vm.name);
    case 'power.off':
      return vm.power === 'off' && !vm.suspended ? words.alreadyOff(vm.name) : null;
    case 'power.shutdown':
      return vm.power === 'paused' ? words.pausedFirst(vm.name) : notRunning(vm, words);
    case 'power.reset':
    case 'power.suspend':
      return vm.suspended ? words.alreadySuspended(vm.name) : notRunning(vm, words);
    case 'power.resume':
      return vm.suspended || vm.power === 'paused' ? null : words.nothingToResume(vm.name);
    case 'snapshot.take':
    case 'snapshot.revert':
    case 'snapshot.delete':
      return betweenRefusal(vm, words);
    case 'power.pause':
      return vm.power === 'paused' ? words.alreadyPaused(vm.name) : notRunning(vm, words);
    case 'power.unpause':
      return vm.power === 'paused' ? null : words.notPaused(vm.name);
  }
}

/**
 * Why `command` is refused for this VM now, as a sentence with its remedy; null when it is allowed. The host speaks
 * English; a page may bring the words of another language.
 */
export function refusal(command: GuardedCommand, vm: Subject, words: RuleWords = RULE_WORDS): string | null {
  if (isFault(command)) return faultRefusal(command, vm, words);
  if (isPower(command)) return powerRefusal(command, vm, words);
  switch (command) {
    case 'vm.delete':
      return vm.power === 'off' ? null : words.deleteRunning(vm.name);
    case 'vm.edit':
      return offRefusal(vm, words.editRunning(vm.name), words.editSuspended(vm.name));
    case 'vm.clone':
      return offRefusal(vm, words.cloneRunning(vm.name), words.cloneSuspended(vm.name));
    case 'vm.export':
      return offRefusal(vm, words.exportRunning(vm.name), words.exportSuspended(vm.name));
    case 'disk.check':
    case 'disk.compact':
    case 'disk.export':
      return vm.power === 'off' ? null : words.diskRunning(vm.name);
    case 'disk.resize':
      return offRefusal(vm, words.diskRunning(vm.name), words.diskSuspended(vm.name));
    case 'nic.set':
      return offRefusal(vm, words.nicRunning(vm.name), words.nicSuspended(vm.name));
    case 'checkpoint.take':
      return notRunning(vm, words);
    case 'checkpoint.resume':
      if (vm.power !== 'off') return words.checkpointRunning(vm.name);
      if (vm.suspended) return words.alreadySuspended(vm.name);
      return vm.checkpoint ? null : words.noCheckpoint(vm.name);
    case 'media.insert':
    case 'media.eject':
      return vm.suspended ? words.mediaSuspended(vm.name) : betweenRefusal(vm, words);
    case 'ft.on':
      return vm.ftEnabled ? words.ftAlreadyOn(vm.name) : betweenRefusal(vm, words);
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
