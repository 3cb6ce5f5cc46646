/**
 * The host's resolver for the guests' questions: addresses as the host itself finds them (its hosts file included), all
 * other types by DNS.
 *
 * Invariant: a question is answered within ANSWER_MS, with SERVFAIL if need be.
 */
import dns from 'node:dns/promises';
import type { Resolve, ResolverAnswer } from '../dns.ts';
import { DNS_CODE, DNS_TYPE, nameBytes, parseName, reversedAddress, type DnsQuestion } from '../wire/dns.ts';
import { formatAddress, parseAddress } from '../wire/ipv4.ts';

export const ANSWER_MS = 5000;
/** Node does not tell the lifetime of most records. In seconds. */
const TTL = 60;

const FAILED: ResolverAnswer = { code: DNS_CODE.failed, records: [] };

/** `servers`, like 127.0.0.1:5353, are asked instead of the host's own, but for addresses. */
export function hostResolver(servers?: readonly string[]): Resolve {
  const resolver = new dns.Resolver({ timeout: ANSWER_MS / 2, tries: 2 });
  if (servers) resolver.setServers(servers);
  return async (question) => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<ResolverAnswer>((resolve) => {
      timer = setTimeout(() => resolve(FAILED), ANSWER_MS);
    });
    try {
      return await Promise.race([ask(resolver, question), late]);
    } finally {
      clearTimeout(timer);
    }
  };
}

async function ask(resolver: dns.Resolver, question: DnsQuestion): Promise<ResolverAnswer> {
  const find = FINDERS[question.type];
  if (!find) return { code: DNS_CODE.notImplemented, records: [] };
  const name = question.name.join('.');
  // A label with a dot in it, or with bytes beyond ASCII, is none that the host's resolver could be asked for.
  if (!/^[\x21-\x7e]+$/.test(name) || parseName(name)?.length !== question.name.length) {
    return { code: DNS_CODE.noSuchName, records: [] };
  }
  try {
    const found = await find(resolver, name, question);
    const records = found.flatMap((data) => (data ? [{ type: question.type, ttl: TTL, data }] : []));
    return { code: DNS_CODE.ok, records };
  } catch (error) {
    return failure(error as NodeJS.ErrnoException);
  }
}

function failure(error: NodeJS.ErrnoException): ResolverAnswer {
  if (error.code === 'ENODATA') return { code: DNS_CODE.ok, records: [] };
  return { code: error.code === 'ENOTFOUND' ? DNS_CODE.noSuchName : DNS_CODE.failed, records: [] };
}

type Finder = (resolver: dns.Resolver, name: string, question: DnsQuestion) => Promise<readonly (Uint8Array | null)[]>;

/** The data of the records that were found; null for one that cannot be written. */
const FINDERS: { readonly [type: number]: Finder | undefined } = {
  [DNS_TYPE.a]: async (_resolver, name) => {
    const found = await dns.lookup(name, { family: 4, all: true });
    return found.map(({ address }) => numbers(4, parseAddress(address) ?? 0));
  },
  [DNS_TYPE.ptr]: async (resolver, name, question) => {
    const address = reversedAddress(question.name);
    const names = address === null ? await resolver.resolvePtr(name) : await resolver.reverse(formatAddress(address));
    return names.map(encodeName);
  },
  [DNS_TYPE.cname]: async (resolver, name) => (await resolver.resolveCname(name)).map(encodeName),
  [DNS_TYPE.ns]: async (resolver, name) => (await resolver.resolveNs(name)).map(encodeName),
  [DNS_TYPE.mx]: async (resolver, name) =>
    (await resolver.resolveMx(name)).map(({ priority, exchange }) => behind(numbers(2, priority), exchange)),
  [DNS_TYPE.srv]: async (resolver, name) =>
    (await resolver.resolveSrv(name)).map(({ priority, weight, port, name: target }) =>
      behind(numbers(2, priority, weight, port), target),
    ),
  [DNS_TYPE.txt]: async (resolver, name) => (await resolver.resolveTxt(name)).map(textBytes),
  [DNS_TYPE.soa]: async (resolver, name) => {
    const { nsname, hostmaster, serial, refresh, retry, expire, minttl } = await resolver.resolveSoa(name);
    const [server, person] = [encodeName(nsname), encodeName(hostmaster)];
    if (!server || !person) return [];
    return [Buffer.concat([server, person, numbers(4, serial, refresh, retry, expire, minttl)])];
  },
};

function encodeName(text: string): Uint8Array | null {
  const name = parseName(text);
  return name && nameBytes(name);
}

function behind(fixed: Uint8Array, text: string): Uint8Array | null {
  const name = encodeName(text);
  return name && Buffer.concat([fixed, name]);
}

/** Each in network byte order. */
function numbers(bytesEach: 2 | 4, ...values: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(values.length * bytesEach);
  values.forEach((value, index) => bytes.writeUIntBE(value >>> 0, index * bytesEach, bytesEach));
  return bytes;
}

function textBytes(parts: readonly string[]): Uint8Array {
  return Buffer.concat(
    parts.flatMap((part) => {
      const text = Buffer.from(part, 'latin1').subarray(0, 255);
      return [Uint8Array.of(text.length), text];
    }),
  );
}
