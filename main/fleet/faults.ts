/**
 * Faults made on purpose, and their healing: what a user, a test or a campaign may do to a pair.
 *
 * Invariant: a fault only does what could happen by itself (a process dies or stands still, a bit flips, a link is
 * slow or cut); the protocol is not told.
 */
import type { CrashAt, FaultKind } from '../../preload/contract.ts';
import type { LinkFault } from '../replica/messages.ts';
import type { Replica } from './replica.ts';

/** What a fault needs besides its kind. */
export interface FaultDetails {
  /** How much later each message arrives, in milliseconds. */
  readonly ms?: number | undefined;
  /** Where the replica dies; at once where none is named. */
  readonly at?: CrashAt | undefined;
}

export interface FaultTargets {
  readonly primary: Replica | null;
  readonly secondary: Replica | null;
  /** Replicas that have lost their role and still live: a hanging one is among them after a failover. */
  readonly others: Iterable<Replica>;
}

/** @returns the pid of the process that was hit, or will be; null where none was. */
export function injectFault(kind: FaultKind, { ms = 0, at }: FaultDetails, targets: FaultTargets): number | null {
  const { primary, secondary, others } = targets;
  switch (kind) {
    case 'crash-primary':
    case 'crash-secondary': {
      const victim = kind === 'crash-primary' ? primary : secondary;
      if (at) victim?.send({ type: 'crash', at });
      else victim?.kill();
      return victim?.pid ?? null;
    }
    case 'hang-primary':
    case 'hang-secondary': {
      const victim = kind === 'hang-primary' ? primary : secondary;
      victim?.hang(true);
      return victim?.pid ?? null;
    }
    case 'corrupt-secondary':
      secondary?.send({ type: 'corrupt' });
      return secondary?.pid ?? null;
    case 'cut-channel':
      setChannelFault([primary, secondary], { kind: 'cut' });
      return null;
    case 'delay-channel':
      setChannelFault([primary, secondary], { kind: 'delay', ms });
      return null;
    case 'heal':
      for (const replica of [primary, secondary, ...others]) replica?.hang(false);
      setChannelFault([primary, secondary], { kind: 'none' });
      return null;
  }
}

function setChannelFault(replicas: readonly (Replica | null)[], fault: LinkFault): void {
  for (const replica of replicas) replica?.send({ type: 'channelFault', fault });
}
