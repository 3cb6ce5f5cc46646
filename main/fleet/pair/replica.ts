/**
 * A replica as the fleet sees it: its process, what it last reported, and whether it lives.
 *
 * Invariant: listeners are told of the process's end exactly once, and of nothing after it.
 */
import type { ReplicaPlace, ReplicaMetrics } from '../../../preload/contract/contract.ts';
import type { FromReplica, ReplicaReport, ToReplica } from '../../replica/messages.ts';
import type { ReplicaProcess } from './processes.ts';

/** A report that is older is no picture of now: the process hangs, or is about to end. In milliseconds. */
const STALE_MS = 2500;

export interface ReplicaListener {
  message(message: FromReplica): void;
  exit(why: string): void;
}

export class Replica {
  readonly #process: ReplicaProcess;
  #listener: ReplicaListener | null = null;
  #report: ReplicaReport | null = null;
  #reportedAt = 0;
  #exited: string | null = null;
  #compiled = false;

  constructor(process: ReplicaProcess) {
    this.#process = process;
    process.onMessage((message) => {
      if (this.#exited !== null) return;
      if (message.type === 'ready') this.#compiled = true;
      if (message.type === 'report') this.#reported(message.report);
      this.#listener?.message(message);
    });
    process.onExit((why) => {
      this.#exited = why;
      this.#listener?.exit(why);
    });
  }

  get process(): ReplicaProcess {
    return this.#process;
  }

  get pid(): number {
    return this.#process.pid;
  }

  get alive(): boolean {
    return this.#exited === null;
  }

  /** Has compiled the emulator, so that it can take a role quickly. */
  get compiled(): boolean {
    return this.#compiled;
  }

  get report(): ReplicaReport | null {
    return this.#report;
  }

  /** Where it runs, for people. */
  place(host: string): ReplicaPlace {
    return { host, pid: this.pid, epoch: this.#report?.epoch ?? 0 };
  }

  /** The last report, where it tells of now. */
  get measured(): ReplicaReport | null {
    return performance.now() - this.#reportedAt < STALE_MS ? this.#report : null;
  }

  metrics(): ReplicaMetrics | null {
    const report = this.measured;
    if (!report) return null;
    const { cpuPercent, memoryMB, epochsPerSecond, instructionsPerSecond } = report;
    const { diskRequestsPerSecond, diskBytesPerSecond } = report;
    const work = { epochsPerSecond, instructionsPerSecond, diskRequestsPerSecond, diskBytesPerSecond };
    return { pid: this.pid, cpuPercent, memoryMB, ...work };
  }

  #reported(report: ReplicaReport): void {
    this.#report = report;
    this.#reportedAt = performance.now();
  }

  /** One listener at a time; whoever listens after the end hears of it at once. */
  listen(listener: ReplicaListener): void {
    this.#listener = listener;
    if (this.#exited !== null) listener.exit(this.#exited);
  }

  send(message: ToReplica): void {
    if (this.alive) this.#process.send(message);
  }

  kill(): void {
    if (this.alive) this.#process.kill();
  }

  /** @throws {Error} where the operating system cannot make a process stand still. */
  hang(hanging: boolean): void {
    if (this.alive) this.#process.hang(hanging);
  }
}
