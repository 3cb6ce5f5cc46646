/**
 * The guests' networks, as the contract has them: networks, network cards, port forwards and captures.
 *
 * Invariants: a network is a NAT of our own or an uplink to somebody else's; a forward belongs to one VM and leads from
 * one port of this computer.
 */
import * as v from 'valibot';
import { FilePath } from './file-path.ts';

const NETWORK_NAME_LENGTH_MAX = 32;
export const NETWORKS_MAX = 64;
export const FORWARDS_MAX = 1024;
/** The network that is always there. */
export const DEFAULT_NETWORK_NAME = 'nat';

export const NIC_TYPES = ['virtio', 'ne2k', 'none'] as const;
export type NicType = (typeof NIC_TYPES)[number];
export const FORWARD_PROTOCOLS = ['tcp', 'udp'] as const;

const NetworkName = v.pipe(
  v.string('a network has a name'),
  v.maxLength(NETWORK_NAME_LENGTH_MAX, `a network's name has at most ${NETWORK_NAME_LENGTH_MAX} characters`),
  v.regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]*$/, "a network's name is made of letters, digits, '.', '_' and '-'"),
);
const Vm = v.pipe(v.string('name the VM'), v.minLength(1, 'name the VM'), v.maxLength(64));
const Port = v.pipe(
  v.number('a port is a number'),
  v.integer('a port is a whole number'),
  v.minValue(1, 'ports are from 1 to 65535'),
  v.maxValue(65_535, 'ports are from 1 to 65535'),
);
const ForwardId = v.pipe(v.number('a forward is named by its number'), v.integer(), v.minValue(1));
const forward = {
  protocol: v.picklist(FORWARD_PROTOCOLS, 'a forward is for tcp or udp'),
  /** 127.0.0.1 is reachable from this computer only, 0.0.0.0 from everywhere. */
  hostAddress: v.optional(v.pipe(v.string(), v.maxLength(64)), '127.0.0.1'),
  hostPort: Port,
  guestPort: Port,
};

/** What may be said of the card when a VM is made: by default virtio on the default network. */
export const cardChoice = {
  network: v.exactOptional(NetworkName),
  nic: v.exactOptional(v.picklist(NIC_TYPES, `the network cards are: ${NIC_TYPES.join(', ')}`)),
};

/** The schemas of the commands' arguments. */
export const networkCommands = {
  'network.list': v.strictObject({}),
  /** Either a NAT with this subnet, or an uplink: `unix:/path` or `tcp:host:port`, QEMU's stream framing. */
  'network.create': v.strictObject({
    name: NetworkName,
    subnet: v.exactOptional(v.pipe(v.string(), v.maxLength(32))),
    uplink: v.exactOptional(v.pipe(v.string(), v.maxLength(1024))),
  }),
  'network.delete': v.strictObject({ network: NetworkName }),
  /** Effective from the next power-on. */
  'nic.set': v.strictObject({
    vm: Vm,
    network: v.exactOptional(NetworkName),
    type: v.exactOptional(v.picklist(NIC_TYPES, `the network cards are: ${NIC_TYPES.join(', ')}`)),
  }),
  'forward.list': v.strictObject({ vm: v.exactOptional(Vm) }),
  'forward.add': v.strictObject({ vm: Vm, ...forward }),
  /** Replaces a forward, also while the VM runs; where the new one cannot listen the old one stays. */
  'forward.set': v.strictObject({ vm: Vm, id: ForwardId, ...forward }),
  'forward.remove': v.strictObject({ vm: Vm, id: ForwardId }),
  /** Writes the frames of the VM's network card to a pcapng file that does not exist (or is replaced, with `force`). */
  'capture.start': v.strictObject({
    vm: Vm,
    file: FilePath,
    force: v.optional(v.boolean(), false),
  }),
  'capture.stop': v.strictObject({ vm: Vm }),
} as const;

export interface ForwardView {
  readonly id: number;
  readonly vm: string;
  readonly protocol: (typeof FORWARD_PROTOCOLS)[number];
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly guestPort: number;
  /** Why it does not listen; null where it does, or where nothing needs the network yet. */
  readonly error: string | null;
  /** How often somebody came while the VM was off. */
  readonly refused: number;
}

export interface NetworkView {
  readonly name: string;
  /** Null for an uplink. */
  readonly subnet: string | null;
  /** The gateway: router, DNS and NTP server, and this computer's loopback. Null for an uplink. */
  readonly gateway: string | null;
  readonly uplink: string | null;
  /** Null for a NAT, and while nothing needs the network. */
  readonly uplinkState: 'connected' | 'lost' | null;
  /** The names of the VMs on it. */
  readonly vms: readonly string[];
}

/** Counted since power-on. "In" is to the guest. */
export interface NicCounters {
  readonly framesIn: number;
  readonly bytesIn: number;
  readonly framesOut: number;
  readonly bytesOut: number;
  /** Frames to the guest for which there was no room. */
  readonly dropped: number;
  /** Frames that another replica had sent before: re-emitted at a failover, seen once. */
  readonly repeated: number;
  readonly tcpConnections: number;
  readonly udpFlows: number;
}

/** A VM's network card. */
export interface NicView {
  readonly type: NicType;
  readonly network: string;
  readonly mac: string;
  /** What the network's DHCP server gives it; null on an uplink, or without a card. */
  readonly address: string | null;
  /** The address by which the guest calls itself; null before it did. */
  readonly guestAddress: string | null;
  /** Null while it is off. */
  readonly counters: NicCounters | null;
  readonly capture: { readonly file: string; readonly frames: number; readonly dropped: number } | null;
}

export interface NetworkResults {
  'network.list': readonly NetworkView[];
  'network.create': NetworkView;
  'network.delete': null;
  'forward.list': readonly ForwardView[];
  'forward.add': ForwardView;
  'forward.set': ForwardView;
  'forward.remove': null;
  'capture.start': NicView;
  'capture.stop': NicView;
}

/** `tcp:127.0.0.1:8080:80`, the host's address left out where it is the loopback: `tcp:8080:80`. */
export function parseForward(text: string): Pick<ForwardView, 'protocol' | 'hostAddress' | 'hostPort' | 'guestPort'> {
  const match = /^(tcp|udp):(?:(.+):)?(\d{1,5}):(\d{1,5})$/.exec(text);
  if (!match) {
    throw new RangeError(`"${text}" is no forward: write it like tcp:8080:80 or udp:0.0.0.0:5353:53`);
  }
  const [, protocol, address = '127.0.0.1', hostPort, guestPort] = match;
  return {
    protocol: protocol as 'tcp' | 'udp',
    hostAddress: address.replace(/^\[(.*)\]$/, '$1'),
    hostPort: Number(hostPort),
    guestPort: Number(guestPort),
  };
}

/** The other way round. */
export function formatForward(
  forward: Pick<ForwardView, 'protocol' | 'hostAddress' | 'hostPort' | 'guestPort'>,
): string {
  const { protocol, hostAddress, hostPort, guestPort } = forward;
  const address = hostAddress.includes(':') ? `[${hostAddress}]` : hostAddress;
  return `${protocol}:${address}:${hostPort}:${guestPort}`;
}
