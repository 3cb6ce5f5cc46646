/**
 * A replica as the fleet sees it: its process, what it last reported, and whether it lives.
 *
 * Invariant: listeners are told of the process's end exactly once, and of nothing after it.
 */
import type { ReplicaPlace, ReplicaMetrics } from '../../preload/contract.ts';
import type { FromReplica, ReplicaReport, ToReplica } from '../replica/messages.ts';
import type { ReplicaProcess } from './processes.ts';

export interface ReplicaListener {
  message(message: FromReplica): void;
  exit(why: string): void;
}

export class Replica {
  readonly #process: ReplicaProcess;
  #listener: ReplicaListener | null = null;
  #report: ReplicaReport | null = null;
  #exited: string | null = null;
  #compiled = false;

  constructor(process: ReplicaProcess) {
    this.#process = process;
    process.onMessage((message) => {
      if (this.#exited !== null) return;
      if (message.type === 'ready') this.#compiled = true;
      if (message.type === 'report') this.#report = message.report;
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

  metrics(): ReplicaMetrics | null {
    const report = this.#report;
    if (!report) return null;
    return {
      pid: this.pid,
      cpuPercent: report.cpuPercent,
      memoryMB: report.memoryMB,
      epochsPerSecond: report.epochsPerSecond,
    };
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
