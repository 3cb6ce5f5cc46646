// Random stories of faults: whatever happens to a pair, every checker is content, and one guest lives on.
// The seed of the simulator to come. LOCKSTEP_RUNS tells many more of them.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NoDifference } from '../support/checkers.ts';
import { holds } from '../support/random.ts';
import { ToyPair } from '../support/toy-pair.ts';

const RUNS = Number(process.env['LOCKSTEP_RUNS'] ?? 20);

type Step =
  | { readonly do: 'run'; readonly ms: number }
  | { readonly do: 'kill'; readonly who: 'primary' | 'backup'; readonly unsent: number; readonly told: boolean }
  | { readonly do: 'stop'; readonly who: 'primary' | 'backup'; readonly ms: number }
  | { readonly do: 'delay'; readonly ms: number }
  | { readonly do: 'storage'; readonly away: 'r1' | 'r2' | 'r3' | 'all' | 'none' }
  | { readonly do: 'disk'; readonly who: 'primary' | 'backup'; readonly failures: number }
  | { readonly do: 'type' | 'cut' | 'heal' | 'ft off' | 'slow backup' | 'fast backup' };

const modes = fc.record({
  diskMode: fc.constantFrom('shared' as const, 'separate' as const),
  diskReads: fc.constantFrom('log' as const, 'backup' as const),
});

const who = fc.constantFrom('primary', 'backup');

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('run'), ms: fc.integer({ min: 1, max: 120 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('type') }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('kill'), who, unsent: fc.nat(6), told: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('stop'), who, ms: fc.integer({ min: 1, max: 1200 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delay'), ms: fc.integer({ min: 0, max: 20 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('storage'), away: fc.constantFrom('r1', 'r2', 'r3', 'all', 'none') }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('disk'), who, failures: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('cut', 'heal', 'ft off', 'slow backup', 'fast backup') }) },
);

/** Carries out one step. A replica is killed only where the pair promises to survive it. */
function take(pair: ToyPair, now: Step): void {
  switch (now.do) {
    case 'run':
      return pair.run(now.ms);
    case 'type':
      return pair.type('typed');
    case 'cut':
      return pair.channel.cut();
    case 'heal':
      return pair.channel.heal();
    case 'delay':
      pair.channel.latencyMs = now.ms;
      return undefined;
    case 'slow backup':
    case 'fast backup':
      pair.backupEpochsPerMs = now.do === 'slow backup' ? 1 : 50;
      return undefined;
    case 'ft off':
      if (pair.primary.isPrimary) pair.primary.endProtection();
      return undefined;
    case 'storage':
      pair.lease.unreachable = now.away === 'all';
      pair.lease.unreachableFor.clear();
      pair.lease.unreachableFor.add(now.away);
      return undefined;
    case 'disk':
      return failDisk(pair, now.who, now.failures);
    case 'kill':
      return kill(pair, now.who, now.unsent, now.told);
    case 'stop':
      return stop(pair, now.who, now.ms);
  }
}

function kill(pair: ToyPair, who: 'primary' | 'backup', unsent: number, told: boolean): void {
  const healthy = pair.primary.state === 'protected' && pair.backup?.state === 'replaying' && !pair.channel.isCut;
  pair.deathIsTold = told;
  if (healthy) pair[who]?.die(unsent);
  pair.run(1);
}

/** The next requests to the disk of one of them fail; on a shared disk that may hit the other as well. */
function failDisk(pair: ToyPair, who: 'primary' | 'backup', failures: number): void {
  const disk = pair.disks[pair[who]?.slot ?? 'A'];
  let left = failures;
  disk.fails = () => left-- > 0;
}

function stop(pair: ToyPair, who: 'primary' | 'backup', ms: number): void {
  const replica = pair[who];
  replica?.stop(true);
  pair.run(ms);
  replica?.stop(false);
  // What it heard while it slept comes first: only then is it known who may be killed next.
  pair.run(50);
}

/** Everything works again: the fleet's part is to start a new backup. */
function recover(pair: ToyPair): void {
  pair.channel.heal();
  pair.channel.latencyMs = 1;
  pair.lease.unreachable = false;
  pair.lease.unreachableFor.clear();
  pair.backupEpochsPerMs = 50;
  pair.run(1500);
}

test('whatever happens to a pair, one guest lives on, and the outside sees one continuation of it', () => {
  const machine = fc.record({ seed: fc.nat(1000), disk: fc.boolean(), blocks: fc.integer({ min: 1, max: 16 }) });
  holds(
    fc.property(
      machine,
      modes,
      fc.array(fc.array(step, { maxLength: 12 }), { minLength: 1, maxLength: 3 }),
      (toy, settings, chapters) => {
        const pair = new ToyPair({ seed: toy.seed, machine: toy, settings });
        pair.addChecker(new NoDifference());
        pair.startBackup();
        pair.runUntil(() => pair.primary.state === 'protected');
        for (const [chapter, steps] of chapters.entries()) {
          for (const now of steps) take(pair, now);
          recover(pair);
          const states = pair.replicas.map(({ name, state }) => `${name} ${state}`).join(', ');
          const living = pair.replicas.filter(({ state }) => state === 'alone' || state === 'protected');
          expect(living, `chapter ${chapter}: ${states}`).toEqual([pair.primary]);
          if (pair.primary.state === 'alone') pair.startBackup();
          pair.runUntil(() => pair.primary.state === 'protected', 5000);
          pair.expectCorrect();
          expect(pair.lease.slot, 'the disk that is true').toBe(pair.primary.slot);
        }
        const typed = pair.inputs.resume(0);
        expect(typed, 'inputs that never reached the guest').toEqual([]);
      },
    ),
    RUNS,
  );
});
