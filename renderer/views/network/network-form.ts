/**
 * The form for a network, as data, and what the page knows about networks before it asks: which can be deleted, which
 * subnet is free, and how a capture's file is named.
 *
 * Invariant: what is wrong is what the contract's own schema says, in its own words; the host checks the rest.
 */
import * as v from 'valibot';
import { commands, type CommandArgs, type NetworkView } from '../../../preload/contract/contract.ts';
import { DEFAULT_NETWORK_NAME } from '../../../preload/contract/network.ts';
import { sentence } from '../../text/format.ts';
import { hostWords } from '../../text/host-words.ts';
import { texts } from '../../text/index.ts';

export interface NetworkForm {
  readonly name: string;
  readonly kind: 'nat' | 'uplink';
  readonly subnet: string;
  readonly uplink: string;
}

export type NetworkErrors = { readonly [field in 'name' | 'subnet' | 'uplink']?: string };

const SUBNET = /^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/;
const UPLINK = /^(unix:\/.+|tcp:.+:\d{1,5})$/;

export function emptyNetwork(networks: readonly NetworkView[]): NetworkForm {
  return { name: '', kind: 'nat', subnet: freeSubnet(networks), uplink: '' };
}

/** The first of 10.77.0.0/24, 10.78.0.0/24, … that no network has. */
export function freeSubnet(networks: readonly NetworkView[]): string {
  const taken = new Set(networks.map(({ subnet }) => subnet));
  const subnets = Array.from({ length: 256 - 77 }, (_, index) => `10.${77 + index}.0.0/24`);
  return subnets.find((subnet) => !taken.has(subnet)) ?? '';
}

export function networkArgs({ name, kind, subnet, uplink }: NetworkForm): CommandArgs<'network.create'> {
  const way = kind === 'nat' ? { subnet: subnet.trim() } : { uplink: uplink.trim() };
  return { name: name.trim(), ...way };
}

/** The first thing wrong with each field; empty when the command can be sent. */
export function checkNetwork(form: NetworkForm, networks: readonly NetworkView[]): NetworkErrors {
  const args = networkArgs(form);
  const errors: { [field: string]: string } = {};
  for (const issue of v.safeParse(commands['network.create'], args).issues ?? []) {
    const key = issue.path?.[0]?.key;
    if (typeof key === 'string') errors[key] ??= hostWords(sentence(issue.message));
  }
  if (networks.some(({ name }) => name.toLowerCase() === args.name.toLowerCase())) {
    errors['name'] ??= texts.networks.exists(args.name);
  }
  if (args.subnet !== undefined && !SUBNET.test(args.subnet)) errors['subnet'] ??= texts.networks.subnetWrong;
  if (args.uplink !== undefined && !UPLINK.test(args.uplink)) errors['uplink'] ??= texts.networks.uplinkWrong;
  return errors;
}

/** Why the network cannot be deleted now; null when it can. */
export function deleteRefusal({ name, vms }: NetworkView): string | null {
  if (name === DEFAULT_NETWORK_NAME) return texts.networks.always(name);
  return vms[0] === undefined ? null : texts.networks.inUse(name, vms[0]);
}

/** A file in `folder` (of the host's platform) that does not exist yet, as far as one can know. */
export function captureFile(folder: string, vm: string, now: Date): string {
  const separator = folder.includes('\\') ? '\\' : '/';
  const time = now.toISOString().slice(0, 19).replaceAll(':', '-');
  return `${folder}${separator}${vm}-${time}.pcapng`;
}
