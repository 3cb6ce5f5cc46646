/**
 * What a replica tells the fleet about itself once in a while.
 *
 * Invariant: looking changes nothing; rates are over the time since the last report.
 */
import type { Machine } from '../machine/machine.ts';
import type { DiskCounters } from './disks.ts';
import type { FromReplica, ReplicaReport } from './messages.ts';

const REPORT_INTERVAL_MS = 500;
const MB = 1 << 20;

/** The role's own numbers. */
export type RoleNumbers = Omit<
  ReplicaReport,
  | 'epoch'
  | 'instructionsPerSecond'
  | 'epochsPerSecond'
  | 'cpuPercent'
  | 'memoryMB'
  | 'logBitsPerSecond'
  | 'diskRequestsPerSecond'
  | 'diskBytesPerSecond'
> & { readonly logBytes: number | null; readonly disk: DiskCounters | null };

export interface Reporting {
  /** The machine has been restored: what it executed until then was another's work, and counts for nothing. */
  restored(): void;
  stop(): void;
}

export function startReporting(
  machine: Pick<Machine, 'epoch' | 'instructions'>,
  numbers: () => RoleNumbers,
  send: (message: FromReplica) => void,
): Reporting {
  let at = performance.now();
  let cpu = process.cpuUsage();
  let instructions = machine.instructions;
  let epoch = machine.epoch;
  let { logBytes, disk } = numbers();
  const timer = setInterval(() => {
    const now = performance.now();
    const seconds = (now - at) / 1000;
    const used = process.cpuUsage(cpu);
    const { logBytes: bytes, disk: carriedOut, ...role } = numbers();
    const rate = (count: number | undefined, before: number | undefined): number | null =>
      count === undefined ? null : Math.max(0, count - (before ?? 0)) / seconds;
    send({
      type: 'report',
      report: {
        ...role,
        epoch: machine.epoch,
        instructionsPerSecond: Math.max(0, machine.instructions - instructions) / seconds,
        epochsPerSecond: Math.max(0, machine.epoch - epoch) / seconds,
        cpuPercent: (used.user + used.system) / 1e4 / seconds,
        memoryMB: process.memoryUsage.rss() / MB,
        logBitsPerSecond: bytes === null ? null : (Math.max(0, bytes - (logBytes ?? 0)) * 8) / seconds,
        diskRequestsPerSecond: rate(carriedOut?.requests, disk?.requests),
        diskBytesPerSecond: rate(carriedOut?.bytes, disk?.bytes),
      },
    });
    at = now;
    cpu = process.cpuUsage();
    instructions = machine.instructions;
    epoch = machine.epoch;
    logBytes = bytes;
    disk = carriedOut;
  }, REPORT_INTERVAL_MS);
  return {
    restored: () => ({ instructions, epoch } = machine),
    stop: () => clearInterval(timer),
  };
}
