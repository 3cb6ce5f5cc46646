/**
 * DNS messages (RFC 1035) and the size that EDNS announces (RFC 6891).
 *
 * Invariants: a compressed name only ever points to what stands before it, so reading one ends; a name has at most 255
 * bytes, and a message at most RECORDS_MAX records of each kind. A record's data are bytes: names inside them are not
 * expanded.
 */
import type { Ipv4Address } from './ipv4.ts';
import { viewOf } from './view.ts';

export const DNS_PORT = 53;
export const DNS_TYPE = {
  a: 1,
  ns: 2,
  cname: 5,
  soa: 6,
  ptr: 12,
  mx: 15,
  txt: 16,
  aaaa: 28,
  srv: 33,
  opt: 41,
  https: 65,
} as const;
export const DNS_CLASS_INTERNET = 1;
export const DNS_CODE = { ok: 0, malformed: 1, failed: 2, noSuchName: 3, notImplemented: 4, refused: 5 } as const;
/** What fits into a datagram where the asker has not announced more. */
const DNS_DATAGRAM_BYTES = 512;
const RECORDS_MAX = 256;
const HEADER_BYTES = 12;
const LABEL_BYTES_MAX = 63;
const NAME_BYTES_MAX = 255;
/** Pointers in one name; a chain of them costs its reader more than its sender. */
const JUMPS_MAX = 32;

/** Labels, each byte a character: no escaping is needed, whatever they contain. The root is the empty list. */
export type DnsName = readonly string[];

export interface DnsQuestion {
  readonly name: DnsName;
  readonly type: number;
  readonly class: number;
}

export interface DnsRecord extends DnsQuestion {
  /** In seconds. */
  readonly ttl: number;
  readonly data: Uint8Array;
}

export interface DnsMessage {
  readonly id: number;
  readonly response: boolean;
  readonly opcode: number;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  readonly code: number;
  readonly questions: readonly DnsQuestion[];
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

/** @returns null when a label is empty or too long, or the whole name is. */
export function parseName(text: string): DnsName | null {
  if (text === '' || text === '.') return [];
  const labels = text.replace(/\.$/, '').split('.');
  const bytes = labels.reduce((sum, label) => sum + label.length + 1, 1);
  const wrong = labels.some((label) => label.length === 0 || label.length > LABEL_BYTES_MAX);
  return wrong || bytes > NAME_BYTES_MAX ? null : labels;
}

export function parseDns(bytes: Uint8Array): DnsMessage | null {
  if (bytes.length < HEADER_BYTES) return null;
  const view = viewOf(bytes);
  const flags = view.getUint16(2);
  const reader = new Reader(bytes);
  const questions = reader.questions(view.getUint16(4));
  const answers = reader.records(view.getUint16(6));
  const authorities = reader.records(view.getUint16(8));
  const additionals = reader.records(view.getUint16(10));
  if (!questions || !answers || !authorities || !additionals) return null;
  return {
    id: view.getUint16(0),
    response: (flags & 0x8000) !== 0,
    opcode: (flags >> 11) & 0xf,
    authoritative: (flags & 0x400) !== 0,
    truncated: (flags & 0x200) !== 0,
    recursionDesired: (flags & 0x100) !== 0,
    recursionAvailable: (flags & 0x80) !== 0,
    code: flags & 0xf,
    questions,
    answers,
    authorities,
    additionals,
  };
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = HEADER_BYTES;
  #broken = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
  }

  questions(count: number): DnsQuestion[] | null {
    return this.#list(count, () => this.#question());
  }

  records(count: number): DnsRecord[] | null {
    return this.#list(count, () => this.#record());
  }

  #list<T>(count: number, read: () => T | null): T[] | null {
    if (this.#broken || count > RECORDS_MAX) return null;
    const list: T[] = [];
    for (let i = 0; i < count; i++) {
      const one = read();
      if (one === null) {
        this.#broken = true;
        return null;
      }
      list.push(one);
    }
    return list;
  }

  #question(): DnsQuestion | null {
    const name = this.#name();
    if (!name || this.#at + 4 > this.#bytes.length) return null;
    const question = { name, type: this.#view.getUint16(this.#at), class: this.#view.getUint16(this.#at + 2) };
    this.#at += 4;
    return question;
  }

  #record(): DnsRecord | null {
    const question = this.#question();
    if (!question || this.#at + 6 > this.#bytes.length) return null;
    const ttl = this.#view.getUint32(this.#at);
    const length = this.#view.getUint16(this.#at + 4);
    const data = this.#bytes.subarray(this.#at + 6, this.#at + 6 + length);
    if (data.length < length) return null;
    this.#at += 6 + length;
    return { ...question, ttl, data };
  }

  #name(): DnsName | null {
    const labels: string[] = [];
    let at = this.#at;
    let end: number | null = null;
    let bytes = 1;
    let [partAt, jumps] = [at, 0];
    for (;;) {
      const length = this.#bytes[at];
      if (length === undefined) return null;
      if (length === 0) break;
      if (length >= 0xc0) {
        const low = this.#bytes[at + 1];
        if (low === undefined) return null;
        const target = ((length & 0x3f) << 8) | low;
        jumps += 1;
        // Only to before the part that is being read: else a name could go round in circles.
        if (target >= partAt || jumps > JUMPS_MAX) return null;
        end ??= at + 2;
        [at, partAt] = [target, target];
        continue;
      }
      bytes += length + 1;
      if (length > LABEL_BYTES_MAX || bytes > NAME_BYTES_MAX || at + 1 + length > this.#bytes.length) return null;
      labels.push(String.fromCharCode(...this.#bytes.subarray(at + 1, at + 1 + length)));
      at += 1 + length;
    }
    this.#at = end ?? at + 1;
    return labels;
  }
}

export function serializeDns(message: DnsMessage): Uint8Array {
  const writer = new Writer();
  const flags =
    (message.response ? 0x8000 : 0) |
    (message.opcode << 11) |
    (message.authoritative ? 0x400 : 0) |
    (message.truncated ? 0x200 : 0) |
    (message.recursionDesired ? 0x100 : 0) |
    (message.recursionAvailable ? 0x80 : 0) |
    message.code;
  writer.numbers(message.id, flags);
  const { questions, answers, authorities, additionals } = message;
  writer.numbers(questions.length, answers.length, authorities.length, additionals.length);
  for (const question of questions) writer.question(question);
  for (const record of [...answers, ...authorities, ...additionals]) {
    writer.question(record);
    writer.numbers(record.ttl >>> 16, record.ttl & 0xffff, record.data.length);
    writer.bytes.push(...record.data);
  }
  return Uint8Array.from(writer.bytes);
}

class Writer {
  readonly bytes: number[] = [];
  /** Where a name, or the end of one, has been written already. */
  readonly #places = new Map<string, number>();

  numbers(...values: readonly number[]): void {
    for (const value of values) this.bytes.push(value >> 8, value & 0xff);
  }

  question(question: DnsQuestion): void {
    for (let i = 0; i < question.name.length; i++) {
      const rest = question.name.slice(i);
      const key = JSON.stringify(rest);
      const place = this.#places.get(key);
      if (place !== undefined) {
        this.numbers(0xc000 | place, question.type, question.class);
        return;
      }
      if (this.bytes.length < 0x4000) this.#places.set(key, this.bytes.length);
      this.bytes.push(...labelBytes(rest[0] ?? ''));
    }
    this.bytes.push(0);
    this.numbers(question.type, question.class);
  }
}

function labelBytes(label: string): number[] {
  return [label.length, ...label.split('').map((character) => character.charCodeAt(0) & 0xff)];
}

/** A name as it stands in a record's data, without compression. */
export function nameBytes(name: DnsName): Uint8Array {
  return Uint8Array.from([...name.flatMap(labelBytes), 0]);
}

/** How long a datagram the asker takes, in bytes. */
export function datagramBytes(message: DnsMessage): number {
  const option = message.additionals.find(({ type }) => type === DNS_TYPE.opt);
  return Math.min(4096, Math.max(DNS_DATAGRAM_BYTES, option?.class ?? 0));
}

/** `10.0.77.10.in-addr.arpa` is the address 10.77.0.10. @returns null for any other name. */
export function reversedAddress(name: DnsName): Ipv4Address | null {
  if (name.length !== 6 || name.slice(4).join('.').toLowerCase() !== 'in-addr.arpa') return null;
  const parts = name.slice(0, 4).toReversed();
  if (parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255)) return null;
  return parts.reduce((address, part) => address * 256 + Number(part), 0);
}
