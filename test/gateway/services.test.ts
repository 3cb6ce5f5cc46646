// What the gateway itself answers: ARP, DHCP, DNS, ICMP, NTP. And who may use which address.

import { describe, expect, test } from 'vitest';
import { LEASE_SECONDS } from '../../main/gateway/dhcp.ts';
import { GATEWAY_MAC } from '../../main/gateway/network.ts';
import { fragment } from '../../main/gateway/fragments.ts';
import { ICMP_TYPE, serializeIcmp, UNREACHABLE } from '../../main/gateway/wire/icmp.ts';
import { DHCP_OPTION, DHCP_TYPE } from '../../main/gateway/wire/dhcp.ts';
import { DNS_CODE, DNS_TYPE, nameBytes, serializeDns } from '../../main/gateway/wire/dns.ts';
import { parseIpv4, PROTOCOL } from '../../main/gateway/wire/ipv4.ts';
import { ntpTime, parseNtp, serializeNtp } from '../../main/gateway/wire/ntp.ts';
import { eventually, moment } from '../support/eventually.ts';
import { testGateway, GATEWAY, vm } from '../support/gateway.ts';
import { address, dnsQuery, OUTSIDE } from '../support/addresses.ts';

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();
const number = (bytes: Uint8Array | undefined): number => Buffer.from(bytes ?? []).readUIntBE(0, bytes?.length ?? 1);

describe('DHCP', () => {
  test('gives a VM its own address, the router, the name server, its name, and the MTU', async () => {
    const { guest, counters } = await testGateway();
    const { nic } = await guest(1);
    nic.address = 0;
    const { options, yourAddress } = await nic.dhcp();
    expect(yourAddress).toBe(address(vm(1).address));
    expect(nic.router).toBe(GATEWAY_MAC);
    expect(number(options.get(DHCP_OPTION.subnetMask))).toBe(address('255.255.255.0'));
    expect(number(options.get(DHCP_OPTION.domainNameServer))).toBe(GATEWAY);
    expect(number(options.get(DHCP_OPTION.leaseTime))).toBe(LEASE_SECONDS);
    expect(number(options.get(DHCP_OPTION.mtu))).toBe(1500);
    expect(text(options.get(DHCP_OPTION.hostName))).toBe('guest-1');
    expect(text(options.get(DHCP_OPTION.domainName))).toBe('lockstep.internal');
    expect(counters(vm(1).id)).toMatchObject({ leased: true, address: vm(1).address });
  });

  test('renews a lease, and refuses an address that is another’s', async () => {
    const { guest } = await testGateway();
    const { nic } = await guest(1);
    nic.sendDhcp(DHCP_TYPE.request, [], nic.address);
    await eventually(() => expect(nic.dhcpAnswers(DHCP_TYPE.ack)).toHaveLength(1));
    const other = [DHCP_OPTION.requestedAddress, Uint8Array.of(10, 77, 0, 99)] as const;
    nic.sendDhcp(DHCP_TYPE.request, [other]);
    await eventually(() => expect(nic.dhcpAnswers(DHCP_TYPE.nak)).toHaveLength(1));
  });

  test('leaves it to another server where the guest chose that one', async () => {
    const { guest } = await testGateway();
    const { nic } = await guest(1);
    nic.sendDhcp(DHCP_TYPE.request, [[DHCP_OPTION.serverIdentifier, Uint8Array.of(10, 77, 0, 9)]]);
    await nic.dhcp();
    expect(nic.dhcpAnswers(DHCP_TYPE.nak)).toEqual([]);
  });
});

describe('DNS', () => {
  test.each(['guest-2', 'GUEST-2', 'guest-2.lockstep.internal', 'guest-2.local'])('finds a VM as %s', async (name) => {
    const { guest } = await testGateway();
    const { nic } = await guest(1);
    await guest(2);
    const answer = await nic.query(GATEWAY, name, DNS_TYPE.a);
    expect(answer.answers.map(({ data }) => [...data])).toEqual([[10, 77, 0, 12]]);
    expect((await nic.query(GATEWAY, name, DNS_TYPE.aaaa)).code).toBe(DNS_CODE.ok);
  });

  test('finds the gateway, and names by addresses', async () => {
    const { guest } = await testGateway();
    const { nic } = await guest(1);
    expect((await nic.query(GATEWAY, 'gateway', DNS_TYPE.a)).answers.map(({ data }) => [...data])).toEqual([
      [10, 77, 0, 1],
    ]);
    const reverse = await nic.query(GATEWAY, '11.0.77.10.in-addr.arpa', DNS_TYPE.ptr);
    expect(reverse.answers.map(({ data }) => data)).toEqual([
      Uint8Array.from(nameBytes(['guest-1', 'lockstep', 'internal'])),
    ]);
    expect((await nic.query(GATEWAY, '99.0.77.10.in-addr.arpa', DNS_TYPE.ptr)).code).toBe(DNS_CODE.noSuchName);
    expect((await nic.query(GATEWAY, 'nobody.lockstep.internal', DNS_TYPE.a)).code).toBe(DNS_CODE.noSuchName);
  });

  test('asks the host’s resolver for all other names, and its loopback is the gateway', async () => {
    const asked: string[] = [];
    const { guest } = await testGateway({
      resolve: ({ name, type }) => {
        asked.push(`${name.join('.')} ${type}`);
        return Promise.resolve({ code: 0, records: [{ type, ttl: 5, data: Uint8Array.of(127, 0, 1, 1) }] });
      },
    });
    const { nic } = await guest(1);
    const answer = await nic.query(GATEWAY, 'my-computer.example', DNS_TYPE.a);
    expect(answer.answers.map(({ data, ttl }) => [...data, ttl])).toEqual([[10, 77, 0, 1, 5]]);
    expect(asked).toEqual(['my-computer.example 1']);
  });

  test('says SERVFAIL when too many questions wait, or the resolver fails, and goes on', async () => {
    const { guest } = await testGateway({ resolve: () => new Promise(() => {}) });
    const { nic } = await guest(1);
    const question = { name: ['a', 'example'], type: DNS_TYPE.a, class: 1 };
    for (let id = 1; id <= 70; id++) nic.sendUdp(GATEWAY, 1000 + id, 53, serializeDns(dnsQuery(id, question)));
    await eventually(() => expect(nic.datagrams()).toHaveLength(6));
    expect(nic.datagrams().every(({ payload }) => ((payload[3] ?? 0) & 0xf) === DNS_CODE.failed)).toBe(true);
    expect((await nic.query(GATEWAY, 'gateway', DNS_TYPE.a)).answers).toHaveLength(1);
  });

  test('cuts an answer that the asker could not take, and says so', async () => {
    const data = new Uint8Array(200);
    const records = [1, 2, 3].map(() => ({ type: DNS_TYPE.txt, ttl: 1, data }));
    const { guest } = await testGateway({ resolve: () => Promise.resolve({ code: 0, records }) });
    const { nic } = await guest(1);
    const answer = await nic.query(GATEWAY, 'text.example', DNS_TYPE.txt);
    expect([answer.truncated, answer.answers.length]).toEqual([true, 0]);
  });
});

describe('a ping', () => {
  test('to the gateway is answered with what it carried', async () => {
    const { guest } = await testGateway();
    const { nic } = await guest(1);
    nic.ping(GATEWAY, 7, 'are you there?');
    await eventually(() => expect(nic.icmp()).toHaveLength(1));
    const [reply] = nic.icmp();
    expect(reply).toMatchObject({ type: ICMP_TYPE.echoReply, rest: (0x1234 << 16) | 7, source: GATEWAY });
    expect(text(reply?.payload)).toBe('are you there?');
  });

  test('of many kilobytes comes in fragments and is answered in fragments', async () => {
    const { guest } = await testGateway();
    const { nic } = await guest(1);
    const payload = serializeIcmp({ type: 8, code: 0, rest: 1, payload: new Uint8Array(6000).fill(7) });
    const packet = { source: nic.address, destination: GATEWAY, protocol: PROTOCOL.icmp, ttl: 64, identification: 9 };
    const whole = { ...packet, dontFragment: false, moreFragments: false, fragmentOffset: 0, payload };
    for (const piece of fragment(whole, 1500)) nic.sendPacket(piece);
    await eventually(() => expect(nic.packets(PROTOCOL.icmp)).toHaveLength(5));
    expect(nic.packets(PROTOCOL.icmp).reduce((sum, piece) => sum + piece.payload.length, 0)).toBe(6008);
  });

  test('to the outside is refused, since nobody here could send it', async () => {
    const { guest } = await testGateway();
    const { nic } = await guest(1);
    nic.ping(OUTSIDE, 1);
    await eventually(() =>
      expect(nic.icmp()).toMatchObject([{ type: 3, code: UNREACHABLE.prohibited, source: GATEWAY }]),
    );
    // It quotes the header of the packet it is about; the packet's own length stands in it, but not its data.
    expect(nic.icmp()[0]?.payload).toHaveLength(28);
  });

  test('to another VM passes through the switch', async () => {
    const { guest } = await testGateway();
    const [one, two] = [await guest(1), await guest(2)];
    one.nic.router = await one.nic.arp(two.nic.address);
    expect(one.nic.router).toBe(two.nic.mac);
    one.nic.ping(two.nic.address, 1);
    await eventually(() => expect(two.nic.icmp()).toMatchObject([{ type: 8, source: one.nic.address }]));
  });
});

test('a packet whose time to live is over is answered by the gateway, as traceroute wants', async () => {
  const { guest } = await testGateway();
  const { nic } = await guest(1);
  nic.sendPacket({ destination: OUTSIDE, protocol: PROTOCOL.udp, ttl: 1, payload: new Uint8Array(12) });
  await eventually(() => expect(nic.icmp()).toMatchObject([{ type: ICMP_TYPE.timeExceeded, source: GATEWAY }]));
});

test('errors about a flood are fewer than the flood', async () => {
  const { guest, counters } = await testGateway();
  const { nic } = await guest(1);
  for (let i = 0; i < 2000; i++) nic.ping(OUTSIDE, i);
  await eventually(() => expect(counters(vm(1).id).framesOut).toBe(2000));
  await moment();
  expect(nic.icmp().length).toBeGreaterThan(50);
  expect(nic.icmp().length).toBeLessThan(1000);
});

test('a question for the time is answered with the host’s', async () => {
  const { guest } = await testGateway();
  const { nic } = await guest(1);
  const zero = { stratum: 0, poll: 6, precision: 0, rootDelay: 0, rootDispersion: 0, reference: 0 };
  const times = { referenceTime: 0n, originTime: 0n, receiveTime: 0n, transmitTime: 42n };
  const before = ntpTime(Date.now() - 1);
  nic.sendUdp(GATEWAY, 1234, 123, serializeNtp({ leap: 0, version: 4, mode: 3, ...zero, ...times }));
  await eventually(() => expect(nic.datagrams()).toHaveLength(1));
  const answer = parseNtp(nic.datagrams()[0]?.payload ?? new Uint8Array());
  expect(answer).toMatchObject({ mode: 4, originTime: 42n, stratum: 10 });
  expect((answer?.transmitTime ?? 0n) >= before).toBe(true);
  expect((answer?.transmitTime ?? 0n) <= ntpTime(Date.now() + 1)).toBe(true);
});

test('a packet from another VM’s address is not heard, and counted', async () => {
  const { guest, gateway } = await testGateway();
  const [one] = [await guest(1), await guest(2)];
  one.nic.address = address(vm(2).address);
  one.nic.ping(GATEWAY, 1);
  await eventually(() => expect(gateway.report()?.networks[0]?.spoofed).toBe(1));
});

test('a packet of a protocol that is not carried is answered so', async () => {
  const { guest } = await testGateway();
  const { nic } = await guest(1);
  nic.sendPacket({ destination: OUTSIDE, protocol: 132, payload: new Uint8Array(12) });
  await eventually(() => expect(nic.icmp()).toMatchObject([{ type: 3, code: UNREACHABLE.protocol }]));
  expect(parseIpv4(nic.icmp()[0]?.payload ?? new Uint8Array())).toBeNull();
});
