/**
 * The DNS server: names of VMs from the configuration, everything else from the host's resolver.
 *
 * Invariants: at most QUERIES_MAX questions wait for the host's resolver, and QUERIES_PER_GUEST_MAX of one guest; what
 * is beyond is answered with SERVFAIL at once. A name of this network is never asked for outside. There is no IPv6
 * behind the gateway, so every name has no AAAA record.
 */
import { hostLabel, type Stations } from './stations.ts';
import { contains, type Subnet } from './subnet.ts';
import {
  datagramBytes,
  DNS_CLASS_INTERNET,
  DNS_CODE,
  DNS_TYPE,
  nameBytes,
  parseName,
  reversedAddress,
  serializeDns,
  type DnsMessage,
  type DnsName,
  type DnsQuestion,
  type DnsRecord,
} from './wire/dns.ts';
import type { Ipv4Address } from './wire/ipv4.ts';

const QUERIES_MAX = 128;
const QUERIES_PER_GUEST_MAX = 64;
/** For names of VMs: they come and go. In seconds. */
const LOCAL_TTL = 10;
const GATEWAY_LABEL = 'gateway';
/** A guest may say it for its own network, whatever the network's domain is. */
const LOCAL_DOMAIN = 'local';

/** What the host's resolver says about a question: records without their name, or why there are none. */
export interface ResolverAnswer {
  readonly code: number;
  readonly records: readonly { readonly type: number; readonly ttl: number; readonly data: Uint8Array }[];
}

/** The host's resolver. It always answers, with SERVFAIL when its time is up. */
export type Resolve = (question: DnsQuestion) => Promise<ResolverAnswer>;

export class DnsServer {
  readonly #stations: Stations;
  readonly #subnet: Subnet;
  readonly #domain: string;
  readonly #resolve: Resolve;
  readonly #waiting = new Map<Ipv4Address, number>();
  #waitingCount = 0;
  #refused = 0;

  constructor(stations: Stations, subnet: Subnet, domain: string, resolve: Resolve) {
    this.#stations = stations;
    this.#subnet = subnet;
    this.#domain = domain.toLowerCase();
    this.#resolve = resolve;
  }

  /** Questions answered with SERVFAIL because too many were waiting. */
  get refused(): number {
    return this.#refused;
  }

  /** Answers by `reply`, now or later, once or (for what is no question) not at all. */
  answer(query: DnsMessage, guest: Ipv4Address, reply: (bytes: Uint8Array) => void): void {
    if (query.response) return;
    const [question] = query.questions;
    const done = (code: number, records: readonly DnsRecord[], authoritative = false): void =>
      reply(response(query, code, records, authoritative));
    if (query.opcode !== 0) return done(DNS_CODE.notImplemented, []);
    if (!question || query.questions.length !== 1) return done(DNS_CODE.malformed, []);
    if (question.class !== DNS_CLASS_INTERNET) return done(DNS_CODE.refused, []);
    const local = this.#local(question);
    if (local) return done(local.length > 0 || this.#exists(question) ? DNS_CODE.ok : DNS_CODE.noSuchName, local, true);
    if (question.type === DNS_TYPE.aaaa || question.type === DNS_TYPE.https) return done(DNS_CODE.ok, []);
    return this.#ask(question, guest, done);
  }

  #ask(question: DnsQuestion, guest: Ipv4Address, done: (code: number, records: readonly DnsRecord[]) => void): void {
    const waiting = this.#waiting.get(guest) ?? 0;
    if (this.#waitingCount >= QUERIES_MAX || waiting >= QUERIES_PER_GUEST_MAX) {
      this.#refused += 1;
      done(DNS_CODE.failed, []);
      return;
    }
    this.#count(guest, 1);
    const { name } = question;
    void this.#resolve(question)
      .catch((): ResolverAnswer => ({ code: DNS_CODE.failed, records: [] }))
      .then(({ code, records }) => {
        this.#count(guest, -1);
        done(
          code,
          records.map(({ type, ttl, data }) => ({
            name,
            type,
            class: DNS_CLASS_INTERNET,
            ttl,
            data: type === DNS_TYPE.a ? this.#asSeen(data) : data,
          })),
        );
      });
  }

  /** The host calls itself by an address of its loopback (Debian: 127.0.1.1); a guest reaches that by the gateway. */
  #asSeen(data: Uint8Array): Uint8Array {
    return data[0] === 127 ? addressBytes(this.#subnet.gateway) : data;
  }

  #count(guest: Ipv4Address, change: number): void {
    this.#waitingCount += change;
    const waiting = (this.#waiting.get(guest) ?? 0) + change;
    if (waiting > 0) this.#waiting.set(guest, waiting);
    else this.#waiting.delete(guest);
  }

  /** The records of a name of this network; empty when it has none of this type; null when it is not ours to say. */
  #local(question: DnsQuestion): DnsRecord[] | null {
    const address = reversedAddress(question.name);
    if (address !== null) return contains(this.#subnet, address) ? this.#pointer(question, address) : null;
    const label = this.#label(question.name);
    if (label === null) return null;
    const found = this.#addressOf(label);
    // A bare name that no VM has may be one that the host knows.
    if (found === null) return this.#isInDomain(question.name) ? [] : null;
    return question.type === DNS_TYPE.a ? [record(question, addressBytes(found))] : [];
  }

  #exists(question: DnsQuestion): boolean {
    const label = this.#label(question.name);
    return label !== null && this.#addressOf(label) !== null;
  }

  #pointer(question: DnsQuestion, address: Ipv4Address): DnsRecord[] {
    const isGateway = address === this.#subnet.gateway;
    const label = isGateway ? GATEWAY_LABEL : hostLabel(this.#stations.byAddress(address)?.name ?? '');
    const name = parseName(`${label}.${this.#domain}`);
    if (label === '' || !name || question.type !== DNS_TYPE.ptr) return [];
    return [record(question, nameBytes(name))];
  }

  /** The label of a VM: the name alone, or in our domain, or in `.local`. Null for all other names. */
  #label(name: DnsName): string | null {
    const [label, ...domain] = name;
    if (label === undefined) return null;
    const rest = domain.join('.').toLowerCase();
    return rest === '' || rest === LOCAL_DOMAIN || rest === this.#domain ? label.toLowerCase() : null;
  }

  #isInDomain(name: DnsName): boolean {
    return name.slice(1).join('.').toLowerCase() === this.#domain;
  }

  #addressOf(label: string): Ipv4Address | null {
    if (label === GATEWAY_LABEL) return this.#subnet.gateway;
    return this.#stations.byLabel(label)?.address ?? null;
  }
}

function addressBytes(address: Ipv4Address): Uint8Array {
  return Uint8Array.of(address >>> 24, (address >>> 16) & 0xff, (address >>> 8) & 0xff, address & 0xff);
}

function record(question: DnsQuestion, data: Uint8Array): DnsRecord {
  return { name: question.name, type: question.type, class: DNS_CLASS_INTERNET, ttl: LOCAL_TTL, data };
}

/** As long as the asker takes it; else it is told that it was cut. */
function response(query: DnsMessage, code: number, answers: readonly DnsRecord[], authoritative: boolean): Uint8Array {
  const extended = query.additionals.some(({ type }) => type === DNS_TYPE.opt);
  const option: DnsRecord = { name: [], type: DNS_TYPE.opt, class: 4096, ttl: 0, data: new Uint8Array() };
  const message: DnsMessage = {
    id: query.id,
    response: true,
    opcode: query.opcode,
    authoritative,
    truncated: false,
    recursionDesired: query.recursionDesired,
    recursionAvailable: true,
    code,
    questions: query.questions.slice(0, 1),
    answers,
    authorities: [],
    additionals: extended ? [option] : [],
  };
  const bytes = serializeDns(message);
  return bytes.length <= datagramBytes(query) ? bytes : serializeDns({ ...message, truncated: true, answers: [] });
}
