/**
 * The JSON text of a snapshot, checked.
 *
 * Invariant: what `readDescription` returns has the types and bounds that its type says, however the text was made.
 */
import * as v from 'valibot';
import { SOUND_RATE_MAX } from '../../preload/contract/sound.ts';
import { CLOCK_NS_MAX } from './clock.ts';
import { KEYBOARD_QUEUE_BYTES_MAX } from './devices/keyboard.ts';
import { DISC_PATH_LENGTH_MAX, isIdentity } from './devices/medium.ts';
import { MOUSE_MOVEMENT_MAX, MOUSE_PLACE_MAX, MOUSE_QUEUE_MAX } from './devices/mouse.ts';
import { SnapshotError } from './errors.ts';
import type { Graph, Node, Value } from './graph.ts';
import { TABLE_GENERATED_COUNT } from './v86-types.ts';

export const WASM_PAGE_BYTES = 65_536;
const MEMORY_BYTES_MAX = 4_294_967_296;
const NODES_MAX = 1_000_000;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const word = v.pipe(count, v.maxValue(0xffff_ffff));
const byte = v.pipe(count, v.maxValue(0xff));
/** A virtual clock may run beyond the whole numbers that a double holds exactly, but not beyond where it rises. */
const nanoseconds = v.pipe(v.number(), v.finite(), v.integer(), v.minValue(0), v.maxValue(CLOCK_NS_MAX));

const numberTag = v.picklist(['NaN', 'Infinity', '-Infinity', '-0']);
const value: v.GenericSchema<Value> = v.union([
  v.null(),
  v.boolean(),
  v.number(),
  v.string(),
  v.tuple([v.literal('node'), count]),
  v.tuple([v.literal('function')]),
  v.tuple([v.literal('undefined')]),
  v.tuple([v.literal('outsider'), v.string()]),
  v.tuple([v.literal('number'), numberTag]),
  v.tuple([v.literal('bigint'), v.pipe(v.string(), v.regex(/^-?\d{1,40}$/))]),
]);

const node: v.GenericSchema<Node> = v.variant('kind', [
  v.object({ kind: v.literal('object'), type: v.string(), entries: v.array(v.tuple([v.string(), value])) }),
  v.object({ kind: v.literal('array'), items: v.array(value) }),
  v.object({ kind: v.literal('map'), items: v.array(v.tuple([value, value])) }),
  v.object({ kind: v.literal('set'), items: v.array(value) }),
  v.object({ kind: v.literal('queue'), bytes: v.pipe(v.array(v.number()), v.maxLength(KEYBOARD_QUEUE_BYTES_MAX)) }),
  v.object({ kind: v.literal('view'), type: v.string(), buffer: value, offset: count, length: count }),
  v.object({ kind: v.literal('buffer'), index: count }),
]);

const movement = v.pipe(v.number(), v.safeInteger(), v.minValue(-MOUSE_MOVEMENT_MAX), v.maxValue(MOUSE_MOVEMENT_MAX));
const offset = v.pipe(count, v.maxValue(MOUSE_PLACE_MAX));
const mouseEvent = v.object({
  dx: movement,
  dy: movement,
  wheel: movement,
  buttons: byte,
  at: v.exactOptional(v.object({ x: offset, y: offset })),
});

const volume = v.pipe(v.number(), v.minValue(-100), v.maxValue(0));
const sound = v.object({
  playing: v.boolean(),
  rate: v.pipe(count, v.minValue(1), v.maxValue(SOUND_RATE_MAX)),
  takenNs: nanoseconds,
  speaker: v.object({ on: v.boolean(), mode: byte, reload: v.pipe(count, v.maxValue(65_536)) }),
  volumes: v.pipe(v.array(volume), v.length(4), v.readonly()),
});

const disc = v.object({
  path: v.pipe(v.string(), v.maxLength(DISC_PATH_LENGTH_MAX)),
  bytes: v.pipe(count, v.minValue(2048), v.multipleOf(2048)),
  identity: v.pipe(v.string(), v.check(isIdentity)),
});

const description = v.object({
  identity: v.string(),
  /** The pages are those of the machine as it was built, and are left out: who restores it has them. */
  asBuilt: v.exactOptional(v.literal(true)),
  memoryBytes: v.pipe(count, v.maxValue(MEMORY_BYTES_MAX), v.multipleOf(WASM_PAGE_BYTES)),
  clock: v.object({ lastNs: nanoseconds, rate: v.pipe(count, v.minValue(1)) }),
  random: v.pipe(v.array(word), v.length(4)),
  a20: byte,
  counters: v.object({ epoch: count, instructions: count }),
  mouse: v.object({ waiting: v.pipe(v.array(mouseEvent), v.maxLength(MOUSE_QUEUE_MAX), v.readonly()), buttons: byte }),
  sound,
  disks: v.object({ nextId: count, failedWrites: v.pipe(v.array(v.picklist(['hda', 'hdb', 'cdrom'])), v.readonly()) }),
  media: v.object({ disc: v.nullable(disc) }),
  modules: v.pipe(v.array(v.pipe(count, v.maxValue(TABLE_GENERATED_COUNT - 1))), v.maxLength(TABLE_GENERATED_COUNT)),
  graph: v.object({
    nodes: v.pipe(v.array(node), v.maxLength(NODES_MAX)),
    roots: v.array(v.tuple([v.string(), value])),
    births: v.pipe(v.array(v.pipe(v.number(), v.safeInteger(), v.minValue(-1))), v.maxLength(NODES_MAX)),
  }),
});

export type Description = Omit<v.InferOutput<typeof description>, 'graph'> & {
  readonly graph: Pick<Graph, 'nodes' | 'roots' | 'births'>;
};

/** @throws {SnapshotError} that names the part that is wrong. */
export function readDescription(json: unknown): Description {
  const result = v.safeParse(description, json, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new SnapshotError(`the snapshot's text is wrong at ${v.getDotPath(issue) ?? 'its top'}: ${issue.message}`);
}
