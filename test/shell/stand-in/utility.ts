/**
 * `utilityProcess`: real Node processes, with a parent port and message ports as Electron gives them.
 *
 * Invariant: `pid` is known from `spawn` to `exit` and undefined otherwise; what is posted before `spawn` waits; when a
 * process ends, every port that it held closes.
 */
import { fork as forkNode, type ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { app, requireReady } from './app.ts';
import { checkTransfer, cloneForIpc, type MessagePortMain } from './ports.ts';
import type { FromUtility, ToUtility } from './utility-wire.ts';

const childSide = new URL('utility-child.ts', import.meta.url).href;

interface ForkOptions {
  readonly serviceName?: string;
  readonly stdio?: 'inherit' | 'ignore';
  readonly execArgv?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

class UtilityProcess extends EventEmitter {
  readonly #child: ChildProcess;
  readonly #ports = new Map<number, { send(data: unknown): void; close(): void }>();
  readonly #early: ToUtility[] = [];
  #spawned = false;
  #lastPort = 0;
  pid: number | undefined;

  constructor(entry: string, args: readonly string[], { serviceName, stdio, execArgv, env }: ForkOptions) {
    super();
    this.#child = forkNode(entry, [...args], {
      serialization: 'advanced',
      execArgv: ['--import', childSide, ...(execArgv ?? [])],
      stdio: ['ignore', stdio ?? 'inherit', stdio ?? 'inherit', 'ipc'],
      ...(env && { env }),
    });
    this.#child.once('spawn', () => this.#begin());
    this.#child.on('message', (message: FromUtility) => this.#received(message));
    this.#child.on('error', () => {
      // A message to a process that has just died: its `exit` says the rest.
    });
    this.#child.once('exit', (code, signal) => this.#end(code, signal, serviceName ?? 'Node Utility Process'));
  }

  postMessage(message: unknown, transfer: readonly unknown[] = []): void {
    const data = cloneForIpc(message);
    checkTransfer(transfer);
    this.#send({ kind: 'message', data, ports: transfer.map((port) => this.#adopt(port)) });
  }

  /** Asks, by SIGTERM. */
  kill(): boolean {
    return this.#child.kill();
  }

  #begin(): void {
    // Electron says so in a later turn than the one that forked.
    this.#spawned = true;
    this.pid = this.#child.pid;
    this.emit('spawn');
    for (const message of this.#early.splice(0)) this.#send(message);
  }

  #adopt(port: MessagePortMain): number {
    this.#lastPort += 1;
    const number = this.#lastPort;
    const moved = port.moveTo({
      deliver: (data) => this.#send({ kind: 'port', port: number, data }),
      closed: () => this.#send({ kind: 'closed', port: number }),
    });
    this.#ports.set(number, moved);
    return number;
  }

  #send(message: ToUtility): void {
    if (!this.#spawned) this.#early.push(message);
    else if (this.#child.connected) this.#child.send(message);
  }

  #received(message: FromUtility): void {
    if (message.kind === 'message') {
      this.emit('message', message.data);
    } else if (message.kind === 'port') {
      this.#ports.get(message.port)?.send(message.data);
    } else {
      this.#ports.get(message.port)?.close();
      this.#ports.delete(message.port);
    }
  }

  #end(code: number | null, signal: NodeJS.Signals | null, name: string): void {
    for (const port of this.#ports.values()) port.close();
    this.#ports.clear();
    const exitCode = code ?? (signal ? os.constants.signals[signal] : 0);
    if (exitCode !== 0) {
      const reason = signal === 'SIGKILL' || signal === 'SIGTERM' ? 'killed' : 'abnormal-exit';
      app.emit('child-process-gone', {}, { type: 'Utility', reason, exitCode, serviceName: name, name });
    }
    this.emit('exit', exitCode);
    this.pid = undefined;
  }
}

export const utilityProcess = {
  fork(entry: string, args: readonly string[] = [], options: ForkOptions = {}): UtilityProcess {
    requireReady('utilityProcess cannot be created');
    if (!path.isAbsolute(entry) || !existsSync(entry)) throw new Error(`Cannot find module '${entry}'`);
    return new UtilityProcess(entry, args, options);
  },
};
