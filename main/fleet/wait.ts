/**
 * Waiting for a VM to become something.
 *
 * Invariant: whoever waits does not keep a host alive that is closed, and hears of the VM's deletion at once.
 */
import { CommandError, type FtStatus, type ParsedArgs, type VmView } from '../../preload/contract/contract.ts';
import type { Fleet } from './fleet.ts';
import type { Vm } from './vm.ts';

/** A test of Fault Tolerance, or a migration, is given this long until the pair is Protected again. */
const PROTECTED_AGAIN_MS = 120_000;

/**
 * Resolves as soon as `look` gives something, and rejects with what it throws.
 * @throws {CommandError} `timeout`, in the words of `tooLate`; `notFound` when the VM is deleted.
 */
function until<T>(
  fleet: Fleet,
  id: string,
  look: (vm: Vm) => T | null,
  timeoutMs: number,
  tooLate: (vm: Vm) => string,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const done = (act: () => void): void => {
      clearTimeout(timer);
      unfollow();
      act();
    };
    /** The VM may be gone. */
    const attempt = (act: (vm: Vm) => void): void => {
      try {
        act(fleet.vm(id));
      } catch (error) {
        done(() => reject(error as Error));
      }
    };
    const check = (): void =>
      attempt((vm) => {
        const found = look(vm);
        if (found !== null) done(() => resolve(found));
      });
    const timer = setTimeout(
      () => attempt((vm) => done(() => reject(new CommandError('timeout', tooLate(vm))))),
      timeoutMs,
    ).unref();
    const unfollow = fleet.follow(check);
    check();
  });
}

/** The command `ft.wait`. */
export function waitForState(fleet: Fleet, args: ParsedArgs<'ft.wait'>): Promise<FtStatus> {
  const look = (vm: Vm): FtStatus | null => {
    const now = vm.ftStatus();
    return now.status === args.for ? now : null;
  };
  return until(fleet, fleet.vm(args.vm).id, look, args.timeoutSeconds * 1000, (vm) => {
    const outcome = `"${vm.name}" is ${inWords(vm.ftStatus())} after ${args.timeoutSeconds} s, not ${args.for}.`;
    return `${outcome} "lockstep events ${vm.name}" says why.`;
  });
}

/**
 * Does something to a Protected pair that ends one of its replicas, and resolves when it is Protected again with
 * another process in that one's place.
 * @throws {CommandError} `failed` when the VM is powered off or no longer protected meanwhile.
 */
export function replaced(fleet: Fleet, vm: Vm, which: 'primary' | 'secondary', act: () => void): Promise<VmView> {
  const before = vm.ftStatus()[which]?.pid;
  act();
  const look = (now: Vm): VmView | null => {
    const ft = now.ftStatus();
    if (ft.status === 'vmNotRunning' || ft.status === 'notConfigured' || ft.status === 'suspended') {
      throw new CommandError('failed', `"${now.name}" is ${inWords(ft)} meanwhile. "lockstep events" says why.`);
    }
    return ft.status === 'protected' && ft[which]?.pid !== before ? now.view() : null;
  };
  const seconds = PROTECTED_AGAIN_MS / 1000;
  return until(fleet, vm.id, look, PROTECTED_AGAIN_MS, (now) => {
    const state = inWords(now.ftStatus());
    return `"${now.name}" is not Protected again after ${seconds} s but ${state}. "lockstep events" says why.`;
  });
}

function inWords({ status, reason }: FtStatus): string {
  return reason ? `${status} (${reason})` : status;
}
