/**
 * A real fleet on a real data folder, with replicas that a test plays.
 *
 * Invariant: it is closed when the test ends.
 */
import { onTestFinished } from 'vitest';
import { carryOut } from '../../main/fleet/commands.ts';
import { Fleet } from '../../main/fleet/fleet.ts';
import type { Limits } from '../../main/fleet/limits.ts';
import type { GuestLibrary } from '../../main/fleet/spec.ts';
import type { CommandArgs, CommandName, CommandResults } from '../../preload/contract/contract.ts';
import { FakeProcesses, wellBehaved } from './fake-processes.ts';
import { temporaryFolder } from './folder.ts';
import { makeGuests } from './guests.ts';

export interface TestFleet {
  readonly fleet: Fleet;
  readonly processes: FakeProcesses;
  readonly guests: GuestLibrary;
  readonly dataFolder: string;
  /** Carries out a command as a door does. */
  call<C extends CommandName>(command: C, args: CommandArgs<C>): Promise<CommandResults[C]>;
}

export interface FleetParts {
  readonly dataFolder?: string;
  readonly guests?: GuestLibrary;
  readonly processes?: FakeProcesses;
  readonly limits?: Limits;
  readonly hostLoopback?: boolean;
  readonly checkpointMinuteMs?: number;
}

/** Opens a fleet; in a new data folder unless one is given. */
export function openFleet(parts: FleetParts = {}): TestFleet {
  const dataFolder = parts.dataFolder ?? temporaryFolder();
  const guests = parts.guests ?? makeGuests(temporaryFolder());
  const processes = parts.processes ?? new FakeProcesses(wellBehaved);
  const { limits, hostLoopback = true, checkpointMinuteMs } = parts;
  const fleet = new Fleet({
    dataFolder,
    version: '9.9.9',
    processes,
    guests,
    hostLoopback,
    ...(limits && { limits }),
    ...(checkpointMinuteMs !== undefined && { checkpointMinuteMs }),
  });
  onTestFinished(() => fleet.close());
  const call = (command: string, args: unknown): Promise<never> => carryOut(fleet, command, args) as Promise<never>;
  return { fleet, processes, guests, dataFolder, call };
}
