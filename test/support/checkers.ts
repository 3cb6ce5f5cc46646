/**
 * What must hold in every run of a pair, whatever the scenario: each checker watches a run from outside and remembers
 * what it saw go wrong.
 *
 * Invariant: a checker knows nothing of the protocol's inside; it sees messages on the channel, effects that leave a
 * replica, what replicas report, and the lease.
 */
import type { Output } from '../../main/ft/entry.ts';
import type { FtEvent } from '../../main/ft/environment.ts';
import type { Entry } from '../../main/ft/log.ts';
import { comparePositions, type Position, type Positioned } from '../../main/ft/output.ts';
import { readToyOutput, type ToyRequest } from './toy-machine.ts';

/** More than any machine makes. */
const OUTPUTS_OF_EPOCH_MAX = 1024;

/** A replica as a checker sees it. */
export interface Watched {
  readonly name: string;
  readonly state: string;
}

/** Watches a run. Everything is told in the order in which it happens. */
export interface Checker {
  /** The replica handed an entry to its channel. */
  sent?(replica: Watched, entry: Entry): void;
  /** An entry came out of the channel. */
  received?(replica: Watched, entry: Entry): void;
  emitted?(replica: Watched, output: Positioned<Output>): void;
  issued?(replica: Watched, request: ToyRequest): void;
  reported?(replica: Watched, event: FtEvent): void;
  /** The lease moved to this generation. */
  claimed?(holder: string, generation: number): void;
  /** A receiver took an output that it had not seen. */
  delivered?(output: Output): void;
  /** A replica executed an epoch of this line, which is what one primary decided; `chain` is its machine's hash. */
  executed?(line: string, epoch: number, chain: number): void;
  /** Something was done to the shared disk. */
  performed?(replica: Watched, request: ToyRequest): void;
  /** What was seen that must never be. */
  readonly violations: readonly string[];
}

/**
 * Outputs seen across all failovers are one continuation of one guest, and what is sent twice is the same both times.
 */
export class OneContinuation implements Checker {
  readonly violations: string[] = [];
  /** The digest of what was sent at each place, by epoch and index. */
  readonly #seen = new Map<number, number>();
  #position: Position = { epoch: 0, index: -1 };
  #number = 0;
  #digest = 0;
  #repeats = 0;

  /** Outputs seen, repeats not counted. */
  get outputs(): number {
    return this.#number;
  }

  get repeats(): number {
    return this.#repeats;
  }

  emitted(replica: Watched, { epoch, index, output }: Positioned<Output>): void {
    const { number, previous, digest } = readToyOutput(output.data);
    const place = epoch * OUTPUTS_OF_EPOCH_MAX + index;
    const before = this.#seen.get(place);
    if (before !== undefined) {
      this.#repeats += 1;
      if (before !== digest) this.violations.push(`${replica.name} sent something else again at ${epoch}.${index}`);
      return;
    }
    this.#seen.set(place, digest);
    const follows = number === this.#number + 1 && previous === this.#digest;
    const later = comparePositions({ epoch, index }, this.#position) > 0;
    if (!follows || !later) {
      this.violations.push(`${replica.name} sent output ${number} at ${epoch}.${index} after output ${this.#number}`);
    }
    this.#position = { epoch, index };
    this.#number = number;
    this.#digest = digest;
  }
}

/** A receiver that outlives every failover gets each output once, in order, and none is missing. */
export class ReceivedOnce implements Checker {
  readonly violations: string[] = [];
  readonly #last = new Map<string, number>();

  /** Outputs that have arrived. */
  get count(): number {
    return [...this.#last.values()].reduce((sum, last) => sum + last, 0);
  }

  delivered({ device, data }: Output): void {
    const { ofDevice, number } = readToyOutput(data);
    const last = this.#last.get(device) ?? 0;
    if (ofDevice !== last + 1) {
      this.violations.push(`the receiver of ${device} got output ${ofDevice} (${number} of all) after ${last}`);
    }
    this.#last.set(device, ofDevice);
  }
}

/** A backup is allowed to go live only when every output from before its snapshot has arrived: it has none of them. */
export class ArrivedBeforeProtect implements Checker {
  readonly violations: string[] = [];
  /** The epochs of outputs that were sent and have not arrived, by their numbers. */
  readonly #onTheWay = new Map<number, number>();
  readonly #arrived = new Set<number>();
  readonly #snapshots = new Map<string, number>();

  emitted(_replica: Watched, { epoch, output }: Positioned<Output>): void {
    const { number } = readToyOutput(output.data);
    if (!this.#arrived.has(number)) this.#onTheWay.set(number, epoch);
  }

  delivered({ data }: Output): void {
    const { number } = readToyOutput(data);
    this.#arrived.add(number);
    this.#onTheWay.delete(number);
  }

  sent({ name }: Watched, entry: Entry): void {
    if (entry.kind === 'snapshot') this.#snapshots.set(name, entry.epoch);
    if (entry.kind !== 'control' || entry.control.type !== 'protect') return;
    const snapshot = this.#snapshots.get(name) ?? 0;
    for (const [number, epoch] of this.#onTheWay) {
      if (epoch >= snapshot) continue;
      this.violations.push(
        `${name} protects from epoch ${snapshot} on, and output ${number} of ${epoch} has not arrived`,
      );
    }
  }
}

/** Whoever executes the epochs that one primary decided comes to the same states. */
export class EqualStates implements Checker {
  readonly violations: string[] = [];
  readonly #chains = new Map<string, number[]>();

  executed(line: string, epoch: number, chain: number): void {
    let chains = this.#chains.get(line);
    if (!chains) this.#chains.set(line, (chains = []));
    const before = chains[epoch];
    if (before === undefined) chains[epoch] = chain;
    else if (before !== chain) this.violations.push(`the states after epoch ${epoch} of ${line} differ`);
  }
}

/** Nobody writes to the shared disk after a successor has begun to. */
export class OneWriter implements Checker {
  readonly violations: string[] = [];
  readonly #generations = new Map<string, number>();
  #newest = 0;

  claimed(holder: string, generation: number): void {
    this.#generations.set(holder, generation);
  }

  performed({ name }: Watched, { id, operation }: ToyRequest): void {
    // What a backup was reading when it went live is nobody's any more.
    if (operation !== 'write') return;
    const generation = this.#generations.get(name) ?? 0;
    if (generation < this.#newest) {
      const seen = `generation ${this.#newest} has written to it`;
      this.violations.push(`${name} of generation ${generation} carried out ${operation} ${id} when ${seen}`);
    }
    this.#newest = Math.max(this.#newest, generation);
  }
}

/** No output, and no write to the disk, leaves before the head of its epoch was acknowledged. */
export class NoOutputBeforeItsAcknowledgement implements Checker {
  readonly violations: string[] = [];
  /** Disks are outside: a write is an output. */
  writesWait = true;
  /** From which epoch on a replica's outputs must wait. */
  readonly #closedFrom = new Map<string, number>();
  readonly #acknowledged = new Map<string, number>();
  #waited = 0;

  /** Outputs that left under the rule: a run in which it never applied proves nothing. */
  get waited(): number {
    return this.#waited;
  }

  sent({ name }: Watched, entry: Entry): void {
    if (entry.kind !== 'control' || entry.control.type !== 'protect') return;
    this.#closedFrom.set(name, entry.epoch);
    this.#acknowledged.set(name, entry.epoch);
  }

  received({ name }: Watched, entry: Entry): void {
    if (entry.kind !== 'heartbeat') return;
    this.#acknowledged.set(name, Math.max(this.#acknowledged.get(name) ?? 0, entry.received));
  }

  reported({ name }: Watched, event: FtEvent): void {
    if (event.type === 'alone') this.#closedFrom.delete(name);
  }

  emitted(replica: Watched, { epoch, index }: Positioned<Output>): void {
    this.#leaves(replica, epoch, `output ${epoch}.${index}`);
  }

  issued(replica: Watched, { id, epoch, operation }: ToyRequest): void {
    // A read changes nothing outside.
    if (this.writesWait && operation !== 'read') this.#leaves(replica, epoch, `${operation} ${id}`);
  }

  #leaves({ name, state }: Watched, epoch: number, what: string): void {
    if (state === 'claiming' || state === 'halted') this.violations.push(`${name} is ${state} and let ${what} go`);
    const closedFrom = this.#closedFrom.get(name);
    if (closedFrom === undefined || epoch < closedFrom) return;
    this.#waited += 1;
    const acknowledged = this.#acknowledged.get(name) ?? 0;
    if (epoch >= acknowledged)
      this.violations.push(`${name} let ${what} go when heads below ${acknowledged} were safe`);
  }
}

/**
 * No backup finds that it differs from its primary, or cannot read the log; but one that was left behind and does not
 * know it yet may: the shared disk is not held still for it any more.
 */
export class NoDifference implements Checker {
  readonly violations: string[] = [];
  #generation = 1;
  /** In which generation a backup began. */
  readonly #began = new Map<string, number>();

  received({ name }: Watched, entry: Entry): void {
    if (entry.kind === 'snapshot') this.#began.set(name, this.#generation);
  }

  claimed(_holder: string, generation: number): void {
    this.#generation = generation;
  }

  reported({ name }: Watched, event: FtEvent): void {
    const wrong = event.type === 'halted' && (event.cause === 'divergence' || event.cause === 'corruptLog');
    const leftBehind = this.#began.get(name) !== this.#generation;
    if (wrong && !leftBehind) this.violations.push(`${name} halted: ${event.why}`);
  }
}

/** In one generation at most one replica is live, and it is the one that holds the lease. */
export class NeverTwoLive implements Checker {
  readonly violations: string[] = [];
  readonly #holders = new Map<number, string>();
  readonly #live = new Map<number, string>();

  claimed(holder: string, generation: number): void {
    if (this.#holders.has(generation)) this.violations.push(`generation ${generation} was given out twice`);
    this.#holders.set(generation, holder);
  }

  reported({ name }: Watched, event: FtEvent): void {
    if (event.type !== 'live' && event.type !== 'alone') return;
    const { generation } = event;
    const before = this.#live.get(generation);
    if (before !== undefined && before !== name) {
      this.violations.push(`${name} and ${before} are both live in generation ${generation}`);
    }
    if (this.#holders.get(generation) !== name) this.violations.push(`${name} is live without the lease`);
    this.#live.set(generation, name);
  }
}
