/**
 * TEST DOUBLE: the fake world's networks, cards, forwards and captures.
 *
 * Invariant: the same questions give what main/fleet would give, refusals of the contract's rules included.
 */
import { CommandError, type CommandName, type NicView, type VmView } from '../../../preload/contract/contract.ts';
import { formatForward, type ForwardView, type NetworkView } from '../../../preload/contract/network.ts';
import { refusal, type GuardedCommand } from '../../../preload/contract/rules.ts';

type Args = { readonly [key: string]: unknown };
type Known = Omit<NetworkView, 'vms'>;

export const COUNTERS: NonNullable<NicView['counters']> = {
  framesIn: 48_211,
  bytesIn: 61_204_118,
  framesOut: 21_870,
  bytesOut: 2_310_552,
  dropped: 0,
  repeated: 14,
  tcpConnections: 3,
  udpFlows: 1,
};

/** Of the fake world. */
interface NetworkWorld {
  readonly vms: readonly VmView[];
  find(name: string): VmView;
  put(vm: VmView): VmView;
}

export class FakeNetwork {
  networks: Known[] = [{ name: 'nat', subnet: '10.77.0.0/24', gateway: '10.77.0.1', uplink: null, uplinkState: null }];
  forwards: ForwardView[] = [];
  readonly #world: NetworkWorld;
  #lastForward = 0;

  constructor(world: NetworkWorld) {
    this.#world = world;
  }

  /** A forward that is there already. */
  forward(vm: string, part: Partial<ForwardView>): ForwardView {
    this.#lastForward += 1;
    const made: ForwardView = {
      id: this.#lastForward,
      vm,
      protocol: 'tcp',
      hostAddress: '127.0.0.1',
      hostPort: 8080,
      guestPort: 80,
      error: null,
      refused: 0,
      ...part,
    };
    this.forwards = [...this.forwards, made];
    return made;
  }

  /** The answer; undefined where the command is about something else. */
  perform(command: CommandName, args: Args): unknown {
    if (command === 'network.list') return this.#views();
    if (command === 'network.create') return this.#create(args);
    if (command === 'network.delete') return this.#delete(String(args['network']));
    if (!/^(nic|forward|capture)\./.test(command)) return undefined;
    const vm = this.#world.find(String(args['vm']));
    const reason = command in GUARDED ? refusal(command as GuardedCommand, vm) : null;
    if (reason) throw new CommandError('refused', reason);
    switch (command) {
      case 'nic.set': {
        const { network = vm.nic.network, type = vm.nic.type } = args as Partial<NicView>;
        return this.#world.put({ ...vm, nic: { ...vm.nic, network, type } });
      }
      case 'forward.list':
        return this.forwards.filter((forward) => forward.vm === vm.name);
      case 'forward.add':
        this.#checkFree(args, null);
        return this.forward(vm.name, described(args));
      case 'forward.set': {
        this.#checkFree(args, Number(args['id']));
        const change = described(args);
        this.forwards = this.forwards.map((one) => (one.id === args['id'] ? { ...one, ...change } : one));
        return this.forwards.find((one) => one.id === args['id']);
      }
      case 'forward.remove':
        this.forwards = this.forwards.filter((one) => one.id !== args['id']);
        return null;
      case 'capture.start':
        return this.#capture(vm.name, { file: String(args['file']), frames: 0, dropped: 0 });
      default:
        return this.#capture(vm.name, null);
    }
  }

  #views(): NetworkView[] {
    const on = (name: string) => this.#world.vms.filter(({ nic }) => nic.network === name).map((vm) => vm.name);
    return this.networks.map((network) => ({ ...network, vms: on(network.name) }));
  }

  #create(args: Args): NetworkView | undefined {
    const name = String(args['name']);
    const subnet = (args['subnet'] as string | undefined) ?? null;
    const uplink = (args['uplink'] as string | undefined) ?? null;
    const gateway = subnet === null ? null : subnet.replace(/0\/\d+$/, '1');
    this.networks = [...this.networks, { name, subnet, uplink, gateway, uplinkState: uplink === null ? null : 'lost' }];
    return this.#views().at(-1);
  }

  #delete(name: string): null {
    this.networks = this.networks.filter((network) => network.name !== name);
    return null;
  }

  #checkFree(args: Args, except: number | null): void {
    const { protocol, hostAddress, hostPort } = described(args);
    const same = this.forwards.find(
      (one) =>
        one.id !== except && one.protocol === protocol && one.hostAddress === hostAddress && one.hostPort === hostPort,
    );
    if (!same) return;
    throw new CommandError('exists', `There is already a forward ${formatForward(same)} (number ${same.id}).`);
  }

  #capture(name: string, capture: NicView['capture']): NicView {
    const vm = this.#world.find(name);
    return this.#world.put({ ...vm, nic: { ...vm.nic, capture } }).nic;
  }
}

const GUARDED = { 'nic.set': true, 'forward.add': true, 'capture.start': true, 'capture.stop': true };

function described(args: Args): Pick<ForwardView, 'protocol' | 'hostAddress' | 'hostPort' | 'guestPort'> {
  const { protocol, hostAddress, hostPort, guestPort } = args as unknown as ForwardView;
  return { protocol, hostAddress, hostPort, guestPort };
}
