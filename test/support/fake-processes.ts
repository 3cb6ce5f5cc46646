/**
 * Replica processes that a test plays: it sees what the fleet sends them, and says what they say.
 *
 * Invariant: as with real ones, the end of a killed process is heard a moment later, once, and nothing is heard of a
 * process after its end.
 */
import type { GatewayProcess, Processes, ReplicaProcess } from '../../main/fleet/pair/processes.ts';
import type { FtEvent } from '../../main/ft/environment.ts';
import type { FromGateway, GatewayRequest, ToGateway } from '../../main/gateway/messages.ts';
import type { FromReplica, ReplicaReport, ToReplica } from '../../main/replica/messages.ts';

type Ft<T extends FtEvent['type']> = Extract<FtEvent, { type: T }>;

export class FakeReplica implements ReplicaProcess {
  readonly pid: number;
  /** What the fleet has sent. */
  readonly got: ToReplica[] = [];
  killed = false;
  hanging = false;
  exited = false;
  /** How it reacts by itself. */
  react: (message: ToReplica) => void = () => {};
  #onMessage: (message: FromReplica) => void = () => {};
  #onExit: (why: string) => void = () => {};

  constructor(pid: number) {
    this.pid = pid;
  }

  whenNumbered(listener: () => void): void {
    listener();
  }

  send(message: ToReplica): void {
    this.got.push(message);
    queueMicrotask(() => {
      if (!this.exited) this.react(message);
    });
  }

  onMessage(listener: (message: FromReplica) => void): void {
    this.#onMessage = listener;
  }

  onExit(listener: (why: string) => void): void {
    this.#onExit = listener;
  }

  kill(): void {
    if (this.killed) return;
    this.killed = true;
    setTimeout(() => this.exits('killed by SIGKILL'), 1);
  }

  hang(hanging: boolean): void {
    this.hanging = hanging;
  }

  /* -------------------------------------------------------------- what a test lets it do -------------------- */

  says(message: FromReplica): void {
    if (!this.exited) this.#onMessage(message);
  }

  reports(event: FtEvent): void {
    this.says({ type: 'ft', event });
  }

  prints(epoch: number, index: number, text: string): void {
    this.says({ type: 'serial', epoch, index, data: Buffer.from(text) });
  }

  exits(why = 'exit code 0'): void {
    if (this.exited) return;
    this.exited = true;
    this.#onExit(why);
  }

  /** The messages of one type that the fleet has sent. */
  gotOf<T extends ToReplica['type']>(type: T): Extract<ToReplica, { type: T }>[] {
    return this.got.filter((message): message is Extract<ToReplica, { type: T }> => message.type === type);
  }
}

/** A gateway that does what it is asked, unless `refuses` gives a reason. */
export class FakeGateway implements GatewayProcess {
  readonly pid: number;
  readonly got: ToGateway[] = [];
  exited = false;
  refuses: (request: GatewayRequest) => string | null = () => null;
  #onMessage: (message: FromGateway) => void = () => {};
  #onExit: (why: string) => void = () => {};

  constructor(pid: number) {
    this.pid = pid;
  }

  whenNumbered(listener: () => void): void {
    listener();
  }

  send(message: ToGateway): void {
    this.got.push(message);
    queueMicrotask(() => {
      this.says({ type: 'answer', request: message.request, error: this.refuses(message) });
    });
  }

  onMessage(listener: (message: FromGateway) => void): void {
    this.#onMessage = listener;
  }

  onExit(listener: (why: string) => void): void {
    this.#onExit = listener;
  }

  kill(): void {
    setTimeout(() => this.exits('killed by SIGKILL'), 1);
  }

  hang(): void {}

  says(message: FromGateway): void {
    if (!this.exited) this.#onMessage(message);
  }

  exits(why: string): void {
    if (this.exited) return;
    this.exited = true;
    this.#onExit(why);
  }

  /** What it was asked, of one type. */
  gotOf<T extends GatewayRequest['type']>(type: T): Extract<ToGateway, { type: T }>[] {
    return this.got.filter((message): message is Extract<ToGateway, { type: T }> => message.type === type);
  }
}

export class FakeProcesses implements Processes {
  /** Every process that was ever forked. */
  readonly forked: FakeReplica[] = [];
  readonly links: { readonly a: ReplicaProcess; readonly b: ReplicaProcess }[] = [];
  /** The gateways, and the cables to them. */
  readonly gateways: FakeGateway[] = [];
  readonly cables: { readonly vm: string; readonly replica: ReplicaProcess; readonly gateway: GatewayProcess }[] = [];
  readonly #prepare: (replica: FakeReplica) => void;

  constructor(prepare: (replica: FakeReplica) => void = () => {}) {
    this.#prepare = prepare;
  }

  get living(): FakeReplica[] {
    return this.forked.filter(({ exited }) => !exited);
  }

  fork(): FakeReplica {
    const replica = new FakeReplica(1001 + this.forked.length);
    this.forked.push(replica);
    this.#prepare(replica);
    return replica;
  }

  forkGateway(): FakeGateway {
    const gateway = new FakeGateway(2001 + this.gateways.length);
    this.gateways.push(gateway);
    return gateway;
  }

  link(a: ReplicaProcess, b: ReplicaProcess): void {
    this.links.push({ a, b });
  }

  plug(vm: string, replica: ReplicaProcess, gateway: GatewayProcess): void {
    this.cables.push({ vm, replica, gateway });
  }

  /** The one process that was sent such a message last. @throws when there is none. */
  last(type: ToReplica['type']): FakeReplica {
    const found = this.forked.findLast((replica) => replica.gotOf(type).length > 0);
    if (!found) throw new Error(`no replica was sent "${type}"`);
    return found;
  }
}

/** The events of the protocol, with what a test seldom cares for filled in. */
export const ftEvent = {
  protected: (generation = 1): Ft<'protected'> => ({ type: 'protected', generation, epoch: 100 }),
  backupLost: (why: string, wasProtected = true): Ft<'backupLost'> => ({ type: 'backupLost', why, wasProtected }),
  alone: (generation: number): Ft<'alone'> => ({ type: 'alone', generation }),
  suspected: (why: string): Ft<'suspected'> => ({ type: 'suspected', why, detectMs: 3 }),
  live: (generation: number, lastInput = 0): Ft<'live'> => ({
    type: 'live',
    generation,
    epoch: 200,
    lastInput,
    why: 'the channel closed',
    detectMs: 3,
    drainMs: 4,
    arbitrateMs: 5,
    reemitted: 1,
  }),
  halted: (cause: Ft<'halted'>['cause'], why = cause as string): Ft<'halted'> => ({ type: 'halted', cause, why }),
};

/** Replicas that do as real ones do when all goes well. */
export function wellBehaved(replica: FakeReplica): void {
  replica.react = (message) => {
    if (message.type === 'boot') replica.says({ type: 'started', role: 'primary' });
    if (message.type === 'standBy') replica.says({ type: 'started', role: 'backup' });
    if (message.type === 'protect') {
      replica.says({ type: 'captured', stunMs: 7, epoch: 50, bytes: 1000 });
      replica.says({ type: 'copied', fraction: 1 });
      replica.reports(ftEvent.protected());
    }
    if (message.type === 'endProtection') replica.reports(ftEvent.alone(2));
    if (message.type === 'pause') replica.reports({ type: 'paused', paused: message.paused, epoch: 70 });
    if (message.type === 'powerOff') {
      replica.reports(ftEvent.halted('poweredOff'));
      replica.exits();
    }
  };
}

/** The same, and whoever is left by its peer goes on. */
export function surviving(replica: FakeReplica): void {
  wellBehaved(replica);
  const { react } = replica;
  replica.react = (message) => {
    react(message);
    if (message.type !== 'peerDied') return;
    if (replica.gotOf('boot').length > 0) return replica.reports(ftEvent.alone(2));
    replica.reports(ftEvent.live(2));
    replica.says({ type: 'resumed', liveMs: 1 });
  };
}

export function report(changes: Partial<ReplicaReport> = {}): ReplicaReport {
  return {
    role: 'primary',
    epoch: 1234,
    generation: 1,
    instructionsPerSecond: 5e7,
    epochsPerSecond: 500,
    cpuPercent: 80,
    memoryMB: 200,
    diskRequestsPerSecond: 12,
    diskBytesPerSecond: 49_152,
    lagMs: 1.5,
    vLockstepIntervalMs: 2,
    logBitsPerSecond: 3e5,
    outputDelayMs: { p50: 0.2, p99: 1 },
    outputsHeld: 0,
    throttle: 0,
    stalls: 0,
    ...changes,
  };
}
