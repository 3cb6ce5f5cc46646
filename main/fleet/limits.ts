/**
 * How much one host takes on: virtual machines, and memory for their replicas.
 *
 * Invariant: what does not fit is refused before anything is started, with what is needed, what is free, and how to
 * raise the limit.
 */
import os from 'node:os';
import { CommandError, type FtStatus, type PowerState, type VmView } from '../../preload/contract/contract.ts';

export interface Limits {
  readonly vms: number;
  /** What all replicas together may have, in MB; infinite where the user says so. */
  readonly guestMemoryMB: number;
  /** Through one door, that change something; some hundreds more at once. */
  readonly commandsPerSecond?: number;
}

/** A VM, as far as memory goes. */
interface MemoryUser {
  readonly name: string;
  readonly power: PowerState;
  ftStatus(): Pick<FtStatus, 'status'>;
  view(): Pick<VmView, 'hardware'>;
}

/** All that share the memory, and how much they may have. */
interface MemoryUsers {
  readonly limits: Limits;
  all(): readonly MemoryUser[];
}

const VMS_MAX = 512;
/** The share of the computer's memory that replicas may have unless the user says otherwise. */
const MEMORY_SHARE = 0.9;
/** What a replica's process needs beside the guest's memory, in MB. */
const REPLICA_MB = 96;
const MIB = 1 << 20;
const VARIABLE = 'LOCKSTEP_GUEST_MEMORY_MB';

/**
 * `guestMemory` is what the user says, in MB, 0 for no limit; else the environment's, else most of this computer's.
 * @throws {CommandError} `usage` when it is no number of MB.
 */
export function limitsOf(guestMemory = process.env[VARIABLE]): Limits {
  if (guestMemory === undefined) return { vms: VMS_MAX, guestMemoryMB: Math.floor(hostMemoryMB() * MEMORY_SHARE) };
  const guestMemoryMB = Number(guestMemory);
  if (guestMemory.trim() === '' || !Number.isInteger(guestMemoryMB) || guestMemoryMB < 0) {
    const words = `--guest-memory (or ${VARIABLE}) takes a whole number of MB, 0 for no limit, not "${guestMemory}".`;
    throw new CommandError('usage', words);
  }
  return { vms: VMS_MAX, guestMemoryMB: guestMemoryMB === 0 ? Number.POSITIVE_INFINITY : guestMemoryMB };
}

/** A container may have less than the computer. */
function hostMemoryMB(): number {
  const constrained = process.constrainedMemory();
  const bytes = constrained > 0 ? Math.min(constrained, os.totalmem()) : os.totalmem();
  return Math.floor(bytes / MIB);
}

/** @throws {CommandError} `refused` when there are as many VMs as there may be. */
export function admitVm({ vms }: Limits, present: number): void {
  if (present < vms) return;
  throw new CommandError('refused', `There are ${present} virtual machines, as many as there may be: delete some.`);
}

/**
 * A VM is to run with this many replicas.
 * @throws {CommandError} `refused` when its memory and that of all that runs is beyond the limit.
 */
export function admitReplicas(among: MemoryUsers, vm: MemoryUser, replicas: number): void {
  const { guestMemoryMB: limit } = among.limits;
  const others = among.all().filter((other) => other !== vm && other.power !== 'off');
  const taken = others.reduce((sum, other) => sum + replicasOf(other) * replicaMB(other), 0);
  const needed = replicas * replicaMB(vm);
  if (taken + needed <= limit) return;
  const twice = replicas === 1 ? '' : `${replicas} × `;
  throw new CommandError(
    'refused',
    `"${vm.name}" needs ${twice}${replicaMB(vm)} MB, and of the ${limit} MB that virtual machines may have together ` +
      `${Math.max(0, limit - taken)} MB are free. Power another one off, or start Lockstep with another limit: ` +
      `lockstep serve --guest-memory MB, or ${VARIABLE}.`,
  );
}

/** How many a VM has, or will have when it is powered on. */
export function replicasOf(vm: MemoryUser): number {
  const { status } = vm.ftStatus();
  return status === 'notConfigured' || status === 'suspended' ? 1 : 2;
}

function replicaMB(vm: MemoryUser): number {
  return vm.view().hardware.memoryMB + REPLICA_MB;
}
