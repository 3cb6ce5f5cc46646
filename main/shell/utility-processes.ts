/**
 * Replicas as Electron utility processes, joined by message ports: what the desktop application uses.
 *
 * Invariant: the entry path is fixed here and never comes from a message; this process only brokers a link, the data
 * then flow directly between the two replicas.
 */
import { MessageChannelMain, utilityProcess, type MessagePortMain, type UtilityProcess } from 'electron';
import type { Processes, ReplicaProcess } from '../fleet/processes.ts';
import type { FromReplica, LinkName, ToReplica } from '../replica/messages.ts';

class UtilityReplica implements ReplicaProcess {
  readonly #child: UtilityProcess;
  #onMessage: (message: FromReplica) => void = () => {};
  #onExit: (why: string) => void = () => {};

  constructor(entry: string, serviceName: string) {
    this.#child = utilityProcess.fork(entry, [], { serviceName, stdio: 'inherit' });
    this.#child.on('message', (message: FromReplica) => this.#onMessage(message));
    this.#child.on('exit', (code) => this.#onExit(`exit code ${code}`));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  send(message: ToReplica): void {
    this.#child.postMessage(message);
  }

  giveLink(link: LinkName, port: MessagePortMain): void {
    this.#child.postMessage({ link }, [port]);
  }

  onMessage(listener: (message: FromReplica) => void): void {
    this.#onMessage = listener;
  }

  onExit(listener: (why: string) => void): void {
    this.#onExit = listener;
  }

  kill(): void {
    const { pid } = this.#child;
    // Not UtilityProcess.kill(), which asks: a fault, and the end of a replica that hangs, must not wait for an answer.
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  }

  hang(hanging: boolean): void {
    const { pid } = this.#child;
    if (pid !== undefined) process.kill(pid, hanging ? 'SIGSTOP' : 'SIGCONT');
  }
}

/** `entry` is the bundled replica. */
export function utilityProcesses(entry: string): Processes {
  let forked = 0;
  return {
    fork() {
      forked += 1;
      return new UtilityReplica(entry, `Lockstep replica ${forked}`);
    },
    link(name, a, b) {
      const { port1, port2 } = new MessageChannelMain();
      (a as UtilityReplica).giveLink(name, port1);
      (b as UtilityReplica).giveLink(name, port2);
    },
  };
}
