// The Output Rule: the gate of the primary and the backlog of the backup.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { comparePositions, OutputBacklog, OutputGate } from '../../main/ft/output.ts';
import { holds } from '../support/random.ts';

/** A gate that holds one output for each of these epochs, named by the epoch. */
function gateWith(...epochs: number[]): OutputGate<string> {
  const gate = new OutputGate<string>();
  for (const epoch of epochs) gate.hold(epoch, `of ${epoch}`, 10, 0);
  return gate;
}

describe('a gate', () => {
  test('that was never closed lets everything leave at once', () => {
    const gate = gateWith(0, 1, 1);
    expect(gate.take(0)).toEqual(['of 0', 'of 1', 'of 1']);
    expect(gate.heldBytes).toBe(0);
  });

  test('that is closed keeps an output until the head of its epoch was acknowledged', () => {
    const gate = new OutputGate<string>();
    gate.close(5);
    gate.hold(4, 'before', 10, 0);
    gate.hold(5, 'first', 10, 0);
    gate.hold(6, 'second', 10, 0);
    expect(gate.take(0)).toEqual(['before']);

    gate.acknowledge(6);
    expect(gate.take(0)).toEqual(['first']);
    expect([gate.heldCount, gate.heldBytes]).toEqual([1, 10]);

    gate.acknowledge(7);
    expect(gate.take(0)).toEqual(['second']);
  });

  test('is not closed again by an acknowledgement that comes late', () => {
    const gate = gateWith(1, 2);
    gate.close(0);
    gate.acknowledge(3);
    gate.acknowledge(1);
    expect(gate.take(0)).toEqual(['of 1', 'of 2']);
  });

  test('that is blocked lets nothing leave, whatever is acknowledged, until it is opened', () => {
    const gate = gateWith(1, 2);
    gate.close(0);
    gate.block();
    gate.acknowledge(100);
    expect(gate.take(0)).toEqual([]);

    gate.open();
    expect(gate.take(0)).toEqual(['of 1', 'of 2']);
  });

  test('that is closed for a second backup trusts nothing that the first one acknowledged', () => {
    const gate = new OutputGate<string>();
    gate.close(0);
    gate.acknowledge(1000);
    gate.open();
    gate.close(20);
    gate.hold(20, 'new', 1, 0);
    expect(gate.take(0)).toEqual([]);
  });

  test('refuses an output of an epoch that is past', () => {
    const gate = gateWith(3);
    expect(() => gate.hold(2, 'late', 1, 0)).toThrow('outputs are held in order');
  });

  test('measures how long outputs waited for their acknowledgement, only those, and only of late', () => {
    const gate = gateWith(0);
    gate.take(50);
    expect(gate.delays(50)).toBeNull();

    gate.close(1);
    for (let epoch = 1; epoch <= 100; epoch++) gate.hold(epoch, 'timed', 1, 1000);
    for (let epoch = 1; epoch <= 100; epoch++) {
      gate.acknowledge(epoch + 1);
      gate.take(1000 + epoch);
    }
    expect(gate.delays(1100)).toEqual({ p50: 51, p99: 100 });
    // Ten seconds after the middle one, and after the last.
    expect(gate.delays(11_050)).toEqual({ p50: 75, p99: 100 });
    expect(gate.delays(11_101)).toBeNull();
  });
});

type Step =
  | { readonly do: 'hold'; readonly count: number }
  | { readonly do: 'acknowledge'; readonly back: number }
  | { readonly do: 'take' | 'close' | 'block' | 'open' };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('hold'), count: fc.nat(40) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('acknowledge'), back: fc.nat(3) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('take') }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('close', 'block', 'open') }) },
  ),
  { maxLength: 80 },
);

test('whatever happens to a gate, outputs leave in order, each once, and none before its time', () => {
  holds(
    fc.property(steps, (story) => {
      const gate = new OutputGate<{ epoch: number; number: number }>();
      const left: number[] = [];
      let [epoch, made, acknowledged, closed, blocked] = [0, 0, 0, false, false];
      const take = (): void => {
        for (const output of gate.take(0)) {
          expect(blocked || (closed && output.epoch >= acknowledged), 'left too early').toBe(false);
          left.push(output.number);
        }
      };
      for (const step of story) {
        if (step.do === 'hold') {
          for (let i = 0; i < step.count; i++) gate.hold(epoch, { epoch, number: made++ }, 7, 0);
          epoch += 1;
        } else if (step.do === 'acknowledge') {
          const upTo = Math.max(0, epoch - step.back);
          gate.acknowledge(upTo);
          acknowledged = Math.max(acknowledged, upTo);
        } else if (step.do === 'close') {
          gate.close(epoch);
          [closed, acknowledged] = [true, epoch];
        } else if (step.do === 'block') {
          gate.block();
          blocked = true;
        } else if (step.do === 'open') {
          gate.open();
          [closed, blocked] = [false, false];
        } else {
          take();
        }
        expect(gate.heldCount).toBe(made - left.length);
        expect(gate.heldBytes).toBe((made - left.length) * 7);
      }
      gate.open();
      [closed, blocked] = [false, false];
      take();
      expect(left).toEqual(Array.from({ length: made }, (_, number) => number));
    }),
  );
});

describe('a backlog', () => {
  const at = (epoch: number, index: number): { epoch: number; index: number; output: string } => ({
    epoch,
    index,
    output: `${epoch}.${index}`,
  });

  test('keeps what was made until it is known to have left', () => {
    const backlog = new OutputBacklog<string>();
    for (const output of [at(1, 0), at(1, 1), at(3, 0)]) backlog.keep(output);
    backlog.released({ epoch: 1, index: 1 });
    expect(backlog.rest()).toEqual([at(1, 1), at(3, 0)]);
  });

  test('is emptied when everything has left, and goes on', () => {
    const backlog = new OutputBacklog<string>();
    backlog.keep(at(1, 0));
    backlog.released({ epoch: 9, index: 0 });
    expect(backlog.count).toBe(0);

    backlog.keep(at(10, 0));
    expect(backlog.rest()).toEqual([at(10, 0)]);
  });

  test('is not filled again by an older word of what has left', () => {
    const backlog = new OutputBacklog<string>();
    for (const output of [at(1, 0), at(2, 0)]) backlog.keep(output);
    backlog.released({ epoch: 2, index: 0 });
    backlog.released({ epoch: 1, index: 0 });
    expect(backlog.rest()).toEqual([at(2, 0)]);
  });

  test('refuses outputs that are out of order or come twice', () => {
    const backlog = new OutputBacklog<string>();
    backlog.keep(at(4, 1));
    expect(() => backlog.keep(at(4, 1))).toThrow('outputs are kept in order');
    expect(() => backlog.keep(at(4, 0))).toThrow('outputs are kept in order');
  });
});

test('positions are ordered by epoch and then by index', () => {
  const position = fc.record({ epoch: fc.nat(5), index: fc.integer({ min: -1, max: 5 }) });
  holds(
    fc.property(position, position, (a, b) => {
      const expected = a.epoch === b.epoch ? a.index - b.index : a.epoch - b.epoch;
      expect(Math.sign(comparePositions(a, b))).toBe(Math.sign(expected));
    }),
  );
});
