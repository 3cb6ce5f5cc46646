/**
 * One history: a virtual machine is powered on and protected, lives through the faults of its scenario (safety), and
 * must then come to rest, Protected, with nothing lost (liveness).
 *
 * Invariant: what a history finds is a function of its scenario.
 */
import type { Counts } from './coverage.ts';
import { Faults } from './faults.ts';
import type { SimReplica } from './parts.ts';
import type { Scenario } from './scenario.ts';
import { World } from './world.ts';

export interface Found {
  /** What must never be and was; empty in a good history. */
  readonly violations: readonly string[];
  readonly counts: Counts;
}

/** From the end of all faults until the pair must be Protected. */
const HEALING_MS = 12_000;
/** Until everything that is on the way has arrived. */
const SETTLING_MS = 2500;
/** The primary has told hashes of every part of its state in this time. */
const COMPARING_MS = 250;
const POWER_OFF_MS = 800;

/** `trace` gets a line for everything that happens. */
export function runHistory(scenario: Scenario, trace: string[] | null = null): Found {
  const world = new World(scenario, trace);
  const { time, fleet, random } = world;
  const faults = new Faults(world);
  fleet.process.post(() => fleet.powerOn());
  faults.plan();
  let typing = true;
  const type = (): void => {
    if (!typing) return;
    fleet.process.post(() => (random.chance(0.7) ? fleet.type(Uint8Array.of(random.below(256))) : undefined));
    if (random.chance(0.2)) world.network.send(Uint8Array.of(random.below(256)));
    time.after(scenario.typingMs * 2 * random.next(), type);
  };
  type();
  time.run(scenario.healAt, () => world.violated);
  faults.heal();
  const until = time.now + HEALING_MS;
  while (comesToRest(world, until)) {
    typing = false;
    if (finish(world)) break;
  }
  world.coverage.add('outputs', world.continuation.outputs);
  return { violations: world.found(), counts: world.coverage.counts };
}

/** Whether the pair becomes Protected and stays so: what a fault has left behind may still cost one side. */
function comesToRest(world: World, until: number): boolean {
  const { time, fleet } = world;
  while (!world.violated && time.now < until) {
    time.run(until, () => world.violated || fleet.isProtected);
    const { primary, secondary } = fleet;
    time.run(time.now + COMPARING_MS, () => world.violated || !fleet.isProtected);
    // A secondary that is behind compares them when it gets there.
    const told = primary?.machine.epoch ?? 0;
    const compared = (): boolean => secondary !== null && secondary.machine.epoch >= told;
    time.run(until, () => world.violated || !fleet.isProtected || compared());
    if (!compared()) continue;
    if (fleet.isProtected && fleet.primary === primary && fleet.secondary === secondary) return !world.violated;
  }
  if (!world.violated) world.violation(`not Protected after healing: ${states(world)}`);
  return false;
}

/** What is on the way arrives, and both sides stop at the same epoch. False where the pair did not last until then. */
function finish(world: World): boolean {
  const { time, fleet, received } = world;
  const { primary } = fleet;
  if (!primary) return false;
  const made = primary.machine.outputs;
  const arrived = (): boolean => primary.machine.lastInput === fleet.typed && received.count >= made;
  time.run(time.now + SETTLING_MS, () => world.violated || !fleet.isProtected || arrived());
  if (world.violated) return true;
  // What was on the way for long may still cost one side.
  if (!fleet.isProtected) return false;
  const { machine } = primary;
  if (machine.lastInput !== fleet.typed) {
    world.violation(`the guest got inputs up to ${machine.lastInput} of ${fleet.typed}`);
  }
  if (received.count < made) world.violation(`${received.count} of ${made} outputs have arrived`);
  powerOff(world);
  return true;
}

function powerOff(world: World): void {
  const { time, fleet } = world;
  const { primary, secondary } = fleet;
  if (!primary || !secondary) return;
  if (primary.machine.corrupted !== secondary.machine.corrupted) {
    world.violation(`the memories of ${primary.name} and ${secondary.name} differ, and nobody noticed`);
  }
  fleet.powerOff(false);
  time.run(time.now + POWER_OFF_MS, () => world.violated);
  const ends = [primary, secondary].map(({ name, state, halted, machine }) => {
    return `${name} ${halted?.cause ?? state} ${machine.epoch}`;
  });
  // A backup that is behind may be ended by the fleet before it gets there.
  const orderly = primary.halted?.cause === 'poweredOff' && !primary.alive && !secondary.alive;
  const together = !secondary.halted || secondary.machine.epoch === primary.machine.epoch;
  if (orderly && secondary.halted) compareDisks(world, primary, secondary);
  if (!orderly || !together) world.violation(`powered off, but not as one: ${ends.join(', ')}`);
}

/** Each has done what the guest asked for, unless one of them could not. */
function compareDisks(world: World, primary: SimReplica, secondary: SimReplica): void {
  const { shared, disks, scenario } = world;
  const drained = primary.drained && secondary.drained;
  const known = drained && primary.primary?.primary.disksEqual === true && scenario.conditions.diskErrors === 0;
  if (shared || !known) return;
  const difference = disks[primary.slot].difference(disks[secondary.slot]);
  if (difference) world.violation(`the disks of ${primary.name} and ${secondary.name} differ: ${difference}`);
}

function states(world: World): string {
  const { fleet } = world;
  const replicas = fleet.replicas().map(({ name, state }) => `${name} ${state}`);
  return `${replicas.join(', ')}; the fleet thinks ${fleet.phase}, life ${fleet.life}`;
}
