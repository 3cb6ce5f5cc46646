/**
 * Replicas as Node child processes, joined by local sockets: what the headless host uses.
 *
 * Invariant: the sockets live in a folder that only this user can enter, and a child ends when this process does (its
 * IPC channel closes).
 */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Processes, ReplicaProcess } from '../fleet/processes.ts';
import type { FromReplica, LinkName, ToReplica } from '../replica/messages.ts';
import type { LinkInstruction, LinkListening } from '../transport/parent.ts';

class NodeReplica implements ReplicaProcess {
  readonly #child: ChildProcess;
  readonly #onListening = new Map<string, () => void>();
  #onMessage: (message: FromReplica) => void = () => {};
  #onExit: (why: string) => void = () => {};

  constructor(entry: string) {
    this.#child = fork(entry, [], { serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#child.on('message', (message: FromReplica | LinkListening) => {
      if (!('listening' in message)) {
        this.#onMessage(message);
        return;
      }
      this.#onListening.get(message.listening)?.();
      this.#onListening.delete(message.listening);
    });
    this.#child.on('error', () => {
      // A message to a process that has just died: its `exit` says the rest.
    });
    this.#child.on('exit', (code, signal) => this.#onExit(signal ? `killed by ${signal}` : `exit code ${code ?? 0}`));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  send(message: ToReplica | LinkInstruction): void {
    if (this.#child.connected) this.#child.send(message);
  }

  onMessage(listener: (message: FromReplica) => void): void {
    this.#onMessage = listener;
  }

  onExit(listener: (why: string) => void): void {
    this.#onExit = listener;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  hang(hanging: boolean): void {
    this.#child.kill(hanging ? 'SIGSTOP' : 'SIGCONT');
  }

  /** Listens for one link and calls back when the other side may connect. */
  listen(name: LinkName, address: string, listening: () => void): void {
    this.#onListening.set(address, listening);
    this.send({ link: name, listen: address });
  }
}

/** `entry` is what a replica process runs. */
export function childProcesses(entry: string): Processes & { close(): void } {
  const folder = process.platform === 'win32' ? null : mkdtempSync(path.join(os.tmpdir(), 'lockstep-'));
  let links = 0;
  const address = (): string => {
    links += 1;
    return folder ? path.join(folder, `${links}.sock`) : `\\\\.\\pipe\\lockstep-${process.pid}-${links}`;
  };
  return {
    fork: () => new NodeReplica(entry),
    link(name, a, b) {
      const where = address();
      const listener = a as NodeReplica;
      const connector = b as NodeReplica;
      listener.listen(name, where, () => connector.send({ link: name, connect: where }));
    },
    close() {
      if (folder) rmSync(folder, { recursive: true, force: true });
    },
  };
}
