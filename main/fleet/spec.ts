/**
 * From what the user asked for to what a VM is made of, and from there to what a replica is told.
 *
 * Invariant: every file is looked at before a VM is made of it and again before it is powered on, so that a bad one is
 * refused by name and no VM is made by halves.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  CommandError,
  type FtSettings,
  type ParsedArgs,
  type Sample,
  type VmHardware,
} from '../../preload/contract/contract.ts';
import { checkInitrdFits, checkMedium, MediumError, type MediumKind } from '../datastore/media.ts';
import { DEFAULT_SETTINGS } from '../ft/constants.ts';
import type { ReplicaSpec } from '../replica/messages.ts';
import type { SavedState, VmConfig, VmRecord } from '../store/vms.ts';

/** Where the firmware and the sample guests are, as absolute paths. */
export interface GuestLibrary {
  readonly bios: string;
  readonly vgaBios: string;
  readonly linux: { readonly bzimage: string; readonly initrd: string; readonly cmdline: string };
  readonly test: string;
}

const DEFAULT_MEMORY_MB: { readonly [S in Sample]: number } = { linux: 128, test: 32 };
const CUSTOM_MEMORY_MB = 128;
const VGA_MEMORY_MB = 8;
export const TWO_KERNELS = 'A VM is started from one kernel: a Linux kernel, or a Multiboot one.';
/** Shows the kernel's messages on the screen and on the serial port. */
const DEFAULT_CMDLINE = 'console=tty0 console=ttyS0';
export const FILE_KINDS = ['bzimage', 'initrd', 'multiboot', 'hda', 'cdrom', 'fda'] as const;
/** The second bit of the first byte: locally administered (IEEE 802). The rest of the prefix is ours. */
const MAC_PREFIX = [0x02, 0x4c, 0x53];

/**
 * What the arguments of `vm.create` describe.
 * @throws {CommandError} `usage` when they contradict each other, `refused` when a file is not what it should be.
 */
export function configure(args: ParsedArgs<'vm.create'>, guests: GuestLibrary, macs: ReadonlySet<string>): VmConfig {
  const own = FILE_KINDS.filter((kind) => args[kind] !== undefined);
  const boots = own.filter((kind) => kind !== 'initrd');
  if (args.sample && (args.bzimage || args.initrd || args.multiboot)) {
    throw new CommandError(
      'usage',
      'A sample brings its own kernel: leave out either --sample or --bzimage, --initrd and --multiboot.',
    );
  }
  if (args.sample === 'test' && args.fda) {
    throw new CommandError(
      'usage',
      'The test guest boots from its own floppy: leave out either --sample test or --fda.',
    );
  }
  if (!args.sample && boots.length === 0) {
    throw new CommandError(
      'usage',
      'Say what the VM boots: --sample linux, or --bzimage, --multiboot, --hda, --cdrom or --fda with a file.',
    );
  }
  if (args.initrd && !args.bzimage) {
    throw new CommandError('usage', 'An initrd needs its kernel: add --bzimage FILE.');
  }
  if (args.bzimage && args.multiboot) throw new CommandError('usage', TWO_KERNELS);
  const config: VmConfig = {
    sample: args.sample ?? null,
    memoryMB: args.memoryMB ?? (args.sample ? DEFAULT_MEMORY_MB[args.sample] : CUSTOM_MEMORY_MB),
    seed: randomInt(2 ** 32),
    mac: newMac(macs),
    ...Object.fromEntries(own.map((kind) => [kind, path.resolve(args[kind] as string)])),
    cmdline: args.cmdline ?? null,
    ...(args.bootOrder && { bootOrder: args.bootOrder }),
    ...(args.vgaMemoryMB !== undefined && { vgaMemoryMB: args.vgaMemoryMB }),
  };
  checkFiles(config, guests);
  return config;
}

/** @throws {CommandError} `refused`, naming the file, what is wrong with it, and the remedy. */
export function checkFiles(config: VmConfig, guests: GuestLibrary): void {
  if (config.sample === 'linux') sampleCommandLine(guests);
  const files = filesOf(config, guests);
  try {
    for (const [kind, file] of Object.entries(files) as [MediumKind, string | undefined][]) {
      if (!file) continue;
      const size = checkMedium(kind, file);
      if (kind === 'initrd') checkInitrdFits(file, size, config.memoryMB);
    }
  } catch (error) {
    if (error instanceof MediumError) throw new CommandError('refused', error.message);
    throw error;
  }
}

/**
 * What a replica needs to build the machine; `holder` names it for the lease.
 * @throws {CommandError} `refused` when the sample's command line cannot be read.
 */
export function specify(
  vm: VmRecord,
  guests: GuestLibrary,
  { mtu, ...at }: { holder: string; datastore: string; startTimeMs: number; mtu: number },
): ReplicaSpec {
  const { config } = vm;
  const files = filesOf(config, guests);
  return {
    vm: vm.id,
    name: vm.name,
    ...at,
    memoryMB: config.memoryMB,
    vgaMemoryMB: config.vgaMemoryMB ?? VGA_MEMORY_MB,
    seed: config.seed,
    nic: cardOf(config, mtu),
    files,
    floppyBytes: files.fda === undefined ? undefined : checkMedium('fda', files.fda),
    cmdline: commandLine(vm, guests),
    ...(config.bootOrder && { bootOrder: config.bootOrder }),
    settings: settingsOf(vm),
  };
}

/** What a machine is built of: kept with its saved state. */
type Hardware = Omit<ReplicaSpec, 'vm' | 'name' | 'holder' | 'datastore' | 'settings' | 'disk'>;

export function hardwareOf(spec: ReplicaSpec): SavedState['hardware'] {
  const {
    vm: _vm,
    name: _name,
    holder: _holder,
    datastore: _datastore,
    settings: _settings,
    disk: _disk,
    ...rest
  } = spec;
  return rest satisfies Hardware;
}

/** What a replica needs to build the machine of a saved state again. */
export function specifySaved(
  vm: VmRecord,
  { hardware: saved }: SavedState,
  at: { holder: string; datastore: string },
): ReplicaSpec {
  return { vm: vm.id, name: vm.name, ...at, ...(saved as unknown as Hardware), settings: settingsOf(vm) };
}

/** The settings that hold for this VM: what was set, and defaults. */
export function settingsOf(vm: Pick<VmRecord, 'ftSettings'>): FtSettings {
  return { ...DEFAULT_SETTINGS, ...vm.ftSettings };
}

/**
 * The VM's own settings after these changes.
 * @throws {CommandError} `usage` when nothing is set, or the limits contradict each other.
 */
export function changeSettings(vm: VmRecord, changes: Partial<FtSettings>): Partial<FtSettings> {
  if (Object.keys(changes).length === 0) {
    throw new CommandError('usage', `Say what to set: ${Object.keys(DEFAULT_SETTINGS).join(', ')}.`);
  }
  const own = { ...vm.ftSettings, ...changes };
  const { lagThrottleMs, lagHardMs } = { ...DEFAULT_SETTINGS, ...own };
  if (lagThrottleMs >= lagHardMs) {
    throw new CommandError(
      'usage',
      `lagThrottleMs (${lagThrottleMs}) must be less than lagHardMs (${lagHardMs}): set both, or another value.`,
    );
  }
  return own;
}

/** What the user is shown of it. */
export function hardware(config: VmConfig): VmHardware {
  const files = Object.fromEntries(FILE_KINDS.flatMap((kind) => (config[kind] ? [[kind, config[kind]]] : [])));
  const { memoryMB, cmdline, bootOrder, vgaMemoryMB } = config;
  const set = { ...(bootOrder && { bootOrder }), ...(vgaMemoryMB !== undefined && { vgaMemoryMB }) };
  return { memoryMB, guest: guestInWords(config), files, cmdline, ...set };
}

function guestInWords(config: VmConfig): string {
  if (config.sample === 'linux') return 'Sample Linux';
  if (config.sample === 'test') return 'Test guest';
  if (config.bzimage) return 'Linux kernel';
  if (config.multiboot) return 'Multiboot kernel';
  if (config.hda) return 'Disk image';
  if (config.cdrom) return 'CD image';
  return config.fda ? 'Floppy image' : 'No medium to boot from';
}

/** A VM of before there were networks has the card that every VM had. */
function cardOf({ nic, mac }: VmConfig, mtu: number): ReplicaSpec['nic'] {
  const type = nic?.type ?? 'virtio';
  return type === 'none' ? null : { type, mac, mtu };
}

function filesOf(config: VmConfig, guests: GuestLibrary): ReplicaSpec['files'] {
  const linux = config.sample === 'linux' ? guests.linux : null;
  return {
    bios: guests.bios,
    vgaBios: guests.vgaBios,
    bzimage: linux?.bzimage ?? config.bzimage,
    initrd: linux?.initrd ?? config.initrd,
    multiboot: config.multiboot,
    hda: config.hda,
    cdrom: config.cdrom,
    fda: config.sample === 'test' ? guests.test : config.fda,
  };
}

function commandLine(vm: VmRecord, guests: GuestLibrary): string {
  if (vm.config.cmdline !== null) return vm.config.cmdline;
  if (vm.config.sample !== 'linux') return DEFAULT_CMDLINE;
  return `${sampleCommandLine(guests)} hostname=${hostName(vm.name)}`;
}

function sampleCommandLine(guests: GuestLibrary): string {
  const file = guests.linux.cmdline;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    throw new CommandError('refused', `The sample's command line "${file}" cannot be read (${why}). Check the path.`);
  }
}

/** The VM's name as a host name (RFC 1123: letters, digits and hyphens, at most 63). */
export function hostName(name: string): string {
  const label = name
    .normalize('NFKD')
    .replaceAll(/\p{M}+/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, 63)
    .replace(/-$/, '');
  return label === '' ? 'lockstep' : label;
}

/** An address of ours that is not taken. */
export function newMac(taken: ReadonlySet<string>): string {
  for (;;) {
    const bytes = [...MAC_PREFIX, ...randomBytes(3)];
    const mac = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
    if (!taken.has(mac)) return mac;
  }
}
