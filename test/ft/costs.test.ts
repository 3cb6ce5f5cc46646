/**
 * What the protocol costs on the channel, in counts that do not depend on a computer's speed: the goals of the
 * benchmark (test/bench/goals.ts), guarded.
 */
import zlib from 'node:zlib';
import { expect, test } from 'vitest';
import type { Head } from '../../main/ft/entry.ts';
import { HEADER_BYTES, decodeMessage, encodeEntry, type Entry } from '../../main/ft/log.ts';
import { ToyPair } from '../support/toy-pair.ts';

/** A guest of 128 MB and its video memory. */
const PAGES = 36_352;
const SECONDS = 60;

/** A Protected pair whose guest says nothing and is told nothing, one epoch every so many milliseconds. */
function silentPair(epochMs: number): { bytesPerSecond: number; sent: { [kind in Entry['kind']]?: number } } {
  const { pair, primary } = ToyPair.protectedPair({ machine: { pages: PAGES, outputs: () => 0 } });
  pair.epochMs = epochMs;
  pair.run(2000);
  const sent: { [kind in Entry['kind']]?: number } = {};
  pair.channel.backup.tamper = (message) => {
    for (const { kind } of decodeMessage(message, zlib.crc32)) sent[kind] = (sent[kind] ?? 0) + 1;
    return message;
  };
  const before = primary.primary.metrics(pair.now).logBytes;
  pair.run(SECONDS * 1000);
  pair.expectCorrect();
  return { bytesPerSecond: (primary.primary.metrics(pair.now).logBytes - before) / SECONDS, sent };
}

test('a head without inputs takes a few bytes beside its header', () => {
  const head: Head = { advanceUs: 4999, rate: 20_480, slices: 64, inputs: [] };
  const bytes = encodeEntry({ kind: 'head', epoch: 2 ** 40, head }, zlib.crc32);
  expect(bytes.length).toBeLessThanOrEqual(HEADER_BYTES + 7);
});

test('an idle guest, woken every 90 ms, fills at most 0.01 Mbit/s, and its heads are most of its heartbeats', () => {
  const { bytesPerSecond, sent } = silentPair(90);
  expect((bytesPerSecond * 8) / 1e6).toBeLessThanOrEqual(0.01);
  expect(sent.head).toBeLessThanOrEqual((SECONDS * 1000) / 90 + 1);
  expect(sent.heartbeat ?? 0).toBeLessThan(SECONDS * 10);
  // Compared all the same: the CPU every second, a slice every second epoch.
  expect(sent.hash).toBeGreaterThan(SECONDS * 5);
  expect(sent.hash).toBeLessThan(SECONDS * 7);
});

test('one that only computes, in epochs of 5 ms, fills at most 0.05 Mbit/s', () => {
  const { bytesPerSecond, sent } = silentPair(5);
  expect((bytesPerSecond * 8) / 1e6).toBeLessThanOrEqual(0.05);
  expect(sent.head).toBeLessThanOrEqual((SECONDS * 1000) / 5 + 1);
  expect(sent.heartbeat ?? 0).toBe(0);
});
