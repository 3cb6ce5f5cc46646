/**
 * Faults made on purpose, and their healing: what a user, a test or a campaign may do to a pair.
 *
 * Invariants: a fault only does what could happen by itself (a process dies or stands still, a bit flips, a link is
 * slow or cut); the protocol is not told. A fault is active from its injection until it is healed, its time is over, or
 * what it hit is no part of the pair any more.
 */
import { CommandError, type ActiveFault, type CrashAt, type FaultKind } from '../../../preload/contract/contract.ts';
import { canBeHealed } from '../../../preload/contract/faults.ts';
import type { LinkFault } from '../../replica/messages.ts';
import type { Replica } from './replica.ts';

export interface FaultTargets {
  readonly primary: Replica | null;
  readonly secondary: Replica | null;
  /** Replicas that have lost their role and still live: a hanging one is among them after a failover. */
  readonly others: Iterable<Replica>;
}

/** What a fault needs besides its kind. */
export interface FaultDetails {
  /** How long it hangs, or how much later each message arrives, in milliseconds. */
  readonly ms?: number | undefined;
  /** Where the replica dies; at once where none is named. */
  readonly at?: CrashAt | undefined;
}

interface Injected {
  readonly fault: ActiveFault;
  /** What was hit: a process, or both ends of a channel. */
  readonly hit: readonly Replica[];
  readonly timer: NodeJS.Timeout | null;
}

/** Of a hang and a delay one may say how long; of a delay one must. */
const TIMED: ReadonlySet<FaultKind> = new Set(['hang-primary', 'hang-secondary', 'delay-channel']);

export class Faults {
  /** Of the VM's present pair; null where there is none. */
  readonly #targets: () => FaultTargets | null;
  readonly #changed: () => void;
  #injected: Injected[] = [];

  constructor(targets: () => FaultTargets | null, changed: () => void) {
    this.#targets = targets;
    this.#changed = changed;
  }

  /** Those that last. */
  active(): ActiveFault[] {
    const targets = this.#targets();
    if (!targets) return [];
    return this.#injected.filter((one) => isActive(one, targets)).map(({ fault }) => fault);
  }

  /**
   * Makes something fail, or heals it.
   * @returns the pid of the process that was hit, or will be; null where none was.
   * @throws {CommandError} `usage` when time or point is missing, or makes no sense.
   */
  inject(kind: FaultKind, { ms, at }: FaultDetails, targets: FaultTargets): number | null {
    if (at && kind !== 'crash-primary' && kind !== 'crash-secondary') {
      throw new CommandError('usage', `A point is for crash-primary and crash-secondary only, not for ${kind}.`);
    }
    if (kind === 'delay-channel' && ms === undefined) {
      const words = 'Say by how many milliseconds the channel is delayed: fault NAME delay-channel MS.';
      throw new CommandError('usage', words);
    }
    if (ms !== undefined && !TIMED.has(kind)) {
      throw new CommandError('usage', `Milliseconds are for ${[...TIMED].join(', ')}, not for ${kind}.`);
    }
    this.#injected = this.#injected.filter((one) => isActive(one, targets));
    const { primary, secondary } = targets;
    const victim = kind.endsWith('-primary') ? primary : secondary;
    switch (kind) {
      case 'crash-primary':
      case 'crash-secondary':
        if (at) victim?.send({ type: 'crash', at });
        else victim?.kill();
        break;
      case 'hang-primary':
      case 'hang-secondary':
        victim?.hang(true);
        this.#keep(kind, ms, victim ? [victim] : []);
        break;
      case 'corrupt-secondary':
        secondary?.send({ type: 'corrupt' });
        this.#keep(kind, ms, secondary ? [secondary] : []);
        break;
      case 'cut-channel':
      case 'delay-channel':
        setChannelFault(targets, ms === undefined ? { kind: 'cut' } : { kind: 'delay', ms });
        this.#keep(
          kind,
          ms,
          [primary, secondary].filter((one) => one !== null),
        );
        return null;
      case 'heal':
        this.#heal(targets);
        return null;
    }
    return victim?.pid ?? null;
  }

  #keep(kind: ActiveFault['kind'], ms: number | undefined, hit: readonly Replica[]): void {
    const channel = kind === 'cut-channel' || kind === 'delay-channel';
    const fault: ActiveFault = { kind, at: Date.now(), ms: ms ?? null, pid: channel ? null : (hit[0]?.pid ?? null) };
    // The same again, or the channel's other fault, takes the place of the one before.
    for (const one of this.#injected) if (replaces(fault, one.fault)) this.#forget(one);
    const timer = ms === undefined || channel ? null : setTimeout(() => this.#over(fault), ms).unref();
    this.#injected.push({ fault, hit, timer });
  }

  /** A hanging process goes on. */
  #over(fault: ActiveFault): void {
    const one = this.#injected.find((injected) => injected.fault === fault);
    if (!one) return;
    for (const replica of one.hit) replica.hang(false);
    this.#forget(one);
    this.#changed();
  }

  #heal(targets: FaultTargets): void {
    for (const replica of [targets.primary, targets.secondary, ...targets.others]) replica?.hang(false);
    setChannelFault(targets, { kind: 'none' });
    for (const one of this.#injected) if (canBeHealed(one.fault)) this.#forget(one);
  }

  #forget(one: Injected): void {
    if (one.timer) clearTimeout(one.timer);
    this.#injected = this.#injected.filter((other) => other !== one);
  }
}

const isChannel = ({ kind }: ActiveFault): boolean => kind === 'cut-channel' || kind === 'delay-channel';

function replaces(fault: ActiveFault, before: ActiveFault): boolean {
  return fault.kind === before.kind || (isChannel(fault) && isChannel(before));
}

function isActive({ fault, hit }: Injected, { primary, secondary, others }: FaultTargets): boolean {
  if (hit.some((replica) => !replica.alive)) return false;
  if (isChannel(fault)) return hit.every((replica) => replica === primary || replica === secondary);
  return [primary, secondary, ...others].some((replica) => replica !== null && hit.includes(replica));
}

function setChannelFault({ primary, secondary }: FaultTargets, fault: LinkFault): void {
  for (const replica of [primary, secondary]) replica?.send({ type: 'channelFault', fault });
}

/** What an event says of it. */
export function faultWords(kind: FaultKind, { ms, at }: FaultDetails): string {
  const where = at ? ` ${at.when} ${at.point}${at.count === 1 ? '' : ` (time ${at.count})`}` : '';
  return `Fault: ${kind}${where}${ms === undefined ? '' : ` ${ms} ms`}.`;
}
