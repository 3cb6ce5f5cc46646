/**
 * The commands of the contract, carried out.
 *
 * Invariant: arguments are parsed by the contract's schema before anything acts on them; whatever goes wrong comes
 * out as a `CommandError` that the user can act on.
 */
import path from 'node:path';
import { encode as encodePng } from 'fast-png';
import * as v from 'valibot';
import {
  CommandError,
  commands,
  type CommandName,
  type CommandResults,
  type ParsedArgs,
  type TaskKind,
  type TaskRecord,
  type VmView,
} from '../../preload/contract/contract.ts';
import { pressCombo, typeText } from '../../preload/contract/keys.ts';
import type { GuardedCommand } from '../../preload/contract/rules.ts';
import { decodeScreen } from '../../preload/contract/screen.ts';
import { ScreenModel } from '../../preload/contract/screen-model.ts';
import type { Caller } from './watch/audit.ts';
import { checkpointHandlers } from './states/checkpoint-commands.ts';
import { createWithDisk, diskHandlers } from './disks/disk-commands.ts';
import type { Fleet } from './fleet.ts';
import { folderHandlers } from './folder-commands.ts';
import type { PairOperation } from './pair/ft-changes.ts';
import { admitReplicas, replicasOf } from './limits.ts';
import { networkHandlers } from './network/network-commands.ts';
import { changeMedium } from './disks/media.ts';
import { makeWay } from './output-file.ts';
import { shareHandlers } from './share/share-commands.ts';
import { snapshotHandlers } from './states/snapshot-commands.ts';
import { editVm } from './vm-edit.ts';
import type { Vm } from './vm.ts';
import { replaced, waitForState } from './wait.ts';

type Handler<C extends CommandName> = (
  fleet: Fleet,
  args: ParsedArgs<C>,
) => CommandResults[C] | Promise<CommandResults[C]>;

const handlers: { readonly [C in CommandName]: Handler<C> } = {
  'host.show': (fleet) => fleet.host,
  'vm.list': (fleet) => fleet.inventory().vms,
  'vm.show': (fleet, { vm }) => fleet.vm(vm).view(),
  'vm.create': async (fleet, { folder, checkpointMinutes, ...args }) => {
    const made = await createWithDisk(fleet, args);
    if (checkpointMinutes !== undefined) fleet.checkpoints.set(made, checkpointMinutes);
    if (folder !== undefined) fleet.folders.move(made, folder);
    return made.view();
  },
  'vm.delete': async (fleet, { vm }) => {
    await fleet.delete(fleet.vm(vm));
    return null;
  },
  'vm.edit': async (fleet, { vm, ...changes }) => {
    const found = fleet.vm(vm);
    await editVm(fleet, found, changes);
    return found.view();
  },
  ...folderHandlers,
  ...networkHandlers,
  ...diskHandlers,
  ...shareHandlers,
  ...snapshotHandlers,
  ...checkpointHandlers,
  'vm.set': (fleet, { vm, ...changes }) => {
    const found = fleet.vm(vm);
    found.set(changes);
    return found.view();
  },
  'media.insert': async (fleet, { vm, drive, file }) => {
    const found = fleet.vm(vm);
    await changeMedium(found, drive, path.resolve(file));
    return found.view();
  },
  'media.eject': async (fleet, { vm, drive }) => {
    const found = fleet.vm(vm);
    await changeMedium(found, drive, null);
    return found.view();
  },
  'power.on': (fleet, { vm }) => perform(fleet, vm, 'power.on', (found) => found.powerOn()),
  'power.off': (fleet, { vm }) => perform(fleet, vm, 'power.off', (found) => found.powerOff()),
  'power.reset': (fleet, { vm }) => perform(fleet, vm, 'power.reset', (found) => found.reset()),
  'power.pause': (fleet, { vm }) => perform(fleet, vm, 'power.pause', (found) => found.pause(true)),
  'power.unpause': (fleet, { vm }) => perform(fleet, vm, 'power.unpause', (found) => found.pause(false)),
  'ft.on': (fleet, { vm }) => changeFt(fleet, vm, 'on'),
  'ft.off': (fleet, { vm }) => changeFt(fleet, vm, 'off'),
  'ft.suspend': (fleet, { vm }) => changeFt(fleet, vm, 'suspend'),
  'ft.resume': (fleet, { vm }) => changeFt(fleet, vm, 'resume'),
  'ft.testFailover': (fleet, { vm }) => replace(fleet, vm, 'testFailover'),
  'ft.testRestartSecondary': (fleet, { vm }) => replace(fleet, vm, 'testRestartSecondary'),
  'ft.migrate': (fleet, { vm }) => replace(fleet, vm, 'migrate'),
  'ft.status': (fleet, { vm }) => fleet.vm(vm).ftStatus(),
  'ft.wait': (fleet, args) => waitForState(fleet, args),
  'console.text': async (fleet, { vm }) => ({ lines: (await picture(fleet.vm(vm))).text() }),
  'console.screenshot': async (fleet, { vm }) => {
    const { width, height, rgba } = (await picture(fleet.vm(vm))).pixels();
    const png = encodePng({ width, height, data: rgba, channels: 4, depth: 8 });
    return { width, height, pngBase64: Buffer.from(png).toString('base64') };
  },
  'console.type': (fleet, { vm, text }) => {
    pressKeys(fleet.vm(vm), () => typeText(text));
    return null;
  },
  'console.key': (fleet, { vm, combo }) => {
    pressKeys(fleet.vm(vm), () => [pressCombo(combo)]);
    return null;
  },
  'event.list': (fleet, { vm, ...page }) => fleet.events.list({ vm: idOf(fleet, vm), ...page }),
  'task.list': (fleet, { vm, ...page }) => fleet.tasks.list({ vm: idOf(fleet, vm), ...page }),
  'alarm.list': (fleet, { vm, ...page }) => fleet.alarms.list({ vm: idOf(fleet, vm), ...page }),
  'alarm.acknowledge': (fleet, { vm, ...choice }) => {
    return fleet.alarms.acknowledge({ vm: vm === undefined ? undefined : fleet.vm(vm), ...choice });
  },
  metrics: (fleet, { vm }) => fleet.vm(vm).metrics(),
  'metrics.history': (fleet, { vm, range, since }) => fleet.sampler.history(fleet.vm(vm).id, range, since),
  'failover.list': (fleet, { vm, limit }) => fleet.failovers.list({ vm: idOf(fleet, vm), limit }),
  fault: (fleet, { vm, kind, ...details }) => ({ pid: fleet.vm(vm).fault(kind, details) }),
  'record.start': (fleet, { vm, file, force }) => {
    const found = fleet.vm(vm);
    found.require('record.start');
    if (file !== undefined) makeWay(fleet, path.resolve(file), force);
    return found.recording.start(found.name, file);
  },
  'record.stop': (fleet, { vm }) => {
    const found = fleet.vm(vm);
    found.require('record.stop');
    return found.recording.stop();
  },
};

/** Carries out a command that came through a door. @throws {CommandError} */
export async function carryOut(fleet: Fleet, command: string, args: unknown): Promise<unknown> {
  if (!isCommand(command)) throw new CommandError('usage', `There is no command "${command}".`);
  return run(fleet, command, args);
}

/** The same for somebody, written down. @throws {CommandError} */
export function carryOutFor(fleet: Fleet, caller: Caller, command: string, args: unknown): Promise<unknown> {
  const work = (): Promise<unknown> => carryOut(fleet, command, args);
  return isCommand(command) ? fleet.audit.during(caller, command, args, vmOf(fleet, args), work) : work();
}

/** The VM that a command is about, as it is called now; null where it is about none that there is. */
export function vmOf(fleet: Fleet, args: unknown): { id: string; name: string } | null {
  const vm = (args as { vm?: unknown } | null | undefined)?.vm;
  if (typeof vm !== 'string' || vm === '') return null;
  try {
    const { id, name } = fleet.vm(vm);
    return { id, name };
  } catch {
    return null;
  }
}

async function run<C extends CommandName>(fleet: Fleet, command: C, args: unknown): Promise<CommandResults[C]> {
  const parsed = parseArgs(command, commands[command], args) as ParsedArgs<C>;
  try {
    return await handlers[command](fleet, parsed);
  } catch (error) {
    throw asCommandError(error);
  }
}

/** @throws {CommandError} `usage`, saying which argument of `what` is wrong and why. */
export function parseArgs<S extends v.GenericSchema>(what: string, schema: S, args: unknown): v.InferOutput<S> {
  const parsed = v.safeParse(schema, args ?? {});
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const path = v.getDotPath(issue);
  throw new CommandError('usage', `${path ?? what}: ${issue.message}`);
}

/** Whatever went wrong, as an error for the user. */
export function asCommandError(error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  if (error instanceof RangeError) return new CommandError('usage', error.message);
  return new CommandError('failed', error instanceof Error ? error.message : String(error));
}

function isCommand(command: string): command is CommandName {
  return Object.hasOwn(commands, command);
}

function idOf(fleet: Fleet, vm: string | undefined): string | undefined {
  return vm === undefined ? undefined : fleet.vm(vm).id;
}

/** Something that takes a while, as a task; what is refused is none. */
async function perform(
  fleet: Fleet,
  name: string,
  kind: GuardedCommand & TaskKind,
  work: (vm: Vm) => Promise<unknown>,
): Promise<VmView> {
  const vm = fleet.vm(name);
  vm.require(kind);
  if (kind === 'power.on') admitReplicas(fleet, vm, replicasOf(vm));
  await fleet.tasks.during(kind, vm, () => work(vm));
  return vm.view();
}

/**
 * The command answers at once; the task goes on until there is a secondary, or none any more. What is changed while the
 * VM is off holds from its next power-on, and is done.
 */
function changeFt(fleet: Fleet, name: string, change: 'on' | 'off' | 'suspend' | 'resume'): VmView {
  const vm = fleet.vm(name);
  vm.require(`ft.${change}`);
  const begin = (): TaskRecord => fleet.tasks.begin(`ft.${change}`, vm, 'user');
  if (vm.power === 'off') {
    vm.setFt(change);
    fleet.tasks.end(begin().id, 'done');
    return vm.view();
  }
  if (change === 'on' || change === 'resume') admitReplicas(fleet, vm, 2);
  begin();
  return vm.setFt(change).view();
}

function replace(fleet: Fleet, name: string, operation: PairOperation): Promise<VmView> {
  const which = operation === 'testFailover' ? 'primary' : 'secondary';
  return perform(fleet, name, `ft.${operation}`, (vm) => replaced(fleet, vm, which, () => vm.operate(operation)));
}

async function picture(vm: Vm): Promise<ScreenModel> {
  vm.require('console');
  const message = await vm.ends.screen.picture();
  if (!message)
    throw new CommandError('failed', `"${vm.name}" shows no picture: it was powered off, or does not answer.`);
  const model = new ScreenModel();
  model.apply(decodeScreen(message));
  return model;
}

function pressKeys(vm: Vm, strokes: () => readonly (readonly number[])[]): void {
  vm.require('console');
  for (const codes of strokes())
    vm.input({ device: 'console', input: { kind: 'keys', codes: Uint8Array.from(codes) } });
}
