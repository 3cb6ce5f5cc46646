// A mark: what was taken of the machine at an epoch boundary belongs to its history once the backup has all before it.

import { expect, test } from 'vitest';
import { ToyPair } from '../support/toy-pair.ts';

test('is told when the backup has what came before, and no sooner', () => {
  const { pair, primary } = ToyPair.protectedPair({ latencyMs: 5 });
  primary.primary.mark('one', pair.now);
  expect(pair.reported(primary, 'marked')).toEqual([]);
  pair.run(20);
  expect(pair.reported(primary, 'marked')).toMatchObject([{ mark: 'one' }]);
  pair.expectCorrect();
});

test('of a primary that dies before is never told, and the machine goes on', () => {
  const { pair, primary, backup } = ToyPair.protectedPair({ latencyMs: 5 });
  primary.primary.mark('one', pair.now);
  primary.die(1000);
  pair.runUntil(() => backup.isPrimary);
  pair.run(100);
  expect([...pair.reported(primary, 'marked'), ...pair.reported(backup, 'marked')]).toEqual([]);
  pair.expectCorrect();
});

test('is told at once where there is no backup, and also while the machine is paused', () => {
  const pair = new ToyPair();
  pair.run(10);
  pair.primary.primary.mark('alone', pair.now);
  pair.primary.pause(true);
  pair.primary.primary.mark('paused', pair.now);
  expect(pair.reported(pair.primary, 'marked')).toMatchObject([{ mark: 'alone' }, { mark: 'paused' }]);
  pair.expectCorrect();
});
