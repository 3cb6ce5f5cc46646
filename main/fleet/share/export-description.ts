/**
 * What an export says of the virtual machine in it, beside its disks: the application's part of the manifest.
 *
 * Invariant: it is made of the same values that a command would take, and checked by the same schemas; files are not in
 * it, by name or otherwise. Whoever adds something to a VM's configuration adds it here, or the types do not fit.
 */
import * as v from 'valibot';
import { CommandError, commands } from '../../../preload/contract/contract.ts';
import { NIC_TYPES } from '../../../preload/contract/network.ts';
import type { VmConfig, VmRecord } from '../../store/vms.ts';
import type { FILE_KINDS } from '../spec.ts';

const { name, memoryMB, sample, cmdline, checkpointMinutes, bootOrder, vgaMemoryMB } = commands['vm.create'].entries;
const { vm: _vm, ...ftSettings } = commands['vm.set'].entries;

const config = {
  sample: v.nullable(v.unwrap(sample)),
  memoryMB: v.unwrap(memoryMB),
  seed: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 32 - 1)),
  /** Locally administered or not, but of one station. */
  mac: v.pipe(v.string(), v.regex(/^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/)),
  nic: v.strictObject({ type: v.picklist(NIC_TYPES), network: v.pipe(v.string(), v.maxLength(64)) }),
  cmdline: v.nullable(v.unwrap(cmdline)),
  /** These two are there only where they were set, so that a former Lockstep reads the other files. */
  bootOrder,
  vgaMemoryMB,
};

const Description = v.strictObject({
  name,
  /** Of the Lockstep that wrote it; milliseconds since 1970, UTC. */
  version: v.pipe(v.string(), v.maxLength(64)),
  exportedAt: v.pipe(v.number(), v.integer(), v.minValue(0)),
  config: v.strictObject(config),
  ftSettings: v.strictObject(ftSettings),
  /** Absent in files of before there were checkpoints; in those without any, so that a former Lockstep reads them. */
  checkpointMinutes,
});
export type Description = v.InferOutput<typeof Description>;

/** What of a VM's configuration would be lost. */
type Forgotten = Exclude<keyof VmConfig, keyof typeof config | (typeof FILE_KINDS)[number]>;
const nothingForgotten: Forgotten extends never ? true : Forgotten = true;

export function describe(
  vm: Pick<VmRecord, 'name' | 'config' | 'ftSettings' | 'checkpointMinutes'>,
  version: string,
): Description {
  const {
    sample: guest,
    memoryMB: memory,
    seed,
    mac,
    nic,
    cmdline: words,
    bootOrder: order,
    vgaMemoryMB: vga,
  } = vm.config;
  const card = { type: nic?.type ?? 'virtio', network: nic?.network ?? '' } as const;
  const about = { name: vm.name, version, exportedAt: nothingForgotten ? Date.now() : 0 };
  const boot = { ...(order && { bootOrder: [...order] }), ...(vga !== undefined && { vgaMemoryMB: vga }) };
  const kept = { sample: guest, memoryMB: memory, seed, mac, nic: card, cmdline: words, ...boot };
  const { checkpointMinutes: minutes } = vm;
  const settings = { ftSettings: vm.ftSettings as Description['ftSettings'] };
  return { ...about, config: kept, ...settings, ...(minutes > 0 && { checkpointMinutes: minutes }) };
}

/** @throws {CommandError} `refused` when it does not describe a VM that there can be. */
export function readDescription(file: string, found: unknown): Description {
  const parsed = v.safeParse(Description, found);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const where = v.getDotPath(issue) ?? 'its description';
  throw new CommandError('refused', `"${file}" cannot be imported: ${where}: ${issue.message}.`);
}
