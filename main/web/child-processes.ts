/**
 * Replicas and the gateway as Node child processes, joined by local sockets: what the headless host uses.
 *
 * Invariant: the sockets live in a folder that only this user can enter, and a child ends when this process does (its
 * IPC channel closes).
 */
import { fork, type ChildProcess as NodeChild } from 'node:child_process';
import path from 'node:path';
import { makeProcessFolder, takenOver } from '../fleet/pair/process-folder.ts';
import type { ChildProcess, Processes } from '../fleet/pair/processes.ts';
import type { FromGateway, GatewayLinkName, ToGateway } from '../gateway/messages.ts';
import type { FromReplica, LinkName, ToReplica } from '../replica/messages.ts';
import type { LinkInstruction, LinkListening } from '../transport/parent.ts';

/**
 * For glibc's allocator (mallopt(3)): memory that was freed goes back to the system. By its own rules a replica keeps
 * twice what it uses, once a snapshot and the compiler have passed through; and what a process holds, the kernel has to
 * take back when it dies, before its sockets close.
 */
const ALLOCATOR = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '131072',
};

class Child<Says extends object, Hears extends object, Link extends string> implements ChildProcess<Says, Hears> {
  readonly #child: NodeChild;
  readonly #onListening = new Map<string, () => void>();
  #onMessage: (message: Says) => void = () => {};
  #onExit: (why: string) => void = () => {};

  constructor(entry: string, folder: string) {
    this.#child = fork(entry, [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { ...process.env, ...ALLOCATOR, ...takenOver(folder) },
    });
    this.#child.on('message', (message: Says | LinkListening) => {
      if (!('listening' in message)) {
        this.#onMessage(message as Says);
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

  whenNumbered(listener: () => void): void {
    listener();
  }

  send(message: Hears | LinkInstruction<Link>): void {
    if (this.#child.connected) this.#child.send(message);
  }

  onMessage(listener: (message: Says) => void): void {
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
  listen(link: Link, address: string, listening: () => void): void {
    this.#onListening.set(address, listening);
    this.send({ link, listen: address });
  }

  connect(link: Link, address: string): void {
    this.send({ link, connect: address });
  }
}

type NodeReplica = Child<FromReplica, ToReplica, LinkName>;
type NodeGateway = Child<FromGateway, ToGateway, GatewayLinkName>;

/** What the two kinds of process run. */
export interface Entries {
  readonly replica: string;
  readonly gateway: string;
}

export function childProcesses(entries: Entries): Processes & { close(): void } {
  const folder = makeProcessFolder();
  let links = 0;
  const address = (): string => {
    links += 1;
    if (process.platform === 'win32') return `\\\\.\\pipe\\lockstep-${process.pid}-${links}`;
    return path.join(folder.path, `${links}.sock`);
  };
  return {
    fork: () => new Child<FromReplica, ToReplica, LinkName>(entries.replica, folder.path),
    forkGateway: () => new Child<FromGateway, ToGateway, GatewayLinkName>(entries.gateway, folder.path),
    link(a, b) {
      const where = address();
      (a as NodeReplica).listen('peer', where, () => (b as NodeReplica).connect('peer', where));
    },
    plug(vm, replica, gateway) {
      const where = address();
      (gateway as NodeGateway).listen(`nic:${vm}`, where, () => (replica as NodeReplica).connect('nic', where));
    },
    close: () => folder.remove(),
  };
}
