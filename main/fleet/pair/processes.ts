/**
 * What the fleet needs of operating-system processes: fork a replica or the gateway, join two of them, hear of their
 * end.
 *
 * Invariant: nothing above knows whether a process is an Electron utility process or a Node child process.
 */
import type { FromGateway, ToGateway } from '../../gateway/messages.ts';
import type { FromReplica, ToReplica } from '../../replica/messages.ts';

/** A process that was forked: `Says` is what it says, `Hears` what it is told. */
export interface ChildProcess<Says, Hears> {
  /** The operating system's number; 0 until it is known. */
  readonly pid: number;
  /** Called as soon as its number is known, which may be now. */
  whenNumbered(listener: () => void): void;
  send(message: Hears): void;
  onMessage(listener: (message: Says) => void): void;
  /** Called once, with the reason in words ("killed by SIGKILL", "exit code 1"). */
  onExit(listener: (why: string) => void): void;
  /** Ends it at once, as `kill -9` does. */
  kill(): void;
  /**
   * Makes it stand still (SIGSTOP), or go on (SIGCONT).
   * @throws {Error} where the operating system cannot do that.
   */
  hang(hanging: boolean): void;
}

export type ReplicaProcess = ChildProcess<FromReplica, ToReplica>;
export type GatewayProcess = ChildProcess<FromGateway, ToGateway>;

export interface Processes {
  fork(): ReplicaProcess;
  forkGateway(): GatewayProcess;
  /** The logging channel: each gets an end of it. Either may die meanwhile; the other then sees its end close. */
  link(a: ReplicaProcess, b: ReplicaProcess): void;
  /** A cable between a replica of this VM and the gateway. */
  plug(vm: string, replica: ReplicaProcess, gateway: GatewayProcess): void;
}
