// The host's resolver for the guests' questions: its hosts file, and a name server of the test.

import dgram from 'node:dgram';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import type { ResolverAnswer } from '../../main/gateway/dns.ts';
import { ANSWER_MS, hostResolver } from '../../main/gateway/nat/resolver.ts';
import { DNS_CODE, DNS_TYPE, nameBytes, parseDns, serializeDns } from '../../main/gateway/wire/dns.ts';

const name = (text: string): Uint8Array => nameBytes(text.split('.'));
const join = (...parts: readonly (Uint8Array | number[])[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]));

const RECORDS: Readonly<Record<number, Uint8Array>> = {
  [DNS_TYPE.mx]: join([0, 10], name('mail.example')),
  [DNS_TYPE.txt]: join([5], Buffer.from('v=spf'), [2], Buffer.from('go')),
  [DNS_TYPE.srv]: join([0, 1, 0, 2, 0x1f, 0x90], name('www.example')),
  [DNS_TYPE.ns]: name('ns.example'),
  [DNS_TYPE.cname]: name('other.example'),
  [DNS_TYPE.ptr]: name('host.example'),
  [DNS_TYPE.soa]: join(
    name('ns.example'),
    name('root.example'),
    [0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5],
  ),
};

/** Knows `known.example` in all types, nothing else; of `silent.example` it says nothing. */
async function server(): Promise<string> {
  const socket = dgram.createSocket('udp4');
  socket.on('message', (bytes, { address, port }) => {
    const query = parseDns(bytes);
    const [question] = query?.questions ?? [];
    if (!query || !question || question.name[0] === 'silent') return;
    const data = question.name[0] === 'known' || question.name[4] === 'in-addr' ? RECORDS[question.type] : undefined;
    const reply = {
      ...query,
      response: true,
      code: data ? DNS_CODE.ok : DNS_CODE.noSuchName,
      answers: data ? [{ ...question, ttl: 9, data }] : [],
      additionals: [],
    };
    socket.send(serializeDns(reply), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  return `127.0.0.1:${socket.address().port}`;
}

async function ask(text: string, type: number): Promise<ResolverAnswer> {
  return hostResolver([await server()])({ name: text.split('.'), type, class: 1 });
}

test.each(Object.entries(DNS_TYPE).filter(([, type]) => RECORDS[type]))(
  'a record of type %s arrives as it is',
  async (_, type) => {
    const asked = type === DNS_TYPE.ptr ? '9.113.0.203.in-addr.arpa' : 'known.example';
    const { code, records } = await ask(asked, type);
    expect(code).toBe(DNS_CODE.ok);
    expect(records.map(({ data }) => [...data])).toEqual([[...(RECORDS[type] ?? [])]]);
  },
);

test('addresses are as the host itself finds them', async () => {
  const { records } = await ask('localhost', DNS_TYPE.a);
  expect(records.map(({ data }) => [...data])).toContainEqual([127, 0, 0, 1]);
});

test('a name that is not there, a type that is not carried, and a name that is none are told apart', async () => {
  expect((await ask('unknown.example', DNS_TYPE.mx)).code).toBe(DNS_CODE.noSuchName);
  expect((await ask('known.example', 99)).code).toBe(DNS_CODE.notImplemented);
  expect((await hostResolver()({ name: ['a.b', 'example'], type: DNS_TYPE.mx, class: 1 })).code).toBe(
    DNS_CODE.noSuchName,
  );
});

test('a server that says nothing is waited for, but not for ever', { timeout: ANSWER_MS * 4 }, async () => {
  expect((await ask('silent.example', DNS_TYPE.mx)).code).toBe(DNS_CODE.failed);
});
