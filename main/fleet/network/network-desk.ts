/**
 * The guests' networks: which there are, and which VMs are on them. It commands the gateway's process and
 * tells a new one everything again.
 *
 * Invariant: what the database says of networks is what the gateway was told; a VM that runs is attached before its
 * replicas are plugged in.
 */
import { CommandError, type ParsedArgs } from '../../../preload/contract/contract.ts';
import {
  DEFAULT_NETWORK_NAME,
  formatForward,
  NETWORKS_MAX,
  type NetworkView,
  type NicCounters,
  type NicView,
} from '../../../preload/contract/network.ts';
import { DEFAULT_NETWORK } from '../../gateway/messages.ts';
import type {
  AttachedVm,
  ForwardReport,
  FromGateway,
  GatewayEvent,
  NetworkSpec,
  UplinkAddress,
  VmReport,
} from '../../gateway/messages.ts';
import { formatAddress } from '../../gateway/wire/ipv4.ts';
import type { NetworkRecord } from '../../store/networks.ts';
import { freeAddress, subnetOf } from './addresses.ts';
import { ForwardDesk, sentence } from './forward-desk.ts';
import { GatewayConnection } from './gateway-connection.ts';
import type { NetworkSurroundings } from './network-surroundings.ts';
import type { Replica } from '../pair/replica.ts';

/** A VM's network card, as the VM's record has it. */
export interface NicRecord {
  readonly type: NicView['type'];
  readonly network: string;
  readonly address: string | null;
}

interface Attached {
  readonly vm: AttachedVm;
  readonly network: string;
  readonly replicas: Set<Replica>;
}

const DEFAULT_SUBNET = '10.77.0.0/24';
/**
 * A long packet costs a guest hardly more than a short one, and this wire carries it. A card that knows no better
 * (NE2000) stays at Ethernet's 1500 bytes: each side of a TCP connection says what it takes.
 */
const NETWORK_MTU = 9000;
const ETHERNET_MTU = 1500;
const DEFAULT_RECORD: NetworkRecord = { name: DEFAULT_NETWORK_NAME, subnet: DEFAULT_SUBNET, uplink: null };

export class NetworkDesk {
  readonly #around: NetworkSurroundings;
  readonly #gateway: GatewayConnection;
  readonly #attached = new Map<string, Attached>();
  /** The files of captures, by VM. */
  readonly #captures = new Map<string, string>();
  readonly forwards: ForwardDesk;
  #networks: NetworkRecord[];
  #report: Extract<FromGateway, { type: 'report' }> | null = null;

  constructor(around: NetworkSurroundings) {
    this.#around = around;
    this.#networks = [DEFAULT_RECORD, ...around.table.networks()];
    this.#gateway = new GatewayConnection(around.processes, {
      started: () => this.#tellEverything(),
      lost: (why) => this.#lost(why),
      message: (message) => {
        if (message.type === 'event') this.#event(message.event);
        if (message.type === 'report') this.#report = message;
        around.changed();
      },
    });
    const reports = (): readonly ForwardReport[] => this.#report?.forwards ?? [];
    this.forwards = new ForwardDesk({ ...around, gateway: this.#gateway, reports });
  }

  /** To be called when the fleet knows its VMs: a forward listens also while its VM is off. */
  open(): void {
    if (!this.forwards.empty) this.#gateway.ensure();
  }

  close(): void {
    this.#gateway.close();
  }

  /** Null while there is none. */
  get gatewayPid(): number | null {
    return this.#gateway.pid;
  }

  /* -------------------------------------------------------------- networks --------------------------------- */

  /** `onIt` are the names of the VMs on a network. */
  list(onIt: (network: string) => readonly string[]): NetworkView[] {
    return this.#networks.map(({ name, subnet, uplink }) => ({
      name,
      subnet,
      gateway: subnet === null ? null : formatAddress(subnetOf(subnet).gateway),
      uplink,
      uplinkState: this.#report?.networks.find(({ network }) => network === name)?.uplink ?? null,
      vms: onIt(name),
    }));
  }

  /** @throws {CommandError} when the network cannot be made; nothing is kept then. */
  async create({ name, subnet, uplink }: ParsedArgs<'network.create'>): Promise<void> {
    if (this.#find(name)) throw new CommandError('exists', `There is already a network "${name}".`);
    if ((subnet === undefined) === (uplink === undefined)) {
      throw new CommandError('usage', 'A network is either a NAT (--subnet 10.78.0.0/24) or an uplink (--uplink …).');
    }
    if (this.#networks.length >= NETWORKS_MAX) {
      throw new CommandError('refused', `There are at most ${NETWORKS_MAX} networks: delete one first.`);
    }
    if (subnet !== undefined) subnetOf(subnet);
    if (uplink !== undefined) uplinkAddress(uplink);
    const record = { name, subnet: subnet ?? null, uplink: uplink ?? null };
    await this.#change([...this.#networks, record]);
    this.#around.table.addNetwork(record);
    this.#around.event(null, 'network.created', 'info', `The network "${name}" was created.`, record);
  }

  /** @throws {CommandError} when a VM is on it. */
  async delete(name: string, onIt: readonly string[]): Promise<void> {
    const found = this.require(name);
    if (found === DEFAULT_RECORD) throw new CommandError('refused', `The network "${name}" is always there.`);
    const [vm] = onIt;
    if (vm !== undefined) {
      throw new CommandError('refused', `"${vm}" is on the network "${name}": put it on another one first (nic set).`);
    }
    await this.#change(this.#networks.filter((network) => network !== found));
    this.#around.table.deleteNetwork(found.name);
    this.#around.event(null, 'network.deleted', 'info', `The network "${name}" was deleted.`, { name });
  }

  /** @throws {CommandError} `notFound`. */
  require(name: string): NetworkRecord {
    const found = this.#find(name);
    if (found) return found;
    throw new CommandError('notFound', `There is no network "${name}". "lockstep network list" shows those there are.`);
  }

  /**
   * A card's record on a network, with an address that no other VM has.
   * @throws {CommandError} when there is no such network, or it is full.
   */
  card(type: NicRecord['type'], network: string, others: readonly NicRecord[], wanted: string | null): NicRecord {
    const { name, subnet } = this.require(network);
    if (type === 'none' || subnet === null) return { type, network: name, address: null };
    const taken = others.filter((other) => other.network === name).map(({ address }) => address);
    return { type, network: name, address: freeAddress(subnet, new Set(taken.filter((one) => one !== null)), wanted) };
  }

  async #change(networks: NetworkRecord[]): Promise<void> {
    if (this.#gateway.running) {
      const error = await this.#gateway.ask({ type: 'configure', networks: this.#specs(networks) });
      if (error !== null) throw new CommandError('refused', sentence(error));
    }
    this.#networks = networks;
    this.#around.changed();
  }

  #find(name: string): NetworkRecord | undefined {
    return this.#networks.find((network) => network.name.toLowerCase() === name.toLowerCase());
  }

  /* -------------------------------------------------------------- VMs that run ------------------------------ */

  /** The longest IP packet on a network, in bytes. What is behind an uplink takes what everybody takes. */
  mtu(network: string): number {
    return this.require(network).uplink === null ? NETWORK_MTU : ETHERNET_MTU;
  }

  /** The VM is being powered on. */
  attach(vm: AttachedVm, network: string): void {
    this.#attached.set(vm.id, { vm, network, replicas: new Set() });
    if (this.#gateway.running) this.#tell({ type: 'attach', vm, network }, vm.id, 'The network card has no network');
    else this.#gateway.ensure();
  }

  /** A replica of the VM has built its machine. */
  plug(vm: string, replica: Replica): void {
    const attached = this.#attached.get(vm);
    if (!attached) return;
    for (const other of attached.replicas) if (!other.alive) attached.replicas.delete(other);
    attached.replicas.add(replica);
    this.#gateway.plug(vm, replica.process);
  }

  /** The VM is off. */
  detach(vm: string): void {
    this.#captures.delete(vm);
    if (this.#attached.delete(vm) && this.#gateway.running) void this.#gateway.ask({ type: 'detach', vm });
  }

  nic(vm: string, mac: string, record: NicRecord): NicView {
    const report = this.#report?.vms.find((one) => one.vm === vm) ?? null;
    const now = this.#attached.has(vm) ? report : null;
    const { type, network, address } = record;
    // A guest that has just taken its address has not used it yet.
    const guestAddress = now?.address ?? (now?.leased ? address : null);
    const shown = { type, network, mac, address, guestAddress };
    const file = this.#captures.get(vm);
    const capture = file === undefined ? null : (now?.capture ?? { file, frames: 0, dropped: 0 });
    return { ...shown, counters: now && counters(now), capture };
  }

  /** @throws {CommandError} when the file cannot be written, or the VM is off. */
  async capture(vm: string, file: string | null): Promise<void> {
    if (!this.#attached.has(vm)) {
      throw new CommandError('refused', 'The VM is off, or has no network card: power it on to capture its frames.');
    }
    const error = await this.#gateway.ask(
      file === null ? { type: 'stopCapture', vm } : { type: 'startCapture', vm, file },
    );
    if (error !== null) throw new CommandError('refused', sentence(error));
    if (file === null) this.#captures.delete(vm);
    else this.#captures.set(vm, file);
    const message = file === null ? 'The capture was stopped.' : `Frames are captured in ${file}.`;
    this.#around.event(vm, file === null ? 'capture.stopped' : 'capture.started', 'info', message, { file });
    this.#around.changed();
  }

  /* -------------------------------------------------------------- the gateway ------------------------------- */

  #tellEverything(): void {
    this.#report = null;
    this.#tell({ type: 'configure', networks: this.#specs(this.#networks) }, null, 'The networks cannot be made');
    for (const { vm, network, replicas } of this.#attached.values()) {
      this.#tell({ type: 'attach', vm, network }, vm.id, 'The network card has no network');
      for (const replica of replicas) if (replica.alive) this.#gateway.plug(vm.id, replica.process);
    }
    this.forwards.tellAll((vm) => this.#around.networkOf(vm));
  }

  #tell(request: Parameters<GatewayConnection['ask']>[0], vm: string | null, otherwise: string): void {
    void this.#gateway.ask(request).then((error) => {
      if (error !== null)
        this.#around.event(vm, 'network.failed', 'error', `${otherwise}: ${error}.`, { what: otherwise, why: error });
    });
  }

  #lost(why: string): void {
    this.#captures.clear();
    const message = `The network gateway ended (${why}). It is started again; connections through it were cut.`;
    this.#around.event(null, 'network.gatewayLost', 'error', message, { why });
    this.#around.changed();
  }

  #specs(networks: readonly NetworkRecord[]): NetworkSpec[] {
    return networks.map((network) => specOf(network, this.#around.hostLoopback));
  }

  #event(event: GatewayEvent): void {
    switch (event.kind) {
      case 'uplinkConnected': {
        const message = `"${event.network}" is connected to its uplink.`;
        this.#around.event(null, 'network.uplinkConnected', 'info', message, { network: event.network });
        return;
      }
      case 'uplinkLost': {
        const message = `"${event.network}" has no uplink: ${event.why}. It is tried again.`;
        this.#around.event(null, 'network.uplinkLost', 'warning', message, { network: event.network, why: event.why });
        return;
      }
      case 'forwardRefused': {
        const message = `Somebody came to the port forward ${formatForward(event.forward)}, but the VM is off.`;
        this.#around.event(event.forward.vm, 'forward.refused', 'info', message, { ...event.forward });
        return;
      }
      case 'captureFailed':
        this.#captures.delete(event.vm);
        this.#around.event(event.vm, 'capture.failed', 'warning', `The capture ended: ${event.why}.`, {
          why: event.why,
        });
        return;
      case 'linkRefused':
        this.#refusedLink(event.vm, event.why);
        return;
      case 'tcpLimited': {
        const message = `${event.guest} has ${event.connections} TCP connections, as many as it may: more are refused.`;
        this.#around.event(null, 'network.tcpLimited', 'warning', message, {
          guest: event.guest,
          connections: event.connections,
        });
        return;
      }
      case 'wentLive':
    }
  }

  #refusedLink(vm: string, why: string): void {
    this.#around.event(vm, 'network.linkRefused', 'warning', `A replica was unplugged: ${why}.`, { why });
  }
}

function specOf({ name, subnet, uplink }: NetworkRecord, hostLoopback: boolean): NetworkSpec {
  if (uplink !== null) return { name, mode: { kind: 'uplink', address: uplinkAddress(uplink) } };
  const { mode } = DEFAULT_NETWORK;
  if (mode.kind !== 'nat') throw new Error('the default network is a NAT');
  return { name, mode: { ...mode, subnet: subnet ?? DEFAULT_SUBNET, mtu: NETWORK_MTU, hostLoopback } };
}

/** @throws {RangeError} that says how an uplink is written. */
function uplinkAddress(text: string): UplinkAddress {
  const local = /^unix:(\/.+)$/.exec(text);
  if (local?.[1] !== undefined) return { path: local[1] };
  const remote = /^tcp:(.+):(\d{1,5})$/.exec(text);
  const port = Number(remote?.[2]);
  if (remote?.[1] !== undefined && port >= 1 && port <= 65_535) return { host: remote[1], port };
  throw new RangeError(`"${text}" is no uplink: write it like unix:/run/passt.socket or tcp:127.0.0.1:5001.`);
}

function counters(report: VmReport): NicCounters {
  const { framesIn, bytesIn, framesOut, bytesOut, dropped, repeated, tcp, udp } = report;
  const frames = { framesIn, bytesIn, framesOut, bytesOut, dropped, repeated };
  return { ...frames, tcpConnections: tcp.open, udpFlows: udp.open };
}
