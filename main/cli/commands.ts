/**
 * The command line's commands, as data: what each is called, what it takes, and what it does.
 *
 * Invariant: usage text, parsing and behaviour come from this one table; every command that prints understands
 * `--json`.
 */
import path from 'node:path';
import {
  CommandError,
  CRASH_POINTS,
  FT_STATES,
  FAULTS,
  type RecordingEnd,
  type VmView,
} from '../../preload/contract/contract.ts';
import type { Client } from './client.ts';
import { number, simple, withHost, write, type Command } from './command.ts';
import { diskCommands, size } from './disk.ts';
import { checkpointCommands } from './checkpoint.ts';
import { folderCommands } from './folder.ts';
import { historyCommands } from './history.ts';
import { metricsCommands } from './metrics.ts';
import { ftDetails, hostDetails, vmDetails, vmTable } from './print.ts';
import { attachSerial } from './serial.ts';
import { networkCommands } from './network.ts';
import { cancel, shareCommands, shutdown } from './share.ts';
import { snapshotCommands } from './snapshot.ts';
import { recordSound, SOUND_SECONDS_MAX } from './sound.ts';

const FILE_OPTIONS: ReadonlySet<string> = new Set(['bzimage', 'initrd', 'multiboot', 'hda', 'cdrom', 'fda']);

/** What names a file names it from where the user is, who need not be where the host is. */
function wholePath<V>(option: string, value: V): V | string {
  return FILE_OPTIONS.has(option) && typeof value === 'string' && value !== '' ? path.resolve(value) : value;
}

const create: Command = {
  words: 'vm create',
  takes: ['NAME'],
  options: {
    sample: 'linux|test',
    memory: 'MB',
    bzimage: 'FILE',
    initrd: 'FILE',
    cmdline: 'TEXT',
    multiboot: 'FILE',
    hda: 'FILE',
    'disk-size': 'SIZE',
    cdrom: 'FILE',
    fda: 'FILE',
    folder: 'FOLDER',
    network: 'NETWORK',
    nic: 'virtio|ne2k|none',
    'checkpoint-minutes': 'MINUTES',
    boot: 'DRIVE,…',
    'vga-memory': 'MB',
  },
  help:
    'Create a VM: a sample, or your own kernel, disk, CD or floppy image; --disk-size 4G makes a new, empty disk; ' +
    '--boot cdrom,hda,fda is the order in which the BIOS tries them',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [name] = invocation.positionals;
      const { memory, 'disk-size': disk, 'checkpoint-minutes': every, boot, ...others } = invocation.options;
      const { 'vga-memory': vga, ...rest } = others;
      const files = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, wholePath(key, value)]));
      const memoryMB = number('memory', memory);
      const args = { name, ...files, ...(memoryMB === undefined ? {} : { memoryMB }) };
      const diskBytes = disk === undefined ? {} : { diskBytes: size(disk) };
      const minutes = number('checkpoint-minutes', every);
      const vgaMemoryMB = number('vga-memory', vga);
      const settings = {
        ...(minutes !== undefined && { checkpointMinutes: minutes }),
        ...(boot !== undefined && { bootOrder: drives(String(boot)) }),
        ...(vgaMemoryMB !== undefined && { vgaMemoryMB }),
      };
      const vm = await client.call('vm.create', { ...args, ...diskBytes, ...settings } as never);
      invocation.print(invocation.json ? JSON.stringify(vm) : `Created "${vm.name}".`);
    }),
};

const CHECKPOINTS = 'checkpoint-minutes';
/** What `vm set` takes beside the settings of Fault Tolerance. */
const HARDWARE = [
  'name',
  'memory',
  'bzimage',
  'initrd',
  'cmdline',
  'multiboot',
  'hda',
  'disk-size',
  'cdrom',
  'fda',
  'boot',
  'vga-memory',
];

/** A boot order as it is written. */
function drives(text: string): string[] {
  return text.split(',').map((drive) => drive.trim());
}

/** One hardware setting as the contract takes it. An empty value takes away what is there. */
function hardwareArg(key: string, value: string): readonly [string, unknown] {
  if (key === 'memory') return ['memoryMB', number('memory', value)];
  if (key === CHECKPOINTS) return ['checkpointMinutes', number(key, value)];
  if (key === 'disk-size') return ['diskBytes', size(value)];
  if (key === 'name') return [key, value];
  if (key === 'boot') return ['bootOrder', value === '' ? null : drives(value)];
  if (key === 'vga-memory') return ['vgaMemoryMB', value === '' ? null : number(key, value)];
  if (value === '') return [key, null];
  // The host may have another working folder.
  return [key, FILE_OPTIONS.has(key) ? path.resolve(value) : value];
}

const set: Command = {
  words: 'vm set',
  takes: ['NAME', 'KEY=VALUE …'],
  help:
    'Set failureTimeoutMs, hashIntervalEpochs, lagThrottleMs, lagHardMs, diskMode (shared|separate) or ' +
    'diskReads (log|backup) of a VM, effective from the next power-on or start of a secondary; ' +
    `${HARDWARE.join(', ')} (an empty value takes away what is there), while it is off; folder; and ` +
    `${CHECKPOINTS} (1 to 1440; 0: no automatic checkpoints)`,
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [name, ...assignments] = invocation.positionals;
      const settings = assignments.map((assignment) => {
        const [, key = '', value = ''] = /^([^=]+)=(.*)$/.exec(assignment) ?? [];
        const mayBeEmpty = HARDWARE.includes(key) || key === 'folder';
        if (key === '' || (value.trim() === '' && !mayBeEmpty)) {
          throw new CommandError('usage', `KEY=VALUE is needed, not "${assignment}".`);
        }
        return [key, value] as const;
      });
      const vm = await applySettings(client, name ?? '', settings);
      invocation.print(invocation.json ? JSON.stringify(vm) : vmDetails(vm));
    }),
};

/** Hardware first: it is refused where the rest would not be. A new name comes last, as the VM is called by the old. */
async function applySettings(
  client: Client,
  vm: string,
  settings: readonly (readonly [string, string])[],
): Promise<VmView> {
  const edited = [...HARDWARE, CHECKPOINTS];
  const hardware = settings.filter(([key]) => edited.includes(key)).map(([key, value]) => hardwareArg(key, value));
  const folder = settings.find(([key]) => key === 'folder');
  // A word where the setting takes words; the contract says what it takes.
  const ft = settings
    .filter(([key]) => !edited.includes(key) && key !== 'folder')
    .map(([key, value]) => [key, Number.isFinite(Number(value)) ? Number(value) : value] as const);
  const { id } = await client.call('vm.show', { vm });
  if (hardware.length > 0) await client.call('vm.edit', { vm: id, ...Object.fromEntries(hardware) } as never);
  if (folder) await client.call('vm.move', { vm: id, folder: folder[1] });
  if (ft.length > 0 || settings.length === 0)
    await client.call('vm.set', { vm: id, ...Object.fromEntries(ft) } as never);
  return client.call('vm.show', { vm: id });
}

const wait: Command = {
  words: 'ft wait',
  takes: ['NAME'],
  options: { for: FT_STATES.join('|'), timeout: 'SECONDS' },
  help: 'Wait until the pair is in a state (protected unless said otherwise; 60 s unless said otherwise)',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm] = invocation.positionals;
      const timeoutSeconds = number('timeout', invocation.options['timeout']);
      const args = {
        vm,
        for: invocation.options['for'] ?? 'protected',
        ...(timeoutSeconds !== undefined && { timeoutSeconds }),
      };
      const status = await client.call('ft.wait', args as never);
      invocation.print(invocation.json ? JSON.stringify(status) : ftDetails(status));
    }),
};

const screenshot: Command = {
  words: 'console screenshot',
  takes: ['NAME', 'FILE.png'],
  help: 'Save the screen as a PNG image',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm = '', file = ''] = invocation.positionals;
      const { width, height, pngBase64 } = await client.call('console.screenshot', { vm });
      // A picture is taken again and again into the same file, as every such tool does.
      await write(file, Buffer.from(pngBase64, 'base64'), true);
      invocation.print(
        invocation.json ? JSON.stringify({ file, width, height }) : `Saved ${width}×${height} to ${file}.`,
      );
    }),
};

/** `console type` and `console key`: a VM and one more argument, nothing to show. */
function keyboard(
  words: string,
  name: 'console.type' | 'console.key',
  argument: string,
  key: string,
  help: string,
): Command {
  return {
    words,
    takes: ['NAME', argument],
    help,
    run: (invocation) =>
      withHost(invocation, async (client) => {
        const [vm, value = ''] = invocation.positionals;
        // A shell passes \n as two characters; people mean the Enter key.
        const text = name === 'console.type' ? value.replaceAll('\\n', '\n') : value;
        await client.call(name, { vm, [key]: text } as never);
        if (invocation.json) invocation.print('null');
      }),
  };
}

/** Where a crash waits; what is wrong with it the host says. */
function crashAt({ at, count }: { readonly [name: string]: string | boolean | undefined }): object {
  const times = number('count', count);
  if (typeof at !== 'string') {
    if (times !== undefined) throw new CommandError('usage', '--count goes with --at, which names the point.');
    return {};
  }
  const [when, point] = at.split(':');
  return { at: { when, point, ...(times !== undefined && { count: times }) } };
}

const fault: Command = {
  words: 'fault',
  takes: ['NAME', FAULTS.join('|'), 'MS?'],
  options: { at: 'before|after:POINT', count: 'N' },
  help:
    'Make something fail on purpose, or heal it; MS: how late the channel is, how long a process hangs. With --at a ' +
    `crash waits until the process comes there (for the Nth time): ${CRASH_POINTS.join(', ')}`,
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm, kind, delay] = invocation.positionals;
      const ms = number('MS', delay);
      const at = crashAt(invocation.options);
      const result = await client.call('fault', { vm, kind, ...(ms !== undefined && { ms }), ...at } as never);
      const hit = result.pid === null ? '' : ` (process ${result.pid})`;
      invocation.print(invocation.json ? JSON.stringify(result) : `Done: ${kind}${hit}.`);
    }),
};

const recordStart: Command = {
  words: 'record start',
  takes: ['NAME', 'FILE?'],
  options: { force: true },
  help:
    'Record a running VM in a new file: its state, and from then on everything that happens to it; ' +
    'without FILE in the data folder, named after the VM and the time; --force replaces a file that exists',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm = '', file] = invocation.positionals;
      // The host may have another working folder.
      const named = file === undefined ? {} : { file: path.resolve(file) };
      const force = Boolean(invocation.options['force']);
      const recording = await client.call('record.start', { vm, force, ...named });
      invocation.print(invocation.json ? JSON.stringify(recording) : `Recording to ${recording.file}.`);
    }),
};

const DRIVES = 'cdrom|fda';

const mediaInsert: Command = {
  words: 'media insert',
  takes: ['NAME', DRIVES, 'FILE?'],
  options: { folder: 'DIR' },
  help:
    'Put a CD or floppy image into a drive, at once where the VM runs; it stays there across power-offs. ' +
    '--folder DIR (cdrom only): a disc made of what that folder holds now',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm = '', drive, file] = invocation.positionals;
      const { folder } = invocation.options;
      if ((file === undefined) === (folder === undefined) || (folder !== undefined && drive !== 'cdrom')) {
        throw new CommandError('usage', 'Say either an image FILE, or for the drive cdrom --folder DIR.');
      }
      // The host may have another working folder.
      const view =
        folder === undefined
          ? await client.call('media.insert', { vm, drive, file: file && path.resolve(file) } as never)
          : await client.call('media.folder', { vm, folder: path.resolve(String(folder)) });
      if (invocation.json) invocation.print(JSON.stringify(view));
    }),
};

const mediaEject: Command = {
  words: 'media eject',
  takes: ['NAME', DRIVES],
  help: 'Take out what is in a drive, without asking the guest',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm, drive] = invocation.positionals;
      const view = await client.call('media.eject', { vm, drive } as never);
      if (invocation.json) invocation.print(JSON.stringify(view));
    }),
};

const serial: Command = {
  words: 'serial attach',
  takes: ['NAME'],
  options: { history: true },
  help: "The guest's serial port on standard input and output, as raw bytes; --history begins with what it printed",
  run: (invocation) =>
    withHost(invocation, (client) =>
      attachSerial(client, invocation.positionals[0] ?? '', Boolean(invocation.options['history'])),
    ),
};

const sound: Command = {
  words: 'console sound',
  takes: ['NAME', 'FILE.wav'],
  options: { seconds: 'S', force: true },
  help:
    'Record what the guest plays, for 10 seconds or --seconds S, in a WAV file; ' +
    '--force replaces a file that exists',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm = '', file = ''] = invocation.positionals;
      const seconds = Number(invocation.options['seconds'] ?? 10);
      if (!(seconds > 0 && seconds <= SOUND_SECONDS_MAX)) {
        throw new CommandError('usage', `--seconds takes a number above 0, at most ${SOUND_SECONDS_MAX}.`);
      }
      const sounds = await recordSound(client, vm, seconds, (bytes) =>
        write(path.resolve(file), bytes, Boolean(invocation.options['force'])),
      );
      if (invocation.json) invocation.print(JSON.stringify({ file: path.resolve(file), seconds, sounds }));
      else invocation.print(sounds === 0 ? 'The guest played nothing.' : `Recorded ${seconds} seconds in ${file}.`);
    }),
};

export const commands: readonly Command[] = [
  simple('host show', 'host.show', 'Show the host: its version, and where it keeps things', hostDetails, []),
  create,
  simple('vm list', 'vm.list', 'List the VMs', vmTable, []),
  simple('vm show', 'vm.show', 'Show what a VM is made of', vmDetails),
  set,
  ...shareCommands,
  simple('vm delete', 'vm.delete', 'Delete a VM that is powered off; its image files stay', () => null),
  ...folderCommands,
  mediaInsert,
  mediaEject,
  simple('power on', 'power.on', 'Power a VM on', () => null),
  shutdown,
  simple('power off', 'power.off', 'Power a VM off, at once', () => null),
  simple('power reset', 'power.reset', 'Power a VM off and on again, at once', () => null),
  simple('power pause', 'power.pause', 'Let a guest stand still; its secondary stands still with it', () => null),
  ...snapshotCommands,
  ...checkpointCommands,
  simple('ft on', 'ft.on', 'Turn on Fault Tolerance; for a VM that is off it holds from the next power-on', () => null),
  simple('ft off', 'ft.off', 'Turn off Fault Tolerance', () => null),
  simple('ft suspend', 'ft.suspend', 'Suspend Fault Tolerance: stop protecting until it is resumed', () => null),
  simple('ft resume', 'ft.resume', 'Resume Fault Tolerance', () => null),
  simple(
    'ft test-failover',
    'ft.testFailover',
    'Test Failover: end the primary; waits until Protected again',
    () => null,
  ),
  simple(
    'ft test-restart-secondary',
    'ft.testRestartSecondary',
    'Test Restart Secondary: end the secondary; waits until Protected again',
    () => null,
  ),
  simple(
    'ft migrate',
    'ft.migrate',
    'Migrate Secondary: a new process takes its place; waits until Protected again',
    () => null,
  ),
  simple('ft status', 'ft.status', 'Show the state of the pair', ftDetails),
  wait,
  simple('console text', 'console.text', 'Show the screen as text', ({ lines }: { lines: string[] }) =>
    lines.join('\n'),
  ),
  screenshot,
  keyboard('console type', 'console.type', 'TEXT', 'text', 'Type text on the keyboard (\\n is Enter)'),
  keyboard('console key', 'console.key', 'COMBO', 'combo', 'Press a key or a combination such as ctrl+alt+del'),
  sound,
  serial,
  ...networkCommands,
  ...diskCommands,
  recordStart,
  simple('record stop', 'record.stop', 'End the recording of a VM', ({ file, epochs, bytes }: RecordingEnd) => {
    return `Recorded ${epochs} epochs, ${(bytes / 2 ** 20).toFixed(1)} MiB, in ${file}.`;
  }),
  ...historyCommands,
  cancel,
  ...metricsCommands,
  fault,
];
