/**
 * TEST DOUBLE: the fake host's answers about disk files.
 *
 * Invariant: only what the page asks for; what is done to disks is tested with the real fleet.
 */
import type { CommandName, DiskCheckView, DiskView, VmView } from '../../../preload/contract/contract.ts';

/** Of the fake world. */
interface DiskWorld {
  readonly vms: readonly VmView[];
  readonly diskCheck: DiskCheckView;
}
type Args = { readonly [key: string]: unknown };

const IMPORTED = '/home/ada/.local/share/lockstep/disks/imported-0a1b2c3d.lsd';

/** Undefined where the command is about something else. */
export function fakeDisk(world: DiskWorld, command: CommandName, args: Args): unknown {
  const file = (args['file'] as string | undefined) ?? IMPORTED;
  switch (command) {
    case 'disk.info':
    case 'disk.import':
      return view(world, file);
    case 'disk.resize':
      return { ...view(world, file), bytes: Number(args['bytes']) };
    case 'disk.check':
      return world.diskCheck;
    case 'disk.compact':
      return { before: 1_342_177_280, after: 805_306_368 };
    case 'disk.export':
      return { file: args['target'] };
    default:
      return undefined;
  }
}

function view({ vms }: DiskWorld, file: string): DiskView {
  const thin = file.endsWith('.lsd');
  const users = vms.filter(({ hardware }) => hardware.files.hda === file).map(({ name }) => name);
  return {
    file,
    format: thin ? 'lsd' : 'raw',
    bytes: 4 * 2 ** 30,
    fileBytes: 1_342_177_280,
    diskBytes: 1_342_177_280,
    clusterBytes: thin ? 65_536 : null,
    uuid: thin ? '0123456789abcdef0123456789abcdef' : null,
    committing: false,
    chain: thin ? [file, '/srv/images/debian-13.lsd'] : [file],
    vms: thin ? [...users, 'Ledger test'] : users,
  };
}
