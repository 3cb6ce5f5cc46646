/**
 * A campaign's results as a file of JSON lines: first what was ordered and where, then each failure as soon as it is
 * over.
 *
 * Invariant: what was once appended stays, whatever happens to the campaign; a line that was cut off in the middle is
 * none, and its failure is done again.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync } from 'node:fs';
import path from 'node:path';
import type { EventRecord, FailoverReport, VmMetrics } from '../../preload/contract/contract.ts';
import type { Fault, Mode, Order } from './plan.ts';

export interface Failure {
  readonly number: number;
  readonly fault: Fault;
  readonly victim: 'primary' | 'secondary' | null;
  /** Where it died, in words; null where it died at no particular point. */
  readonly point: string | null;
  readonly mode: Mode;
  /** Whether the guest lived on, or was powered on anew. */
  readonly outcome: 'lived' | 'ended';
  /** The longest time in which each observer saw nothing, from just before the fault until all saw more after it. */
  readonly silenceMs: { readonly [observer: string]: number };
  /** From the fault until Protected again; where the guest was powered on anew that includes its start. */
  readonly protectedMs: number;
  /** Replicas that were suspected though nobody had hit them: they got no time for longer than the failure timeout. */
  readonly suspicions: number;
  readonly stunMs: number | null;
  /** What the new primary told of its going live; null where the primary stayed the same. */
  readonly failover: FailoverReport | null;
  readonly metrics: Pick<VmMetrics, 'lagMs' | 'logBandwidthBitsPerSecond' | 'outputDelayMsP50' | 'outputDelayMsP99'>;
}

/** What was wrong, and the newest events of that time. It ended the campaign. */
export interface Violation {
  readonly number: number;
  readonly violation: string;
  readonly events: readonly EventRecord[];
}

export interface Header {
  readonly order: Order;
  readonly machine: { readonly cpus: number; readonly model: string; readonly node: string };
  readonly startedAt: number;
}

export interface Results {
  readonly header: Header;
  readonly done: readonly (Failure | Violation)[];
}

const FILE = 'results.jsonl';

/** `file` may be the folder of a campaign. @throws {Error} when it is no such file. */
export function readResults(file: string): Results {
  const whole = file.endsWith('.jsonl') ? file : path.join(file, FILE);
  const [header, ...done] = readFileSync(whole, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as unknown);
  if (!header) throw new Error(`${whole} holds no results of a campaign`);
  return { header: header as Header, done: done as (Failure | Violation)[] };
}

export function isViolation(one: Failure | Violation): one is Violation {
  return 'violation' in one;
}

/** Where the results of a campaign go: a folder's file, or nowhere. */
export class ResultFile {
  readonly #file: string | null;
  readonly done: (Failure | Violation)[] = [];
  #header: Header | null = null;

  /** Reads what is there already. @throws {Error} when it is no such file. */
  constructor(folder: string | null) {
    this.#file = folder === null ? null : path.join(folder, FILE);
    if (this.#file === null) return;
    mkdirSync(path.dirname(this.#file), { recursive: true });
    if (!existsSync(this.#file)) return;
    const bytes = readFileSync(this.#file);
    truncateSync(this.#file, bytes.lastIndexOf('\n') + 1);
    if (!bytes.includes('\n')) return;
    const results = readResults(this.#file);
    this.#header = results.header;
    this.done.push(...results.done);
  }

  /** What the campaign was ordered with when it began; null when it begins now. */
  get order(): Order | null {
    return this.#header?.order ?? null;
  }

  begin(header: Header): void {
    if (this.#header) return;
    this.#header = header;
    this.#append(header);
  }

  add(one: Failure | Violation): void {
    this.done.push(one);
    this.#append(one);
  }

  #append(line: unknown): void {
    if (this.#file !== null) appendFileSync(this.#file, `${JSON.stringify(line)}\n`);
  }
}
