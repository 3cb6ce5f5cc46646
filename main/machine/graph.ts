/**
 * v86's device objects as plain data.
 *
 * v86 keeps its devices as a graph of JavaScript objects. A clone has the same objects already, because it was built
 * from the same configuration; so what is captured is what they hold. Objects that existed when a machine was built are
 * told apart by the order in which a walk met them then (their birth number), later ones by the place they are found
 * in.
 *
 * Invariant: two machines in the same state give the same `nodes`, `roots` and `buffers`, byte for byte, whatever
 * happened to them before: keys are visited in order, birth numbers are kept apart. Not state, and left alone:
 * functions, proxies (v86's views of linear memory), views of linear memory, and the objects named as outsiders.
 */
import { types } from 'node:util';
import { assert } from './errors.ts';
import type { ByteQueue } from './v86-types.ts';

/** A value: JSON's own kinds as they are, all others as a tagged array. */
export type Value = null | boolean | number | string | Tagged;
export type Tagged =
  | readonly ['undefined']
  | readonly ['number', 'NaN' | 'Infinity' | '-Infinity' | '-0']
  | readonly ['bigint', string]
  | readonly ['function']
  | readonly ['outsider', string]
  | readonly ['node', number];

export type Node =
  | { readonly kind: 'object'; readonly type: string; readonly entries: readonly (readonly [string, Value])[] }
  | { readonly kind: 'array'; readonly items: readonly Value[] }
  | { readonly kind: 'map'; readonly items: readonly (readonly [Value, Value])[] }
  | { readonly kind: 'set'; readonly items: readonly Value[] }
  | { readonly kind: 'queue'; readonly bytes: readonly number[] }
  | {
      readonly kind: 'view';
      readonly type: string;
      readonly buffer: Value;
      readonly offset: number;
      readonly length: number;
    }
  | { readonly kind: 'buffer'; readonly index: number };

export interface Graph {
  readonly nodes: readonly Node[];
  readonly roots: readonly (readonly [string, Value])[];
  /** Birth numbers of the nodes, -1 for later objects. Not part of the state. */
  readonly births: readonly number[];
  /** Contents of the nodes of kind `buffer`; views of the live objects, not copies. */
  readonly buffers: readonly Uint8Array[];
}

export type Roots = Readonly<Record<string, unknown>>;

/** What a machine is made of from the start: its objects by birth number, its classes by name, and what is outside. */
export class Registry {
  readonly objects: readonly object[];
  /** Prototypes by the name of their class. */
  readonly classes: ReadonlyMap<string, object>;
  readonly #births = new Map<object, number>();
  readonly #outsiders: ReadonlyMap<object, string>;
  readonly #memory: WebAssembly.Memory;

  /** @param classes classes of which no object may exist yet. */
  constructor(
    roots: Roots,
    outsiders: ReadonlyMap<object, string>,
    memory: WebAssembly.Memory,
    classes: readonly { readonly name: string; readonly prototype: object }[],
  ) {
    this.#outsiders = outsiders;
    this.#memory = memory;
    const known = new Map<string, object>(classes.map(({ name, prototype }) => [name, prototype]));
    const objects: object[] = [];
    new Walk(this, (object) => {
      this.#births.set(object, objects.length);
      objects.push(object);
      if (kindOf(object) === 'object') addClass(known, object);
    }).graph(roots);
    this.objects = objects;
    this.classes = known;
  }

  /** -1 when the object did not exist when the machine was built. */
  birthOf(object: object): number {
    return this.#births.get(object) ?? -1;
  }

  /** The name of what is no state, or null. */
  outsider(object: object): string | null {
    const name = this.#outsiders.get(object);
    if (name !== undefined) return name;
    if (types.isProxy(object)) return 'proxy';
    if (object instanceof AbortController) return 'abort';
    const { buffer } = this.#memory;
    return object === buffer || (ArrayBuffer.isView(object) && object.buffer === buffer) ? 'memory' : null;
  }

  /** The object that goes by the name, or null for names that stand for many. */
  outsiderNamed(name: string): object | null {
    for (const [object, known] of this.#outsiders) if (known === name) return object;
    return null;
  }
}

function addClass(classes: Map<string, object>, object: object): void {
  const prototype = Object.getPrototypeOf(object) as object;
  const name = className(object);
  const known = classes.get(name);
  assert(known === undefined || known === prototype, `v86 has one class named ${name}`);
  classes.set(name, prototype);
}

/** Walks the objects below `roots`. The buffers of the result are live: copy or hash them before the guest goes on. */
export function captureGraph(registry: Registry, roots: Roots): Graph {
  return new Walk(registry, () => {}).graph(roots);
}

export function kindOf(object: object): Node['kind'] {
  if (types.isAnyArrayBuffer(object)) return 'buffer';
  if (ArrayBuffer.isView(object)) return 'view';
  if (Array.isArray(object)) return 'array';
  if (types.isMap(object)) return 'map';
  if (types.isSet(object)) return 'set';
  return isByteQueue(object) ? 'queue' : 'object';
}

/** v86's byte queues keep their bytes in a closure: all one can do is take them out and put them back. */
function isByteQueue(object: object): boolean {
  return ['push', 'shift', 'peek', 'clear', 'length'].every((key) => Object.hasOwn(object, key));
}

export function className(object: object): string {
  return object.constructor?.name ?? '';
}

class Walk {
  readonly #registry: Registry;
  readonly #meet: (object: object) => void;
  readonly #ids = new Map<object, number>();
  readonly #nodes: Node[] = [];
  readonly #births: number[] = [];
  readonly #buffers: Uint8Array[] = [];

  constructor(registry: Registry, meet: (object: object) => void) {
    this.#registry = registry;
    this.#meet = meet;
  }

  graph(roots: Roots): Graph {
    const values = Object.entries(roots).map(([name, value]) => [name, this.#value(value)] as const);
    return { nodes: this.#nodes, roots: values, births: this.#births, buffers: this.#buffers };
  }

  #value(value: unknown): Value {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value;
      case 'number':
        if (Number.isNaN(value)) return ['number', 'NaN'];
        if (Object.is(value, -0)) return ['number', '-0'];
        return Number.isFinite(value) ? value : ['number', value > 0 ? 'Infinity' : '-Infinity'];
      case 'bigint':
        return ['bigint', value.toString()];
      case 'function':
        return ['function'];
      case 'object':
        return value === null ? null : this.#reference(value);
      default:
        assert(value === undefined, `v86 keeps no ${typeof value} as state`);
        return ['undefined'];
    }
  }

  #reference(object: object): Value {
    const name = this.#registry.outsider(object);
    if (name !== null) return ['outsider', name];
    const known = this.#ids.get(object);
    if (known !== undefined) return ['node', known];
    const id = this.#nodes.length;
    this.#ids.set(object, id);
    // Holds the place while the walk goes deeper.
    this.#nodes.push({ kind: 'set', items: [] });
    this.#meet(object);
    this.#births.push(this.#registry.birthOf(object));
    this.#nodes[id] = this.#node(object);
    return ['node', id];
  }

  #node(object: object): Node {
    switch (kindOf(object)) {
      case 'buffer':
        this.#buffers.push(new Uint8Array(object as ArrayBuffer));
        return { kind: 'buffer', index: this.#buffers.length - 1 };
      case 'view': {
        const view = object as Uint8Array;
        const { byteOffset: offset, byteLength } = view;
        const length = view.length ?? byteLength;
        return { kind: 'view', type: className(view), buffer: this.#value(view.buffer), offset, length };
      }
      case 'array':
        return { kind: 'array', items: Array.from(object as unknown[], (item) => this.#value(item)) };
      case 'map': {
        const items = [...(object as Map<unknown, unknown>)];
        return { kind: 'map', items: items.map(([key, value]) => [this.#value(key), this.#value(value)] as const) };
      }
      case 'set':
        return { kind: 'set', items: [...(object as Set<unknown>)].map((item) => this.#value(item)) };
      case 'queue':
        return { kind: 'queue', bytes: queued(object as ByteQueue) };
      case 'object': {
        const fields = object as Record<string, unknown>;
        const keys = Object.keys(fields).sort();
        const entries = keys.map((key) => [key, this.#value(fields[key])] as const);
        return { kind: 'object', type: className(object), entries };
      }
    }
  }
}

function queued(queue: ByteQueue): number[] {
  const bytes: number[] = [];
  while (queue.length > 0) bytes.push(queue.shift());
  for (const byte of bytes) queue.push(byte);
  return bytes;
}
