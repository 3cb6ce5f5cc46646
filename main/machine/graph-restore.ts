/**
 * Puts captured data back into v86's device objects.
 *
 * Invariant: afterwards a walk of the machine gives the graph that was put in. An object that both machines had from
 * the start is found by its birth number; a later one takes the place of what is there now, if that is of the same kind
 * and is not another node's, and is made anew otherwise.
 */
import { SnapshotError } from './errors.ts';
import { className, type Graph, kindOf, type Node, type Registry, type Roots, type Value } from './graph.ts';
import type { ByteQueue } from './v86-types.ts';

const VIEWS: Readonly<Record<string, new (buffer: ArrayBuffer, offset: number, length: number) => ArrayBufferView>> = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
};

/** Returns the new value of each root. @throws {SnapshotError} when the graph does not fit this machine. */
export function restoreGraph(registry: Registry, roots: Roots, graph: Graph): Record<string, unknown> {
  const restorer = new Restorer(registry, graph);
  return Object.fromEntries(graph.roots.map(([name, value]) => [name, restorer.value(value, roots[name], name)]));
}

type Fields = Record<string, unknown>;

class Restorer {
  readonly #registry: Registry;
  readonly #graph: Graph;
  readonly #bound: (object | undefined)[];
  readonly #used = new Set<object>();
  /** Objects that some node is by birth: no other node may take them. */
  readonly #claimed = new Set<object>();

  constructor(registry: Registry, graph: Graph) {
    this.#registry = registry;
    this.#graph = graph;
    this.#bound = Array.from(graph.nodes, () => undefined);
    for (const birth of graph.births) {
      const object = registry.objects[birth];
      if (object !== undefined) this.#claimed.add(object);
    }
  }

  /** The value to put where `current` is. */
  value(value: Value, current: unknown, path: string): unknown {
    if (!Array.isArray(value)) return value;
    const [tag, content] = value as readonly [string, unknown];
    switch (tag) {
      case 'undefined':
        return undefined;
      case 'number':
        return Number(content);
      case 'bigint':
        return BigInt(content as string);
      case 'node':
        return this.#object(content as number, current, path);
      case 'outsider':
        return this.#registry.outsiderNamed(content as string) ?? this.#keep(current, 'object', path);
      case 'function':
        return this.#keep(current, 'function', path);
      default:
        throw new SnapshotError(`${path}: unknown tag ${tag}`);
    }
  }

  /** What cannot be captured must be there already. */
  #keep(current: unknown, type: 'object' | 'function', path: string): unknown {
    if (typeof current === type && current !== null) return current;
    throw new SnapshotError(`${path}: the snapshot has a ${type} here that this machine has not`);
  }

  #object(id: number, current: unknown, path: string): object {
    const done = this.#bound[id];
    if (done !== undefined) return done;
    const node = this.#graph.nodes[id];
    if (node === undefined) throw new SnapshotError(`${path}: node ${id} is missing`);
    const target = this.#target(node, id, current);
    switch (node.kind) {
      case 'object':
        return this.#fill(node, this.#bind(id, target ?? this.#create(node.type, path)), path);
      case 'array':
        return this.#array(node, this.#bind(id, target ?? []), path);
      case 'map':
        return this.#map(node, this.#bind(id, target ?? new Map()), path);
      case 'set': {
        const set = this.#bind(id, target ?? new Set()) as Set<unknown>;
        set.clear();
        for (const item of node.items) set.add(this.value(item, undefined, `${path}{}`));
        return set;
      }
      case 'queue': {
        if (target === null) throw new SnapshotError(`${path}: this machine has no queue here`);
        const queue = this.#bind(id, target) as ByteQueue;
        queue.clear();
        for (const byte of node.bytes) queue.push(byte);
        return queue;
      }
      case 'view':
        return this.#view(node, id, target, path);
      case 'buffer':
        return this.#buffer(node, id, target, path);
    }
  }

  #bind(id: number, object: object): object {
    this.#bound[id] = object;
    this.#used.add(object);
    return object;
  }

  /** The object of this machine that becomes the node, or null when one has to be made. */
  #target(node: Node, id: number, current: unknown): object | null {
    const born = this.#registry.objects[this.#graph.births[id] ?? -1];
    if (born !== undefined && fits(born, node) && !this.#used.has(born)) return born;
    if (typeof current !== 'object' || current === null) return null;
    const free = !this.#used.has(current) && !this.#claimed.has(current) && this.#registry.outsider(current) === null;
    return free && fits(current, node) ? current : null;
  }

  #create(type: string, path: string): object {
    const prototype = this.#registry.classes.get(type);
    if (prototype === undefined) throw new SnapshotError(`${path}: this machine has no class ${type}`);
    return Object.create(prototype) as object;
  }

  #fill(node: Node & { kind: 'object' }, object: object, path: string): object {
    const fields = object as Fields;
    const keys = new Set(node.entries.map(([key]) => key));
    for (const key of Object.keys(fields)) {
      if (!keys.has(key) && typeof fields[key] !== 'function') delete fields[key];
    }
    for (const [key, value] of node.entries) {
      const current = fields[key];
      const next = this.value(value, current, `${path}.${key}`);
      if (!Object.is(next, current) || !Object.hasOwn(fields, key)) setField(fields, key, next);
    }
    return object;
  }

  #array(node: Node & { kind: 'array' }, object: object, path: string): object {
    const array = object as unknown[];
    const before = array.slice();
    array.length = node.items.length;
    node.items.forEach((item, index) => {
      array[index] = this.value(item, before[index], `${path}[${index}]`);
    });
    return array;
  }

  #map(node: Node & { kind: 'map' }, object: object, path: string): object {
    const map = object as Map<unknown, unknown>;
    const before = new Map(map);
    map.clear();
    for (const [key, value] of node.items) {
      const restored = this.value(key, undefined, `${path}{key}`);
      map.set(restored, this.value(value, before.get(restored), `${path}{}`));
    }
    return map;
  }

  #view(node: Node & { kind: 'view' }, id: number, target: object | null, path: string): object {
    const before = target as Uint8Array | null;
    const buffer = this.value(node.buffer, before?.buffer, `${path}.buffer`) as ArrayBuffer;
    const unchanged =
      before?.buffer === buffer &&
      before.byteOffset === node.offset &&
      (before.length ?? before.byteLength) === node.length;
    if (unchanged && before !== null) return this.#bind(id, before);
    const View = VIEWS[node.type];
    if (View === undefined || kindOf(buffer) !== 'buffer')
      throw new SnapshotError(`${path}: no such view: ${node.type}`);
    return this.#bind(id, new View(buffer, node.offset, node.length));
  }

  #buffer(node: Node & { kind: 'buffer' }, id: number, target: object | null, path: string): object {
    const bytes = this.#graph.buffers[node.index];
    if (bytes === undefined) throw new SnapshotError(`${path}: buffer ${node.index} is missing`);
    const before = target as ArrayBuffer | null;
    const buffer = before?.byteLength === bytes.length ? before : new ArrayBuffer(bytes.length);
    new Uint8Array(buffer).set(bytes);
    return this.#bind(id, buffer);
  }
}

function fits(object: object, node: Node): boolean {
  if (kindOf(object) !== node.kind) return false;
  return node.kind === 'object' || node.kind === 'view' ? className(object) === node.type : true;
}

/** A name from outside must not reach an object's prototype. */
function setField(fields: Fields, key: string, value: unknown): void {
  if (key === '__proto__') throw new SnapshotError('a snapshot cannot name __proto__');
  fields[key] = value;
}
