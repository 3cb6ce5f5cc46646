/**
 * The fuzzer's randomness, and what it does to bytes and to plain data.
 *
 * Invariant: the same seed draws the same changes.
 */
import { words } from '../support/mulberry.ts';

/** Numbers at which length fields, counters and types go wrong. */
const INTERESTING = [0, 1, 2, 0x7f, 0x80, 0xc0, 0xfe, 0xff];
const INTERESTING_WORDS = [0, 1, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff];
const INSERTED_BYTES_MAX = 200;

export class Random {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = words(seed);
  }

  /** One of many generators that one seed gives: run `index` draws the same, whatever the others drew. */
  static of(seed: number, index: number): Random {
    const random = new Random(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35));
    random.below(2);
    return random;
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    return this.#next() % limit;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  bytes(count: number): Uint8Array {
    return new Uint8Array(count).map(() => this.below(256));
  }
}

/** One change to `bytes`, perhaps in place: cut, lengthened, joined with another, or with wrong numbers in it. */
export function changed(bytes: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array {
  const at = random.below(Math.max(1, bytes.length));
  switch (random.below(8)) {
    case 0:
      return bytes.slice(0, at);
    case 1:
      return joined(bytes, random.bytes(random.below(INSERTED_BYTES_MAX)));
    case 2: {
      const other = random.pick(others);
      return joined(bytes.subarray(0, at), other.subarray(random.below(other.length)));
    }
    case 3:
      return joined(bytes.subarray(0, at), bytes.subarray(at + random.below(8)));
    case 4:
      bytes[at] = random.pick(INTERESTING);
      return bytes;
    case 5:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      return bytes;
    case 6: {
      const word = random.pick(INTERESTING_WORDS);
      for (let index = 0; index < 4; index += 1) bytes[at + index] = word >>> (8 * index);
      return bytes;
    }
    default:
      bytes[at] = random.below(256);
      bytes[at + 1] = random.below(256);
      return bytes;
  }
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const STRANGE: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  0.5,
  1e308,
  2 ** 53,
  2 ** 32,
  '',
  '__proto__',
  'constructor',
  '\u0000',
  '€'.repeat(300),
  'a'.repeat(10_000),
  '../../../etc/passwd',
  '127.0.0.1',
  [],
  {},
  [[[[[[]]]]]],
  Array.from({ length: 1000 }, () => 0),
  { __proto__: null, length: -1 },
];

/** Another value of the same type: what a check of types lets through. */
function similar(value: unknown, random: Random): unknown {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'string') return text(value, random);
  if (typeof value !== 'number') return value;
  return random.pick([
    value + 1,
    value - 1,
    -value,
    value * 2,
    value >>> 1,
    value * 2 ** 20,
    0,
    1,
    255,
    65_536,
    2 ** 31,
  ]);
}

/** The same as `strange`, but every value keeps its type. */
export function nearly(value: unknown, random: Random): unknown {
  if (Array.isArray(value) && value.length > 0) {
    const at = random.below(value.length);
    if (random.below(20) === 0) return value.toSpliced(at, 1);
    return value.with(at, nearly(value[at], random));
  }
  if (typeof value !== 'object' || value === null) return similar(value, random);
  const keys = Object.keys(value);
  if (keys.length === 0) return value;
  const key = random.pick(keys);
  return { ...value, [key]: nearly((value as Record<string, unknown>)[key], random) };
}

/** Plain data with one value somewhere in it replaced, left out or doubled; now and then the whole. */
export function strange(value: unknown, random: Random): unknown {
  const inside = typeof value === 'object' && value !== null && random.below(8) > 0;
  const keys = inside ? Object.keys(value) : [];
  if (keys.length === 0) return random.below(4) === 0 ? text(value, random) : random.pick(STRANGE);
  const key = random.pick(keys);
  const current = (value as Record<string, unknown>)[key];
  if (Array.isArray(value)) {
    const copy: unknown[] = value.slice();
    copy[Number(key)] = strange(current, random);
    return random.below(8) === 0 ? [...copy, ...copy] : copy;
  }
  const { [key]: _left, ...rest } = value as Record<string, unknown>;
  if (random.below(8) === 0) return rest;
  if (random.below(8) === 0) return { ...rest, [`${key}x`]: current };
  return { ...rest, [key]: strange(current, random) };
}

/** A text that is a little wrong. */
function text(value: unknown, random: Random): string {
  const characters = typeof value === 'string' ? [...value] : [...(JSON.stringify(value) ?? '')].slice(0, 100);
  characters.splice(random.below(characters.length + 1), random.below(3), random.pick([' ', '0', '-', '/', 'é', '\n']));
  return characters.join('');
}
