/**
 * One virtual network: a switch with the VMs' ports, and a way out, which is either the built-in NAT or an uplink.
 *
 * Invariant: a VM is on a network from attach to detach; its port, its flows and what was learned about it end with it.
 */
import type { Transport } from '../transport/transport.ts';
import { announcement } from './arp.ts';
import { Capture, type CaptureCounters } from './capture.ts';
import type { Resolve } from './dns.ts';
import type { Forward, ForwardTable } from './forwards.ts';
import type { NetworkReport, NetworkSpec, VmReport } from './messages.ts';
import { Nat } from './nat/nat.ts';
import { VmPort } from './ports.ts';
import { Stations, type Station } from './stations.ts';
import { isGuestAddress, parseSubnet, type Subnet } from './subnet.ts';
import { EthernetSwitch, type SwitchPort } from './switch.ts';
import type { TransportFactory } from './transport-layer.ts';
import { Uplink } from './uplink.ts';
import { parseArp } from './wire/arp.ts';
import { ETHER_TYPE, parseEthernet, type MacAddress } from './wire/ethernet.ts';
import { formatAddress, NO_ADDRESS, type Ipv4Address } from './wire/ipv4.ts';

/** The gateway's on every network: locally administered, and outside the range of the VMs'. */
export const GATEWAY_MAC: MacAddress = 0x024c53000001;
/** As few bytes as IPv4 demands a host to take, and what its length field can say. */
const MTU_MIN = 576;
const MTU_MAX = 0xffff;
export const VMS_MAX = 250;

export interface NetworkParts {
  readonly resolve: Resolve;
  readonly tcp: TransportFactory | null;
  now(): number;
  /** The host's clock, milliseconds since 1970. */
  wallMs(): number;
  soon(callback: () => void): void;
  refused(forward: Forward): void;
  uplink(connected: boolean, why: string): void;
  wentLive(vm: string, generation: number): void;
  broken(vm: string, why: string): void;
  captureFailed(vm: string, why: string): void;
}

interface Member {
  readonly station: Station;
  readonly port: VmPort;
  readonly socket: SwitchPort;
  /** The address by which the guest has called itself. */
  seenAddress: Ipv4Address | null;
  capture: Capture | null;
}

/** What is wrong with a network's description, and what to do; null when nothing is. */
export function invalidNetwork(spec: NetworkSpec): string | null {
  if (spec.mode.kind === 'uplink') return null;
  const subnet = parseSubnet(spec.mode.subnet);
  if ('error' in subnet) return subnet.error;
  const { mtu, domain } = spec.mode;
  if (!Number.isInteger(mtu) || mtu < MTU_MIN || mtu > MTU_MAX) {
    return `an MTU of ${mtu} is not possible: it is from ${MTU_MIN} to ${MTU_MAX}, usually 1500`;
  }
  const labels = domain.split('.');
  if (domain.length > 200 || labels.some((label) => !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(label))) {
    return `${domain} is no domain: write one like lockstep.internal`;
  }
  return null;
}

export class VirtualNetwork {
  readonly spec: NetworkSpec;
  readonly #parts: NetworkParts;
  readonly #switch = new EthernetSwitch();
  readonly #stations = new Stations();
  readonly #members = new Map<string, Member>();
  readonly #subnet: Subnet | null;
  readonly #nat: Nat | null;
  readonly #uplink: Uplink | null;
  readonly #outside: SwitchPort;

  /** @throws {Error} for a description that `invalidNetwork` finds wrong. */
  constructor(spec: NetworkSpec, parts: NetworkParts) {
    const wrong = invalidNetwork(spec);
    if (wrong !== null) throw new Error(wrong);
    this.spec = spec;
    this.#parts = parts;
    const { mode } = spec;
    const subnet = mode.kind === 'nat' ? parseSubnet(mode.subnet) : null;
    this.#subnet = subnet && 'network' in subnet ? subnet : null;
    this.#nat = mode.kind === 'nat' && this.#subnet ? this.#makeNat(mode, this.#subnet) : null;
    this.#uplink = mode.kind === 'uplink' ? this.#makeUplink(mode.address) : null;
    this.#outside = this.#switch.connect({
      mac: this.#nat ? GATEWAY_MAC : null,
      deliver: (frame) => this.#leave(frame),
    });
  }

  get empty(): boolean {
    return this.#members.size === 0;
  }

  /** Null on a network with an uplink. */
  get forwards(): ForwardTable | null {
    return this.#nat?.forwards ?? null;
  }

  /** A VM is powered on: its frames count from the beginning. @returns what is wrong and what to do, or null. */
  attach(station: Station): string | null {
    this.detach(station.vm);
    if (this.#members.size >= VMS_MAX) return `a network has at most ${VMS_MAX} running VMs: use another network`;
    if (station.mac === GATEWAY_MAC) return `${station.name} has the gateway's MAC address: give it another`;
    if (this.#subnet && (station.address === null || !isGuestAddress(this.#subnet, station.address))) {
      const address = station.address === null ? 'no address' : formatAddress(station.address);
      return `${station.name} has ${address}: choose one between the first and the last of ${this.#subnetText()}`;
    }
    const wrong = this.#stations.add(station);
    if (wrong !== null) return wrong;
    const { vm, mac } = station;
    const port: VmPort = new VmPort({
      received: (frame) => this.#received(vm, frame),
      delivered: (frame) => this.#members.get(vm)?.capture?.add(frame, 'in', this.#parts.wallMs()),
      wentLive: (generation) => this.#wentLive(vm, generation),
      ready: () => station.address !== null && this.#nat?.ready(station.address),
      broken: (why) => this.#parts.broken(vm, why),
      soon: (callback) => this.#parts.soon(callback),
    });
    const socket = this.#switch.connect({ mac, deliver: (frame) => port.deliver(frame) });
    this.#members.set(vm, { station, port, socket, seenAddress: null, capture: null });
    return null;
  }

  /** The VM is off. A capture of its NIC ends. */
  detach(vm: string): void {
    const member = this.#members.get(vm);
    if (!member) return;
    this.#members.delete(vm);
    member.socket.disconnect();
    member.port.close();
    void member.capture?.stop(this.#parts.wallMs());
    this.#nat?.forget(member.station);
    this.#stations.remove(vm);
  }

  /** A replica of the VM is at the other end. False when the VM is not on this network. */
  link(vm: string, transport: Transport): boolean {
    const member = this.#members.get(vm);
    member?.port.link(transport);
    return member !== undefined;
  }

  /** @returns what is wrong and what to do, or null when it began. */
  async startCapture(vm: string, file: string): Promise<string | null> {
    const member = this.#members.get(vm);
    if (!member) return 'the VM is off: power it on before its frames are captured';
    if (member.capture) return `its frames are being captured in ${member.capture.file}: stop that first`;
    try {
      const capture: Capture = await Capture.start(file, member.station.name, (why) => {
        if (member.capture === capture) member.capture = null;
        this.#parts.captureFailed(vm, why);
      });
      // Meanwhile the VM may have gone, or somebody else may have been faster.
      if (this.#members.get(vm) !== member || member.capture) {
        await capture.stop(this.#parts.wallMs());
        return 'the VM was powered off, or another capture began, while the file was opened';
      }
      member.capture = capture;
      return null;
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** Null when there was none. */
  async stopCapture(vm: string): Promise<CaptureCounters | null> {
    const member = this.#members.get(vm);
    const capture = member?.capture;
    if (!member || !capture) return null;
    member.capture = null;
    return capture.stop(this.#parts.wallMs());
  }

  tick(): void {
    this.#nat?.tick(this.#parts.now());
  }

  report(): NetworkReport {
    const { malformed, spoofed } = this.#outside.counters;
    const router = this.#nat?.counters;
    return {
      network: this.spec.name,
      uplink: this.#uplink ? (this.#uplink.connected ? 'connected' : 'lost') : null,
      malformed: malformed + (router?.malformed ?? 0),
      spoofed: spoofed + (router?.spoofed ?? 0),
      undelivered: router?.undelivered ?? 0,
      dropped: (this.#nat?.dropped ?? 0) + (this.#uplink?.dropped ?? 0),
    };
  }

  vmReports(): VmReport[] {
    return [...this.#members.values()].map((member) => this.#vmReport(member));
  }

  close(): void {
    for (const vm of this.#members.keys()) this.detach(vm);
    this.#nat?.close();
    this.#uplink?.close();
  }

  #makeNat(mode: Extract<NetworkSpec['mode'], { kind: 'nat' }>, subnet: Subnet): Nat {
    return new Nat({
      reach: { subnet, hostLoopback: mode.hostLoopback },
      mac: GATEWAY_MAC,
      domain: mode.domain,
      mtu: mode.mtu,
      stations: this.#stations,
      resolve: this.#parts.resolve,
      tcp: this.#parts.tcp,
      output: (frame) => this.#outside.send(frame, this.#parts.now()),
      writable: (guest) => this.#memberAt(guest)?.port.writable ?? false,
      refused: (forward) => this.#parts.refused(forward),
      now: () => this.#parts.now(),
      wallMs: () => this.#parts.wallMs(),
    });
  }

  #makeUplink(address: Extract<NetworkSpec['mode'], { kind: 'uplink' }>['address']): Uplink {
    return new Uplink(address, {
      received: (frame) => void this.#outside.send(frame, this.#parts.now()),
      connected: () => this.#parts.uplink(true, ''),
      lost: (why) => this.#parts.uplink(false, why),
    });
  }

  #leave(frame: Uint8Array): boolean {
    if (this.#uplink) return this.#uplink.deliver(frame);
    this.#nat?.receive(frame);
    return true;
  }

  #memberAt(address: Ipv4Address): Member | undefined {
    const station = this.#stations.byAddress(address);
    return station && this.#members.get(station.vm);
  }

  #received(vm: string, frame: Uint8Array): void {
    const member = this.#members.get(vm);
    if (!member) return;
    member.capture?.add(frame, 'out', this.#parts.wallMs());
    member.seenAddress = senderAddress(frame, member.station.mac) ?? member.seenAddress;
    member.socket.send(frame, this.#parts.now());
  }

  /** The others learn where it is now, and what was on its way to the one before is sent again. */
  #wentLive(vm: string, generation: number): void {
    const member = this.#members.get(vm);
    if (!member) return;
    const { station, seenAddress } = member;
    member.socket.send(announcement(station.mac, seenAddress), this.#parts.now());
    if (station.address !== null) this.#nat?.wentLive(station.address);
    this.#parts.wentLive(vm, generation);
  }

  #vmReport({ station, port, socket, seenAddress, capture }: Member): VmReport {
    const none = { open: 0, total: 0 };
    const connections = station.address === null ? undefined : this.#nat?.connections(station.address);
    return {
      vm: station.vm,
      network: this.spec.name,
      address: seenAddress === null ? null : formatAddress(seenAddress),
      leased: this.#nat?.hasLease(station.mac) ?? false,
      replicas: port.linkCount,
      generation: port.generation,
      ...port.counters,
      ...socket.counters,
      tcp: connections?.tcp ?? none,
      udp: connections?.udp ?? none,
      capture: capture && { file: capture.file, ...capture.counters },
    };
  }

  #subnetText(): string {
    return this.spec.mode.kind === 'nat' ? this.spec.mode.subnet : '';
  }
}

/** The IPv4 address that a guest's ARP packet claims for it. */
function senderAddress(bytes: Uint8Array, mac: MacAddress): Ipv4Address | null {
  const frame = parseEthernet(bytes);
  if (frame?.type !== ETHER_TYPE.arp || frame.source !== mac) return null;
  const packet = parseArp(frame.payload);
  return packet && packet.senderMac === mac && packet.senderAddress !== NO_ADDRESS ? packet.senderAddress : null;
}
