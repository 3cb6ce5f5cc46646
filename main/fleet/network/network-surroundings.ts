/** What the guests' networks and their port forwards stand on, and whom they tell. */
import type { Severity } from '../../../preload/contract/contract.ts';
import type { EventKind } from '../../../preload/contract/event-kinds.ts';
import type { NetworkTable } from '../../store/networks.ts';
import type { Processes } from '../pair/processes.ts';

export interface NetworkSurroundings {
  readonly processes: Processes;
  readonly table: NetworkTable;
  /** Guests reach this computer's loopback by the gateway's address. */
  readonly hostLoopback: boolean;
  /** The network that a VM is on. */
  networkOf(vm: string): string;
  event(
    vm: string | null,
    kind: EventKind,
    severity: Severity,
    message: string,
    data?: { [key: string]: unknown },
  ): void;
  changed(): void;
}
