/**
 * The contract's commands of networks, network cards, port forwards and captures, carried out.
 *
 * Invariant: a VM's forwards lead to the network that the VM is on.
 */
import path from 'node:path';
import type { CommandResults, ParsedArgs } from '../../../preload/contract/contract.ts';
import type { networkCommands } from '../../../preload/contract/network.ts';
import type { Fleet } from '../fleet.ts';
import { makeWay } from '../output-file.ts';
import type { Vm } from '../vm.ts';

type Name = keyof typeof networkCommands;
type Handlers = {
  readonly [C in Name]: (fleet: Fleet, args: ParsedArgs<C>) => CommandResults[C] | Promise<CommandResults[C]>;
};

export const networkHandlers: Handlers = {
  'network.list': (fleet) => views(fleet),
  'network.create': async (fleet, args) => {
    await fleet.network.create(args);
    return one(fleet, args.name);
  },
  'network.delete': async (fleet, { network }) => {
    await fleet.network.delete(network, namesOn(fleet, network));
    return null;
  },
  'nic.set': async (fleet, { vm, network, type }) => {
    const found = fleet.vm(vm);
    found.require('nic.set');
    const before = found.nic;
    const others = fleet.all().filter((other) => other !== found);
    const wanted = fleet.network.card(
      type ?? before.type,
      network ?? before.network,
      others.map(({ nic }) => nic),
      before.address,
    );
    found.setNic(wanted);
    if (before.network !== wanted.network) {
      await fleet.network.forwards.move(found.id, before.network, wanted.network);
    }
    return found.view();
  },
  'forward.list': (fleet, { vm }) => named(fleet, vm === undefined ? undefined : fleet.vm(vm)),
  'forward.add': async (fleet, { vm, ...forward }) => {
    const found = fleet.vm(vm);
    found.require('forward.add');
    const id = await fleet.network.forwards.add({ vm: found.id, ...forward }, found.nic.network);
    return forwardOf(fleet, found, id);
  },
  'forward.set': async (fleet, { vm, ...forward }) => {
    const found = fleet.vm(vm);
    await fleet.network.forwards.set({ vm: found.id, ...forward }, found.nic.network);
    return forwardOf(fleet, found, forward.id);
  },
  'forward.remove': async (fleet, { vm, id }) => {
    const found = fleet.vm(vm);
    await fleet.network.forwards.remove(found.id, id, found.nic.network);
    return null;
  },
  'capture.start': async (fleet, { vm, file, force }) => {
    const found = fleet.vm(vm);
    found.require('capture.start');
    makeWay(fleet, path.resolve(file), force);
    await fleet.network.capture(found.id, path.resolve(file));
    return found.view().nic;
  },
  'capture.stop': async (fleet, { vm }) => {
    const found = fleet.vm(vm);
    found.require('capture.stop');
    await fleet.network.capture(found.id, null);
    return found.view().nic;
  },
};

function namesOn(fleet: Fleet, network: string): string[] {
  const on = ({ nic }: Vm): boolean => nic.network.toLowerCase() === network.toLowerCase();
  return fleet
    .all()
    .filter(on)
    .map(({ name }) => name);
}

function views(fleet: Fleet): CommandResults['network.list'] {
  return fleet.network.list((network) => namesOn(fleet, network));
}

function one(fleet: Fleet, name: string): CommandResults['network.create'] {
  const found = views(fleet).find((view) => view.name === name);
  if (!found) throw new Error(`the network ${name} was made and is not there`);
  return found;
}

/** Forwards with the names of their VMs, as people know them. */
function named(fleet: Fleet, vm: Vm | undefined): CommandResults['forward.list'] {
  const names = new Map(fleet.all().map(({ id, name }) => [id, name]));
  return fleet.network.forwards
    .list(vm?.id)
    .map((forward) => ({ ...forward, vm: names.get(forward.vm) ?? forward.vm }));
}

function forwardOf(fleet: Fleet, vm: Vm, id: number): CommandResults['forward.add'] {
  const found = named(fleet, vm).find((forward) => forward.id === id);
  if (!found) throw new Error(`the forward ${id} was made and is not there`);
  return found;
}
