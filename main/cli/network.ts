/**
 * The command line's commands of networks, network cards, port forwards and captures.
 */
import path from 'node:path';
import { CommandError, type ForwardView, type NetworkView, type VmView } from '../../preload/contract/contract.ts';
import { formatForward, NIC_TYPES, parseForward, type NicType } from '../../preload/contract/network.ts';
import { simple, withHost, type Command, type Invocation } from './command.ts';
import { table } from './print.ts';

const FORWARD_HELP = 'tcp:8080:80 leads from port 8080 of this computer to port 80 of the guest; udp:0.0.0.0:53:53 too';

function networkTable(networks: readonly NetworkView[]): string {
  const rows = networks.map(({ name, subnet, gateway, uplink, uplinkState, vms }) => [
    name,
    subnet ?? `uplink ${uplink}`,
    gateway ?? uplinkState ?? '–',
    vms.join(', '),
  ]);
  return table(['NAME', 'NETWORK', 'GATEWAY', 'VMS'], rows);
}

function forwardTable(forwards: readonly ForwardView[]): string {
  if (forwards.length === 0) return 'No port forwards. Make one: lockstep forward add NAME tcp:8080:80';
  const rows = forwards.map((forward) => [
    String(forward.id),
    forward.vm,
    formatForward(forward),
    forward.error ?? (forward.refused > 0 ? `refused ${forward.refused} while off` : 'listening'),
  ]);
  return table(['ID', 'VM', 'FORWARD', 'STATE'], rows);
}

function id(text: string | undefined): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new CommandError('usage', `A forward is named by its number, not "${text}": see "lockstep forward list".`);
}

/** Prints what a command answered. */
function show<T>({ json, print }: Invocation, result: T, text: (result: T) => string | null): void {
  const line = json ? JSON.stringify(result) : text(result);
  if (line !== null) print(line);
}

const create: Command = {
  words: 'network create',
  takes: ['NETWORK'],
  options: { subnet: 'A.B.C.D/N', uplink: 'unix:PATH|tcp:HOST:PORT' },
  help: "Make a network: a NAT with its own subnet, or an uplink to a socket with QEMU's stream framing (passt …)",
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const { subnet, uplink } = invocation.options;
      const made = await client.call('network.create', {
        name: invocation.positionals[0] ?? '',
        ...(subnet === undefined ? {} : { subnet: String(subnet) }),
        ...(uplink === undefined ? {} : { uplink: String(uplink) }),
      });
      show(invocation, made, () => null);
    }),
};

const remove: Command = {
  words: 'network delete',
  takes: ['NETWORK'],
  help: 'Delete a network that no VM is on',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      show(invocation, await client.call('network.delete', { network: invocation.positionals[0] ?? '' }), () => null);
    }),
};

const nic: Command = {
  words: 'nic set',
  takes: ['NAME'],
  options: { network: 'NETWORK', type: NIC_TYPES.join('|') },
  help: 'Give a VM that is off another network card, or put it on another network',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const { network, type } = invocation.options;
      const view = await client.call('nic.set', {
        vm: invocation.positionals[0] ?? '',
        ...(network === undefined ? {} : { network: String(network) }),
        ...(type === undefined ? {} : { type: String(type) as NicType }),
      });
      show(
        invocation,
        view,
        ({ nic: card }: VmView) => `${card.type} on "${card.network}", ${card.address ?? 'no address'}`,
      );
    }),
};

const forwardAdd: Command = {
  words: 'forward add',
  takes: ['NAME', 'FORWARD'],
  help: `Forward a port, also while the VM runs: ${FORWARD_HELP}`,
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm = '', text = ''] = invocation.positionals;
      const made = await client.call('forward.add', { vm, ...parsed(text) });
      show(invocation, made, (forward) => `Forward ${forward.id}: ${formatForward(forward)}`);
    }),
};

const forwardSet: Command = {
  words: 'forward set',
  takes: ['NAME', 'ID', 'FORWARD'],
  help: 'Change a port forward, also while the VM runs',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm = '', number, text = ''] = invocation.positionals;
      const made = await client.call('forward.set', { vm, id: id(number), ...parsed(text) });
      show(invocation, made, () => null);
    }),
};

const forwardRemove: Command = {
  words: 'forward remove',
  takes: ['NAME', 'ID'],
  help: 'Remove a port forward, also while the VM runs',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm = '', number] = invocation.positionals;
      show(invocation, await client.call('forward.remove', { vm, id: id(number) }), () => null);
    }),
};

const captureStart: Command = {
  words: 'capture start',
  takes: ['NAME', 'FILE.pcapng'],
  options: { force: true },
  help: "Write the frames of a VM's network card to a pcapng file; --force replaces one that exists",
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm = '', file = ''] = invocation.positionals;
      const force = Boolean(invocation.options['force']);
      show(invocation, await client.call('capture.start', { vm, file: path.resolve(file), force }), () => null);
    }),
};

function parsed(text: string): ReturnType<typeof parseForward> {
  try {
    return parseForward(text);
  } catch (error) {
    throw new CommandError('usage', `${(error as Error).message}.`);
  }
}

export const networkCommands: readonly Command[] = [
  simple('network list', 'network.list', 'List the networks', networkTable, []),
  create,
  remove,
  nic,
  forwardAdd,
  simple('forward list', 'forward.list', 'List the port forwards of a VM, or all', forwardTable, ['NAME?']),
  forwardSet,
  forwardRemove,
  captureStart,
  simple('capture stop', 'capture.stop', 'End the capture of a VM', () => null),
];
