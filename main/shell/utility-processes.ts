/**
 * Replicas and the gateway as Electron utility processes, joined by message ports: what the desktop application uses.
 *
 * Invariant: the entry paths are fixed here and never come from a message; this process only brokers a link, the data
 * then flow directly between the two processes.
 */
import { MessageChannelMain, utilityProcess, type MessagePortMain, type UtilityProcess } from 'electron';
import { makeProcessFolder, takenOver } from '../fleet/pair/process-folder.ts';
import type { ChildProcess, Processes } from '../fleet/pair/processes.ts';
import type { FromGateway, GatewayLinkName, ToGateway } from '../gateway/messages.ts';
import type { FromReplica, LinkName, ToReplica } from '../replica/messages.ts';

class Utility<Says, Hears, Link extends string> implements ChildProcess<Says, Hears> {
  readonly #child: UtilityProcess;
  #onMessage: (message: Says) => void = () => {};
  #onExit: (why: string) => void = () => {};
  /** To be ended as soon as it has a number. */
  #doomed = false;

  constructor(entry: string, serviceName: string, folder: string) {
    this.#child = utilityProcess.fork(entry, [], {
      serviceName,
      stdio: 'inherit',
      env: { ...process.env, ...takenOver(folder) },
    });
    this.#child.once('spawn', () => {
      if (this.#doomed) this.kill();
    });
    this.#child.on('message', (message: Says) => this.#onMessage(message));
    this.#child.on('exit', (code) => this.#onExit(`exit code ${code}`));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  whenNumbered(listener: () => void): void {
    if (this.pid > 0) listener();
    else this.#child.once('spawn', listener);
  }

  send(message: Hears): void {
    this.#child.postMessage(message);
  }

  giveLink(link: Link, port: MessagePortMain): void {
    this.#child.postMessage({ link }, [port]);
  }

  onMessage(listener: (message: Says) => void): void {
    this.#onMessage = listener;
  }

  onExit(listener: (why: string) => void): void {
    this.#onExit = listener;
  }

  kill(): void {
    this.#doomed = true;
    // Not UtilityProcess.kill(), which asks: a fault, and the end of a replica that hangs, must not wait for an answer.
    this.#signal('SIGKILL');
  }

  hang(hanging: boolean): void {
    this.#signal(hanging ? 'SIGSTOP' : 'SIGCONT');
  }

  /** Its number is known from `spawn` to `exit`. */
  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(pid, signal);
    } catch (error) {
      // It has ended already, and Electron is about to say so.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

type UtilityReplica = Utility<FromReplica, ToReplica, LinkName>;
type UtilityGateway = Utility<FromGateway, ToGateway, GatewayLinkName>;

/** `entries` are the bundled replica and gateway. */
export function utilityProcesses(entries: { readonly replica: string; readonly gateway: string }): Processes {
  let forked = 0;
  const folder = makeProcessFolder().path;
  return {
    fork() {
      forked += 1;
      return new Utility<FromReplica, ToReplica, LinkName>(entries.replica, `Lockstep replica ${forked}`, folder);
    },
    forkGateway: () =>
      new Utility<FromGateway, ToGateway, GatewayLinkName>(entries.gateway, 'Lockstep network gateway', folder),
    link(a, b) {
      const { port1, port2 } = new MessageChannelMain();
      (a as UtilityReplica).giveLink('peer', port1);
      (b as UtilityReplica).giveLink('peer', port2);
    },
    plug(vm, replica, gateway) {
      const { port1, port2 } = new MessageChannelMain();
      (gateway as UtilityGateway).giveLink(`nic:${vm}`, port1);
      (replica as UtilityReplica).giveLink('nic', port2);
    },
  };
}
