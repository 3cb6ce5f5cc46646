/**
 * The gateway's process as the fleet sees it: started when it is first needed, asked, and started again when it ends.
 *
 * Invariants: every request is answered, by the gateway or by its end; after each start `started` is called before
 * anything else is asked, so that a new process is told everything that the old one knew.
 */
import type { FromGateway, GatewayRequest } from '../../gateway/messages.ts';
import type { GatewayProcess, Processes, ReplicaProcess } from '../pair/processes.ts';

/** A gateway that ended is started again after this long, twice as long each time, in milliseconds. */
const RESTART_MS_MIN = 100;
const RESTART_MS_MAX = 5000;
/** One that has lived this long was healthy. */
const HEALTHY_MS = 10_000;

export interface GatewayHooks {
  /** A process was started, and knows nothing. */
  started(): void;
  /** It ended, and is started again. */
  lost(why: string): void;
  message(message: Exclude<FromGateway, { type: 'ready' | 'answer' }>): void;
}

export class GatewayConnection {
  readonly #processes: Processes;
  readonly #hooks: GatewayHooks;
  readonly #answers = new Map<number, (error: string | null) => void>();
  #process: GatewayProcess | null = null;
  #requests = 0;
  #startedAt = 0;
  #restartMs = RESTART_MS_MIN;
  #timer: NodeJS.Timeout | null = null;
  #words: string | null = null;
  #closed = false;

  constructor(processes: Processes, hooks: GatewayHooks) {
    this.#processes = processes;
    this.#hooks = hooks;
  }

  get running(): boolean {
    return this.#process !== null;
  }

  /** Null while it is not running. */
  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  /** Starts it unless it runs, or is about to. */
  ensure(): void {
    if (this.#closed || this.#process || this.#timer) return;
    const process = this.#processes.forkGateway();
    this.#process = process;
    this.#startedAt = Date.now();
    this.#words = null;
    process.onMessage((message) => this.#hear(message));
    process.onExit((why) => this.#exited(process, why));
    this.#hooks.started();
  }

  /** Resolves to null when it is done, else to what is wrong and what to do. */
  ask(request: GatewayRequest): Promise<string | null> {
    const process = this.#process;
    if (!process) return Promise.resolve('the network gateway is being started again: try once more in a moment');
    this.#requests += 1;
    const number = this.#requests;
    return new Promise((resolve) => {
      this.#answers.set(number, resolve);
      process.send({ ...request, request: number });
    });
  }

  /** A cable between a replica of this VM and the gateway. */
  plug(vm: string, replica: ReplicaProcess): void {
    if (this.#process) this.#processes.plug(vm, replica, this.#process);
  }

  kill(): void {
    this.#process?.kill();
  }

  close(): void {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.kill();
  }

  #hear(message: FromGateway): void {
    if (message.type === 'answer') {
      this.#answers.get(message.request)?.(message.error);
      this.#answers.delete(message.request);
    } else if (message.type === 'failed') {
      this.#words = message.message;
    } else if (message.type !== 'ready') {
      this.#hooks.message(message);
    }
  }

  #exited(process: GatewayProcess, why: string): void {
    if (this.#process !== process) return;
    this.#process = null;
    const reason = this.#words ?? why;
    for (const answer of this.#answers.values()) answer(`the network gateway ended (${reason}): try again`);
    this.#answers.clear();
    if (this.#closed) return;
    this.#restartMs = Date.now() - this.#startedAt > HEALTHY_MS ? RESTART_MS_MIN : this.#restartMs * 2;
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        this.ensure();
      },
      Math.min(this.#restartMs, RESTART_MS_MAX),
    );
    this.#hooks.lost(reason);
  }
}
