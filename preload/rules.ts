/**
 * When a command makes sense: one set of rules, which the fleet enforces and the page shows.
 *
 * Invariant: a button is dimmed exactly when the fleet would refuse, with the same sentence as the reason.
 */
import type { FaultKind as Fault, VmView } from './contract.ts';

export type GuardedCommand =
  | 'vm.delete'
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

type Subject = Pick<VmView, 'name' | 'power' | 'ftEnabled' | 'ft' | 'recording' | 'nic' | 'suspended'>;

/** What stands in the way of a running machine, null where it runs or is paused. */
function notRunning(vm: Subject): string | null {
  if (vm.power === 'on' || vm.power === 'paused') return null;
  if (vm.power === 'off') return `"${vm.name}" is not running: power it on first.`;
  return `"${vm.name}" is still powering ${vm.power === 'startingUp' ? 'on' : 'off'}.`;
}

function stillStarting(vm: Subject): string | null {
  if (vm.ft.status !== 'starting') return null;
  return `The secondary of "${vm.name}" is still starting: wait until it is Protected, or power the VM off.`;
}

function notProtected(vm: Subject): string | null {
  if (!vm.ftEnabled) return `Fault Tolerance is not turned on for "${vm.name}": turn it on first.`;
  if (vm.ft.status === 'protected') return null;
  const suspended = `Fault Tolerance is suspended for "${vm.name}": resume it first.`;
  const reason = vm.ft.status === 'suspended' ? suspended : `"${vm.name}" is not Protected: wait until it is.`;
  return notRunning(vm) ?? reason;
}

function suspendRefusal(vm: Subject): string | null {
  if (!vm.ftEnabled) return `Fault Tolerance is not turned on for "${vm.name}".`;
  if (vm.ft.status === 'suspended') return `Fault Tolerance is already suspended for "${vm.name}".`;
  return notRunning(vm) ?? stillStarting(vm);
}

function resumeRefusal(vm: Subject): string | null {
  if (vm.ft.status !== 'suspended') return `Fault Tolerance is not suspended for "${vm.name}".`;
  return notRunning(vm);
}

/** An uplink's DHCP server is not ours: a card on it has no address of ours. */
function forwardRefusal({ nic }: Subject): string | null {
  if (nic.type === 'none' || nic.address !== null) return null;
  return `The network "${nic.network}" is an uplink: its port forwards are set up on its other side.`;
}

function captureRefusal(vm: Subject): string | null {
  if (vm.nic.type === 'none') return `"${vm.name}" has no network card: there are no frames to capture.`;
  if (vm.nic.capture) return `The frames of "${vm.name}" are already being captured: stop that capture first.`;
  return notRunning(vm) === null ? null : `"${vm.name}" is not running: power it on to capture its frames.`;
}

/** The saved state is of a machine with what it has now. */
function changeRefusal(vm: Subject, what: string): string | null {
  if (!vm.suspended) return null;
  return `"${vm.name}" is suspended, and ${what} belongs to its state: resume it first, or power it off.`;
}

/** What needs a VM that is neither on its way to on nor to off. */
function betweenRefusal(vm: Subject): string | null {
  return vm.power === 'off' ? null : notRunning(vm);
}

type PowerCommand = Extract<GuardedCommand, `power.${string}` | `snapshot.${string}`>;

function isPower(command: GuardedCommand): command is PowerCommand {
  return command.startsWith('power.') || command.startsWith('snapshot.');
}

function powerRefusal(command: PowerCommand, vm: Subject): string | null {
  switch (command) {
    case 'power.on':
      if (vm.power === 'off') return null;
      return vm.power === 'shuttingDown'
        ? `"${vm.name}" is still powering off.`
        : `"${vm.name}" is already powered on.`;
    case 'power.off':
      return vm.power === 'off' && !vm.suspended ? `"${vm.name}" is already powered off.` : null;
    case 'power.reset':
    case 'power.suspend':
      return vm.suspended ? `"${vm.name}" is suspended: resume it first.` : notRunning(vm);
    case 'power.resume':
      if (vm.suspended || vm.power === 'paused') return null;
      return `"${vm.name}" is neither suspended nor paused.`;
    case 'snapshot.take':
    case 'snapshot.revert':
    case 'snapshot.delete':
      return betweenRefusal(vm);
    case 'power.pause':
      return vm.power === 'paused' ? `"${vm.name}" is already paused.` : notRunning(vm);
    case 'power.unpause':
      return vm.power === 'paused' ? null : `"${vm.name}" is not paused.`;
  }
}

/** Why `command` is refused for this VM now, as a sentence with its remedy; null when it is allowed. */
export function refusal(command: GuardedCommand, vm: Subject): string | null {
  if (isPower(command)) return powerRefusal(command, vm);
  switch (command) {
    case 'vm.delete':
      return vm.power === 'off' ? null : `"${vm.name}" is running: power it off first.`;
    case 'nic.set':
      if (vm.power !== 'off') return `"${vm.name}" is running: its network card is changed while it is off.`;
      return changeRefusal(vm, 'its network card');
    case 'media.insert':
    case 'media.eject':
      return betweenRefusal(vm) ?? changeRefusal(vm, 'what is in its drives');
    case 'ft.on':
      if (vm.ftEnabled) return `Fault Tolerance is already turned on for "${vm.name}".`;
      return notRunning(vm) === null
        ? null
        : `"${vm.name}" is not running: power it on before turning on Fault Tolerance.`;
    case 'ft.off':
      if (!vm.ftEnabled) return `Fault Tolerance is not turned on for "${vm.name}".`;
      return stillStarting(vm);
    case 'ft.suspend':
      return suspendRefusal(vm);
    case 'ft.resume':
      return resumeRefusal(vm);
    case 'ft.testFailover':
    case 'ft.testRestartSecondary':
    case 'ft.migrate':
      return notProtected(vm);
    case 'console':
      return vm.power === 'off' ? `"${vm.name}" is powered off: power it on to use its console.` : null;
    case 'crash-primary':
      return notRunning(vm) === null ? null : `"${vm.name}" is not running: there is no primary to crash.`;
    case 'hang-primary':
      return notRunning(vm) === null ? null : `"${vm.name}" is not running: there is no primary to hang.`;
    case 'crash-secondary':
      return vm.ft.secondary ? null : `"${vm.name}" has no secondary to crash.`;
    case 'hang-secondary':
      return vm.ft.secondary ? null : `"${vm.name}" has no secondary to hang.`;
    case 'cut-channel':
    case 'delay-channel':
      return vm.ft.secondary ? null : `"${vm.name}" has no secondary, so there is no logging channel.`;
    case 'heal':
      return vm.power === 'on' ? null : `"${vm.name}" is not running: there is nothing to heal.`;
    case 'corrupt-secondary':
      return vm.ft.status === 'protected' ? null : `"${vm.name}" is not Protected: there is no secondary to corrupt.`;
    case 'record.start':
      if (vm.recording) return `"${vm.name}" is already being recorded: stop that recording first.`;
      return vm.power === 'on' ? null : `"${vm.name}" is not running: power it on to record it.`;
    case 'record.stop':
      return vm.recording ? null : `"${vm.name}" is not being recorded.`;
    case 'forward.add':
      return forwardRefusal(vm);
    case 'capture.start':
      return captureRefusal(vm);
    case 'capture.stop':
      return vm.nic.capture ? null : `The frames of "${vm.name}" are not being captured.`;
  }
}
