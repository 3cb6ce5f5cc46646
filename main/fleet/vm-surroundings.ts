/** What a VM stands on: tables, desks and processes that all VMs of a fleet share. */
import type { AlarmSummary } from '../../preload/contract/contract.ts';
import type { EventTable } from '../store/events.ts';
import type { FailoverTable } from '../store/failovers.ts';
import type { VmTable } from '../store/vms.ts';
import type { CheckpointDesk } from './states/checkpoint-desk.ts';
import type { DiskDesk } from './disks/disk-desk.ts';
import type { NetworkDesk } from './network/network-desk.ts';
import type { Processes } from './pair/processes.ts';
import type { Spares } from './pair/spares.ts';
import type { SnapshotDesk } from './states/snapshot-desk.ts';
import type { GuestLibrary } from './spec.ts';
import type { StateOwner } from './states/state-owner.ts';
import type { AlarmSubject } from './watch/alarms.ts';
import type { Watched } from './watch/task-watch.ts';

/** A VM, as those know it who look at every change. */
export interface ChangedVm extends StateOwner {
  /** What alarms and tasks are about. */
  readonly subject: AlarmSubject & Watched;
}

export interface VmSurroundings {
  readonly vms: VmTable;
  readonly events: EventTable;
  readonly failovers: FailoverTable;
  readonly processes: Processes;
  readonly spares: Spares;
  readonly guests: GuestLibrary;
  /** The folder of the shared storage. */
  readonly datastore: string;
  readonly hostName: string;
  readonly network: NetworkDesk;
  readonly disks: DiskDesk;
  readonly snapshots: SnapshotDesk;
  readonly checkpoints: CheckpointDesk;
  /** Where recordings go whose file nobody has named. */
  readonly recordings: string;
  /** The VM may be in another state. */
  readonly changed: (vm: ChangedVm) => void;
  readonly alarms: (vm: string) => AlarmSummary;
}
