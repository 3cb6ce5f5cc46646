/**
 * Shutting a guest down from inside: it is asked, and the host waits until it has ended by itself.
 *
 * The emulated computer has no ACPI power button (v86 raises no such event), so the ways are those of a keyboard: Ctrl+
 * Alt+Del, on which an operating system ends its programs and saves its files; most then start again rather than halt.
 * The sample Linux has a root shell on its serial port by its recipe, and is told `poweroff` there. A guest that halts
 * with interrupts off will never run again, which its replica says; that is what is waited for.
 *
 * Invariant: the VM is powered off by force only where the user said so, and only after the time that they gave.
 */
import { CommandError, type ParsedArgs, type VmView } from '../../preload/contract/contract.ts';
import { pressCombo } from '../../preload/contract/keys.ts';
import type { Fleet } from './fleet.ts';
import type { Vm } from './vm.ts';

/** The event: the guest's CPU has halted for good. */
const HALTED = 'guest.stopped';
/** Ends what stands on the line and what runs in front, then the computer. */
const POWEROFF = '\u0003\npoweroff\n';

/** Resolves when it is off. @throws {CommandError} `timeout` when the guest has not ended in time. */
export async function shutDown(fleet: Fleet, { vm: name, ...how }: ParsedArgs<'power.shutdown'>): Promise<VmView> {
  const vm = fleet.vm(name);
  vm.require('power.shutdown');
  return fleet.tasks.during('power.shutdown', vm, async () => {
    if (!hasHalted(fleet, vm)) {
      const ended = endsWithin(fleet, vm, how.timeoutSeconds * 1000);
      ask(vm);
      if (!(await ended) && how.otherwise !== 'off') throw tooLate(vm, how.timeoutSeconds);
    }
    if (vm.power !== 'off') await vm.powerOff();
    return vm.view();
  });
}

function ask(vm: Vm): void {
  if (vm.record.config.sample === 'linux') vm.input({ device: 'serial', data: Buffer.from(POWEROFF) });
  else vm.input({ device: 'console', input: { kind: 'keys', codes: Uint8Array.from(pressCombo('ctrl+alt+del')) } });
}

/** Hears when the guest has halted for good, or the VM is off. @returns whether that was in time. */
function endsWithin(fleet: Fleet, vm: Vm, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (ended: boolean): void => {
      clearTimeout(timer);
      for (const cancel of cancels) cancel();
      resolve(ended);
    };
    const timer = setTimeout(() => done(false), ms);
    const cancels = [
      fleet.events.follow((event) => {
        if (event.vm?.id === vm.id && event.kind === HALTED) done(true);
      }),
      fleet.follow(() => {
        if (vm.power === 'off') done(true);
      }),
    ];
  });
}

/** It had ended by itself before anybody asked. */
function hasHalted(fleet: Fleet, { id, record }: Vm): boolean {
  const [last] = fleet.events.list({ vm: id, kind: HALTED, limit: 1 });
  return last !== undefined && last.at >= (record.poweredOnAt ?? Number.POSITIVE_INFINITY);
}

function tooLate({ name }: Vm, seconds: number): CommandError {
  return new CommandError(
    'timeout',
    `"${name}" was asked to end and runs on after ${seconds} s. Shut it down in its console, or power it off: ` +
      `lockstep power off ${name} (or next time: power shutdown --timeout S --then off).`,
  );
}
