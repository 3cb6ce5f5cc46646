/**
 * What the fleet needs of operating-system processes: fork a replica, join two of them, hear of their end.
 *
 * Invariant: nothing above knows whether a replica is an Electron utility process or a Node child process.
 */
import type { FromReplica, LinkName, ToReplica } from '../replica/messages.ts';

export interface ReplicaProcess {
  /** The operating system's number; 0 until it is known. */
  readonly pid: number;
  send(message: ToReplica): void;
  onMessage(listener: (message: FromReplica) => void): void;
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

export interface Processes {
  fork(): ReplicaProcess;
  /** Gives each of the two an end of a direct link. Either may die meanwhile; the other then sees its end close. */
  link(name: LinkName, a: ReplicaProcess, b: ReplicaProcess): void;
}
