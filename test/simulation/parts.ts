/**
 * What the parts of a simulated world know of each other: a replica of the world around it, that world of a replica,
 * and what a replica and its fleet tell each other.
 *
 * Invariant: types alone. Who makes a part imports it; all others know it by what stands here.
 */
import type { DiskSlot } from '../../main/datastore/leases.ts';
import type { ClaimResult } from '../../main/ft/arbiter.ts';
import type { Backup } from '../../main/ft/backup.ts';
import type { Output } from '../../main/ft/entry.ts';
import type { Environment, FtEvent, Outside } from '../../main/ft/environment.ts';
import type { Position, Positioned } from '../../main/ft/output.ts';
import type { Primary } from '../../main/ft/primary.ts';
import type { Checker, Watched } from '../support/checkers.ts';
import type { ToyMachine, ToyRequest } from '../support/toy-machine.ts';
import type { ToyDisk, ToyLease } from '../support/toy-storage.ts';
import type { Coverage } from './coverage.ts';
import type { LinkEnd } from './link.ts';
import type { Fate, Point } from './points.ts';
import type { SimProcess } from './process.ts';
import type { Random } from './random.ts';
import type { Conditions, Scenario } from './scenario.ts';
import type { Timeline } from './timeline.ts';

export type ToReplica =
  | { readonly type: 'boot'; readonly generation: number }
  | { readonly type: 'standBy' }
  | { readonly type: 'link'; readonly end: LinkEnd; readonly line: string }
  | { readonly type: 'protect'; readonly end: LinkEnd; readonly slot: DiskSlot }
  | { readonly type: 'endProtection' | 'powerOff' | 'fenced' }
  | { readonly type: 'pause'; readonly paused: boolean }
  | { readonly type: 'peerDied'; readonly why: string }
  | { readonly type: 'input'; readonly sequence: number; readonly data: Uint8Array }
  | { readonly type: 'frame'; readonly data: Uint8Array }
  | ({ readonly type: 'confirm' | 'arrived' } & Position);

export type FromReplica =
  | { readonly type: 'started' | 'captured' }
  | { readonly type: 'ft'; readonly event: FtEvent }
  | ({ readonly type: 'output' } & Positioned<Output>)
  | { readonly type: 'committed'; readonly sequence: number };

/** A replica, as its world sees it. */
export interface SimReplica extends Watched {
  /** Which power-on of the virtual machine it belongs to. */
  readonly life: number;
  readonly alive: boolean;
  readonly process: SimProcess;
  readonly machine: ToyMachine;
  /** Which disk it uses. */
  readonly slot: DiskSlot;
  /** The generation in which it became a backup. */
  readonly began: number;
  readonly primary: { readonly primary: Primary<ToyRequest, never>; dropPeer(): void; stop(): void } | null;
  readonly backup: { readonly backup: Backup<ToyRequest>; stop(): void } | null;
  fate: Fate | null;
  /** The last thing that it said about its end. */
  readonly halted: Extract<FtEvent, { type: 'halted' }> | null;
  /** Its disk has all that the guest asked for. */
  readonly drained: boolean;
  /** What the fleet sends. */
  tell(message: ToReplica): void;
  /** What the gateway sends. */
  tellFromNetwork(message: ToReplica): void;
  /** Does something that others notice, unless this is where the process dies. */
  effect(point: Point, act: () => void): void;
  /** The operating system has ended the process: what it leaves behind. @returns when its last words have arrived. */
  killed(): number;
}

/** The disks of a replica that ends. */
export interface EndingDisks {
  /** Whether nothing is to be carried out any more. */
  readonly idle: boolean;
  /** What fails has failed; completions are nobody's. */
  drain(): void;
  close(): void;
}

/** A replica, as the loop that runs in it sees it. */
export interface LoopReplica extends SimReplica {
  readonly world: Surroundings;
  /** Whose decisions it executes. */
  readonly line: string;
  say(message: FromReplica): void;
  /** A frame for the gateway. */
  sendFrame(output: Positioned<Output>): void;
  /** What came out of the channel, for the checkers. */
  received(message: Uint8Array): void;
  environment(end: () => LinkEnd | null, answered: (result: ClaimResult) => void): Environment<ToyRequest>;
  outside(emit: (output: Positioned<Output>) => void, issue: (request: ToyRequest) => void): Outside<ToyRequest, never>;
  /** The machine stops for good; the process ends when its disk has what is the guest's and its last words are out. */
  end(disks: EndingDisks): void;
}

/** The world, as a replica, its fleet and the gateway see it. */
export interface Surroundings {
  readonly scenario: Scenario;
  readonly time: Timeline;
  readonly random: Random;
  readonly conditions: Conditions;
  readonly coverage: Coverage;
  readonly lease: ToyLease;
  readonly disks: { readonly [slot in DiskSlot]: ToyDisk };
  /** The log of a starting backup is no longer than this, in bytes. */
  readonly startingLogMax: number;
  /** Whether both replicas use the same disk. */
  readonly shared: boolean;
  readonly fleet: {
    readonly process: SimProcess;
    /** The power-on of now. */
    readonly life: number;
    readonly primary: SimReplica | null;
    hears(replica: SimReplica, message: FromReplica): void;
  };
  /** The gateway's process, and what it does. */
  readonly gateway: SimProcess;
  readonly network: { receive(replica: SimReplica, output: Positioned<Output>): void };
  process(name: string, crashed: (error: Error) => void): SimProcess;
  replica(name: string, life: number, slot: DiskSlot): SimReplica;
  newLife(): void;
  watch(tell: (checker: Checker) => void): void;
  violation(what: string): void;
  trace(line: () => string): void;
  claim(replica: SimReplica, generation: number, answer: (result: ClaimResult) => void): void;
  reported(replica: SimReplica, event: FtEvent): void;
  /** A request reaches the disk. */
  usesDisk(replica: SimReplica, request: ToyRequest): void;
  /** A process ends. */
  kill(replica: SimReplica, why: string): void;
  /** A fault ends it. */
  strike(replica: SimReplica, how: string): void;
  /** Its code threw. */
  crashed(replica: SimReplica, error: Error): void;
  /** No replica is left. */
  ended(orderly: boolean): void;
}
