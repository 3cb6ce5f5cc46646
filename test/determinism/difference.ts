/**
 * Names what differs between a machine that went astray and one that repeats its recording from power-on: fields of
 * device objects by path, and pages of memory.
 *
 * Invariant: only for people; whether something differs was decided by the hashes.
 */
import { wholeHead } from '../../main/ft/entry.ts';
import { decodeContainer } from '../../main/machine/container.ts';
import { createMachine } from '../../main/machine/emulated.ts';
import type { Machine, Snapshot } from '../../main/machine/machine.ts';
import { type Description, readDescription } from '../../main/machine/snapshot-description.ts';
import type { Guest } from './programs.ts';
import { readEntries } from './recording.ts';

const LINES_MAX = 20;
const PAGE_BYTES = 4096;

interface Opened {
  readonly json: Description;
  readonly sections: readonly Uint8Array[];
  readonly pages: ReadonlyMap<number, Uint8Array>;
}

/** At most some lines; why there are none where a snapshot cannot be had. */
export async function explain(astray: Machine, guest: Guest, file: string): Promise<string[]> {
  const reference = await createMachine(guest.config);
  for (const entry of readEntries(file)) {
    if (reference.epoch === astray.epoch) break;
    const head = entry.kind === 'head' ? wholeHead(entry.head) : null;
    if (head) reference.execute(head);
  }
  if (astray.pendingRequests.length > 0 || reference.pendingRequests.length > 0) {
    return ['a disk request is pending, so there is no snapshot to compare'];
  }
  const [mine, its] = [open(astray.capture()), open(reference.capture())];
  const lines = [...scalars(mine, its), ...graphs(mine, its), ...memory(mine, its)];
  return lines.length > LINES_MAX ? [...lines.slice(0, LINES_MAX), `and ${lines.length - LINES_MAX} more`] : lines;
}

function open(snapshot: Snapshot): Opened {
  const { json, sections } = decodeContainer(snapshot.description);
  const pages = new Map<number, Uint8Array>();
  const [bitmap = new Uint8Array()] = sections;
  for (let page = 0; page < bitmap.length * 8; page += 1) {
    if ((((bitmap[page >> 3] ?? 0) >> (page & 7)) & 1) === 0) continue;
    pages.set(page, snapshot.pages.subarray(pages.size * PAGE_BYTES, (pages.size + 1) * PAGE_BYTES));
  }
  return { json: readDescription(json), sections, pages };
}

function scalars({ json: mine }: Opened, { json: its }: Opened): string[] {
  const names = ['clock', 'random', 'a20', 'counters', 'mouse', 'sound', 'disks', 'media', 'modules'] as const;
  return names.flatMap((name) => {
    const [a, b] = [JSON.stringify(mine[name]), JSON.stringify(its[name])];
    return a === b ? [] : [`${name}: ${a.slice(0, 200)} instead of ${b.slice(0, 200)}`];
  });
}

function graphs(mine: Opened, its: Opened): string[] {
  const lines: string[] = [];
  const seen = new Set<string>();
  const walk = (a: unknown, b: unknown, place: string): void => {
    const [first, second] = [nodeOf(mine, a), nodeOf(its, b)];
    if (first === null || second === null || first.kind !== second.kind) {
      if (JSON.stringify(a) !== JSON.stringify(b)) lines.push(`${place}: ${short(a)} instead of ${short(b)}`);
      return;
    }
    const key = `${String((a as [string, number])[1])}-${String((b as [string, number])[1])}`;
    if (seen.has(key)) return;
    seen.add(key);
    const [left, right] = [children(mine, first), children(its, second)];
    for (const name of new Set([...Object.keys(left), ...Object.keys(right)])) {
      walk(left[name], right[name], `${place}.${name}`);
    }
  };
  const rootsOf = ({ json }: Opened) => Object.fromEntries(json.graph.roots) as Record<string, unknown>;
  const [left, right] = [rootsOf(mine), rootsOf(its)];
  for (const name of Object.keys(left)) walk(left[name], right[name], name);
  return lines;
}

type GraphNode = Description['graph']['nodes'][number];

function nodeOf({ json }: Opened, value: unknown): GraphNode | null {
  return Array.isArray(value) && value[0] === 'node' ? (json.graph.nodes[value[1] as number] ?? null) : null;
}

function children({ json, sections }: Opened, node: GraphNode): Record<string, unknown> {
  if (node.kind === 'object') return Object.fromEntries(node.entries);
  if (node.kind === 'buffer') {
    const bytes = sections.slice(3 + json.modules.length)[node.index] ?? new Uint8Array();
    return Object.fromEntries([...bytes].map((byte, index) => [index, byte]));
  }
  if (node.kind === 'view') return { buffer: node.buffer, offset: node.offset, length: node.length };
  if (node.kind === 'queue') return Object.fromEntries(node.bytes.entries());
  return Object.fromEntries((node.items.flat() as unknown[]).entries());
}

function short(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 80);
}

function memory({ pages: mine }: Opened, { pages: its }: Opened): string[] {
  const zeros = new Uint8Array(PAGE_BYTES);
  return [...new Set([...mine.keys(), ...its.keys()])]
    .sort((a, b) => a - b)
    .flatMap((page) => {
      const [a, b] = [mine.get(page) ?? zeros, its.get(page) ?? zeros];
      const at = a.findIndex((byte, index) => byte !== b[index]);
      if (at < 0) return [];
      const count = a.reduce((sum, byte, index) => sum + Number(byte !== b[index]), 0);
      const hex = (bytes: Uint8Array) => Buffer.from(bytes.subarray(at, at + 8)).toString('hex');
      return [`memory 0x${(page * PAGE_BYTES + at).toString(16)}: ${hex(a)} instead of ${hex(b)}, ${count} bytes`];
    });
}
