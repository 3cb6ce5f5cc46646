/** Log entries of every kind, at random. Numbers reach the ends of their ranges; data are often empty. */
import fc from 'fast-check';
import { HEAD_ADVANCE_US_MAX, HEAD_RATE_MAX, HEAD_SLICES_MAX } from '../../main/ft/constants.ts';
import type { Input, InputDevice, LoggedHead, ReadReference } from '../../main/ft/entry.ts';
import type { Entry } from '../../main/ft/log.ts';

const EPOCH_MAX = 2 ** 48 - 1;

const count = fc.oneof(fc.nat(300), fc.maxSafeNat());
const epoch = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: EPOCH_MAX }));
const bytes = fc.uint8Array({ maxLength: 40 });

/** All of them, by type. */
const devices = {
  serial: fc.constant('serial'),
  keyboard: fc.constant('keyboard'),
  mouse: fc.constant('mouse'),
  nic: fc.constant('nic'),
  disk: fc.constant('disk'),
  medium: fc.constant('medium'),
} as const satisfies { readonly [D in InputDevice]: fc.Arbitrary<D> };

export const input: fc.Arbitrary<Input> = fc.record({
  device: fc.oneof(...Object.values(devices)),
  sequence: count,
  data: bytes,
});

const reference: fc.Arbitrary<ReadReference> = fc.record({
  device: fc.constant('diskRead'),
  id: count,
  length: count,
  checksum: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
});

export const head: fc.Arbitrary<LoggedHead> = fc.record({
  advanceUs: fc.oneof(fc.nat(300), fc.integer({ min: 0, max: HEAD_ADVANCE_US_MAX })),
  rate: fc.integer({ min: 1, max: HEAD_RATE_MAX }),
  slices: fc.integer({ min: 0, max: HEAD_SLICES_MAX }),
  inputs: fc.array(fc.oneof(input, reference), { maxLength: 5 }),
});

const control = fc.oneof(
  fc.record({ type: fc.constant('protect'), generation: count }),
  fc.record({ type: fc.constantFrom('end', 'powerOff', 'pause', 'unpause') }),
);

const kinds = {
  hello: fc.record({
    kind: fc.constant('hello'),
    epoch,
    version: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    role: fc.constantFrom('primary', 'backup'),
  }),
  head: fc.record({ kind: fc.constant('head'), epoch, head }),
  control: fc.record({ kind: fc.constant('control'), epoch, control }),
  hash: fc.record({
    kind: fc.constant('hash'),
    epoch,
    region: fc.oneof(
      fc.constantFrom('cpu' as const, 'devices' as const, 'full' as const),
      fc.record({ first: count, end: count }),
    ),
    hash: fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes).toString('hex')),
  }),
  heartbeat: fc.record({ kind: fc.constant('heartbeat'), epoch, received: count, mayGoLive: fc.boolean() }),
  released: fc.record({ kind: fc.constant('released'), epoch, index: count }),
  snapshot: fc.record({
    kind: fc.constant('snapshot'),
    epoch,
    descriptionBytes: count,
    pagesBytes: count,
    lastInput: count,
  }),
  chunk: fc.record({ kind: fc.constant('chunk'), epoch, size: count, data: bytes }),
  sync: fc.record({ kind: fc.constant('sync'), epoch, data: bytes }),
} satisfies { readonly [K in Entry['kind']]: fc.Arbitrary<Extract<Entry, { kind: K }>> };

/** Entries of one kind each, by name. */
export const entriesByKind = Object.entries(kinds) as readonly (readonly [Entry['kind'], fc.Arbitrary<Entry>])[];

/** An entry of any kind. */
export const anyEntry: fc.Arbitrary<Entry> = fc.oneof(...entriesByKind.map(([, entry]) => entry));
