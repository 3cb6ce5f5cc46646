/**
 * Carries out the faults of a scenario, and makes good again what was out of order.
 *
 * Invariant: after `heal` nothing is out of order any more but what a fault has destroyed.
 */
import type { SimReplica } from './parts.ts';
import type { Conditions, Fault, Who } from './scenario.ts';
import type { World } from './world.ts';

export class Faults {
  readonly #world: World;
  #healed = false;
  /** Processes whose clocks were touched. */
  readonly #clocks = new Set<SimReplica>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Plans them. */
  plan(): void {
    const { time, scenario } = this.#world;
    for (const { at, fault } of scenario.faults) {
      time.at(at, () => {
        if (this.#healed) return;
        this.#world.trace(() => `fault ${JSON.stringify(fault)}`);
        this.#apply(fault);
      });
    }
  }

  heal(): void {
    this.#healed = true;
    const { fleet, conditions, scenario } = this.#world;
    this.#world.trace(() => 'healed');
    Object.assign(conditions, scenario.conditions);
    this.#world.away = null;
    fleet.process.continue();
    for (const replica of fleet.replicas()) {
      replica.process.continue();
      replica.fate = null;
    }
    for (const replica of this.#clocks) replica.process.setRate(1);
    fleet.link?.cut(false, false);
    fleet.setProtected(true);
    if (fleet.pauseWanted) fleet.pause(false);
  }

  #apply(fault: Fault): void {
    const { fleet, survival } = this.#world;
    switch (fault.kind) {
      case 'kill':
        return this.#kill(fault.who);
      case 'crash': {
        const replica = this.#replica(fault.who);
        if (replica) replica.fate = fault.fate;
        return undefined;
      }
      case 'stop':
        return this.#stop(fault.who, fault.forMs);
      case 'cut':
        return this.#cut(fault.ways, fault.forMs);
      case 'condition':
        return this.#change(fault.change, fault.forMs);
      case 'storage':
        this.#world.away = fault.away;
        return this.#later(fault.forMs, () => void (this.#world.away = null));
      case 'jump':
      case 'rate':
        return this.#clock(fault);
      case 'type':
        for (let i = 0; i < fault.count; i++) fleet.type(Uint8Array.of(i));
        return undefined;
      case 'corrupt':
        if (fleet.secondary?.state === 'replaying') fleet.secondary.machine.corrupt();
        return survival.disturbed();
      default:
        survival.disturbed();
        return this.#operate(fault);
    }
  }

  #operate(fault: Exclude<Fault, { who: unknown }>): void {
    const { fleet } = this.#world;
    switch (fault.kind) {
      case 'break':
        return fleet.link?.break('the link broke');
      case 'loseHead':
        this.#world.headLost = true;
        return fleet.link?.a.loseHead();
      case 'restartFleet':
        return fleet.process.stopped ? undefined : fleet.restart();
      case 'powerOff':
        return fleet.powerOff(true);
      case 'migrate':
        return fleet.migrate();
      case 'unprotect':
        fleet.setProtected(false);
        return this.#later(fault.forMs, () => fleet.setProtected(true));
      case 'pause':
        fleet.pause(true);
        return this.#later(fault.forMs, () => fleet.pause(false));
      default:
    }
  }

  #replica(who: Who): SimReplica | null {
    const { fleet } = this.#world;
    if (who === 'primary') return fleet.primary;
    if (who === 'secondary') return fleet.secondary;
    return fleet.replicas().find((replica) => replica !== fleet.primary && replica !== fleet.secondary) ?? null;
  }

  #kill(who: Who | 'both'): void {
    for (const one of who === 'both' ? (['primary', 'secondary'] as const) : [who]) {
      const replica = this.#replica(one);
      if (!replica?.alive) continue;
      this.#world.coverage.add('kills');
      this.#world.strike(replica, 'by a fault');
    }
  }

  #stop(who: Who | 'fleet', forMs: number): void {
    const { fleet, coverage } = this.#world;
    const process = who === 'fleet' ? fleet.process : this.#replica(who)?.process;
    if (!process?.alive) return;
    coverage.add('stops');
    process.stop();
    this.#while(forMs, () => process.continue());
  }

  #cut(ways: 'both' | 'toBackup' | 'toPrimary', forMs: number): void {
    const { link } = this.#world.fleet;
    if (!link) return;
    link.cut(ways !== 'toPrimary', ways !== 'toBackup');
    this.#while(forMs, () => link.cut(false, false));
  }

  #change(change: Partial<Conditions>, forMs: number): void {
    const { conditions, scenario } = this.#world;
    Object.assign(conditions, change);
    this.#while(forMs, () => {
      for (const name of Object.keys(change) as (keyof Conditions)[]) conditions[name] = scenario.conditions[name];
    });
  }

  #clock(fault: Extract<Fault, { kind: 'jump' | 'rate' }>): void {
    const replica = this.#replica(fault.who);
    this.#world.survival.disturbed();
    if (!replica) return;
    this.#clocks.add(replica);
    if (fault.kind === 'jump') replica.process.jump(fault.ms);
    else replica.process.setRate(fault.rate);
  }

  /** A fault that goes on until `end`. */
  #while(forMs: number, end: () => void): void {
    const { survival } = this.#world;
    survival.begins();
    this.#world.time.after(forMs, () => {
      survival.ends();
      if (!this.#healed) end();
    });
  }

  #later(forMs: number, act: () => void): void {
    this.#world.time.after(forMs, () => {
      if (!this.#healed) act();
    });
  }
}
