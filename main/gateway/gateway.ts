/**
 * All networks of this host, as the fleet commands them.
 *
 * Invariants: requests are carried out one after the other and each is answered once; a VM is on one network.
 */
import type { Transport } from '../transport/transport.ts';
import type { Resolve } from './dns.ts';
import type { AttachedVm, ForwardReport, FromGateway, GatewayEvent, GatewayRequest, NetworkSpec } from './messages.ts';
import type { ToGateway } from './messages.ts';
import { invalidNetwork, VirtualNetwork } from './network.ts';
import type { TransportFactory } from './transport-layer.ts';
import { parseMac } from './wire/ethernet.ts';
import { parseAddress } from './wire/ipv4.ts';

export const NETWORKS_MAX = 64;

export interface GatewayParts {
  readonly resolve: Resolve;
  /** Null for a gateway that carries no TCP. */
  readonly tcp: TransportFactory | null;
  send(message: FromGateway): void;
  /** Milliseconds that never go back. */
  now(): number;
  wallMs(): number;
  soon(callback: () => void): void;
}

export class Gateway {
  readonly #parts: GatewayParts;
  readonly #networks = new Map<string, VirtualNetwork>();
  /** Which network each attached VM is on. */
  readonly #vms = new Map<string, VirtualNetwork>();
  #tail: Promise<void> = Promise.resolve();

  constructor(parts: GatewayParts) {
    this.#parts = parts;
  }

  handle(message: ToGateway): void {
    this.#tail = this.#tail.then(async () => {
      let error: string | null;
      try {
        error = await this.#perform(message);
      } catch (thrown) {
        error = (thrown as Error).message;
      }
      this.#parts.send({ type: 'answer', request: message.request, error });
    });
  }

  /** A replica of the VM is at the other end. Waits its turn: the VM may be about to be attached. */
  link(vm: string, transport: Transport): void {
    this.#tail = this.#tail.then(() => {
      if (this.#vms.get(vm)?.link(vm, transport)) return;
      transport.close();
      this.#event({ kind: 'linkRefused', vm, why: 'the VM is on no network' });
    });
  }

  tick(): void {
    for (const network of this.#networks.values()) network.tick();
  }

  /** Null when there is nothing to report. */
  report(): Extract<FromGateway, { type: 'report' }> | null {
    if (this.#networks.size === 0) return null;
    const networks = [...this.#networks.values()];
    return {
      type: 'report',
      vms: networks.flatMap((network) => network.vmReports()),
      networks: networks.map((network) => network.report()),
      forwards: networks.flatMap(forwardReports),
    };
  }

  close(): void {
    for (const network of this.#networks.values()) network.close();
  }

  async #perform(request: GatewayRequest): Promise<string | null> {
    switch (request.type) {
      case 'configure':
        return this.#configure(request.networks);
      case 'attach':
        return this.#attach(request.vm, request.network);
      case 'detach':
        this.#vms.get(request.vm)?.detach(request.vm);
        this.#vms.delete(request.vm);
        return null;
      case 'addForward': {
        const network = this.#networks.get(request.network);
        if (!network) return noNetwork(request.network);
        if (!network.forwards) return `the forwards of ${request.network} are the uplink's: set them up there`;
        return network.forwards.add(request.forward);
      }
      case 'removeForward': {
        const removed = this.#networks.get(request.network)?.forwards?.remove(request.id) ?? false;
        return removed ? null : `there is no forward ${request.id}`;
      }
      case 'startCapture': {
        const network = this.#vms.get(request.vm);
        if (!network) return 'the VM is off: power it on before its frames are captured';
        return network.startCapture(request.vm, request.file);
      }
      case 'stopCapture': {
        const counters = await this.#vms.get(request.vm)?.stopCapture(request.vm);
        return counters ? null : 'its frames are not being captured';
      }
    }
  }

  /** All or nothing. */
  #configure(specs: readonly NetworkSpec[]): string | null {
    const wanted = new Map(specs.map((spec) => [spec.name, spec]));
    if (wanted.size < specs.length) return 'two networks have the same name: rename one';
    if (wanted.size > NETWORKS_MAX) return `there are at most ${NETWORKS_MAX} networks: remove some`;
    const wrong = specs.map(invalidNetwork).find((why) => why !== null);
    if (wrong !== undefined) return wrong;
    const obsolete = [...this.#networks.values()].filter(({ spec }) => !isSame(spec, wanted.get(spec.name)));
    const busy = obsolete.find(({ empty }) => !empty);
    if (busy) return `VMs are on ${busy.spec.name}: power them off before it changes`;
    for (const network of obsolete) {
      network.close();
      this.#networks.delete(network.spec.name);
    }
    for (const spec of specs) if (!this.#networks.has(spec.name)) this.#networks.set(spec.name, this.#make(spec));
    return null;
  }

  #make(spec: NetworkSpec): VirtualNetwork {
    const { name } = spec;
    return new VirtualNetwork(spec, {
      ...this.#parts,
      refused: (forward) => this.#event({ kind: 'forwardRefused', network: name, forward }),
      uplink: (connected, why) =>
        this.#event(
          connected ? { kind: 'uplinkConnected', network: name } : { kind: 'uplinkLost', network: name, why },
        ),
      wentLive: (vm, generation) => this.#event({ kind: 'wentLive', vm, generation }),
      broken: (vm, why) => this.#event({ kind: 'linkRefused', vm, why }),
      captureFailed: (vm, why) => this.#event({ kind: 'captureFailed', vm, why }),
    });
  }

  #attach(vm: AttachedVm, name: string): string | null {
    const network = this.#networks.get(name);
    if (!network) return noNetwork(name);
    const mac = parseMac(vm.mac);
    if (mac === null) return `${vm.mac} is no MAC address: write it like 02:00:00:12:34:56`;
    const address = vm.address === null ? null : parseAddress(vm.address);
    if (vm.address !== null && address === null) return `${vm.address} is no address: write it like 10.77.0.10`;
    this.#vms.get(vm.id)?.detach(vm.id);
    this.#vms.delete(vm.id);
    const wrong = network.attach({ vm: vm.id, name: vm.name, mac, address });
    if (wrong === null) this.#vms.set(vm.id, network);
    return wrong;
  }

  #event(event: GatewayEvent): void {
    this.#parts.send({ type: 'event', event });
  }
}

function noNetwork(name: string): string {
  return `there is no network ${name}`;
}

function isSame(a: NetworkSpec, b: NetworkSpec | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function forwardReports(network: VirtualNetwork): ForwardReport[] {
  const list = network.forwards?.list() ?? [];
  return list.map(({ forward, refused }) => ({ network: network.spec.name, id: forward.id, refused }));
}
