/**
 * How the command line shows things to people. With `--json` none of this is used.
 */
import type {
  AlarmRecord,
  EventRecord,
  FtStatus,
  HostView,
  TaskRecord,
  VmMetrics,
  VmView,
} from '../../preload/contract/contract.ts';
import { checkpointLines } from './checkpoint-lines.ts';

/** VMware's words for the states of a pair. */
const STATES: { readonly [S in FtStatus['status']]: string } = {
  notConfigured: 'not configured',
  vmNotRunning: 'Not Protected: VM not Running',
  starting: 'Not Protected: Starting',
  protected: 'Protected',
  needSecondary: 'Not Protected: Need Secondary VM',
  suspended: 'Not Protected: Disabled',
};

/** Columns of equal width, with a heading. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heading.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(heading), ...rows.map(line)].join('\n');
}

export function pairs(entries: readonly (readonly [string, string])[]): string {
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

/** A size. */
export function inWords(bytes: number): string {
  const [unit, name] = bytes >= 2 ** 30 ? [2 ** 30, 'GB'] : bytes >= 2 ** 20 ? [2 ** 20, 'MB'] : [2 ** 10, 'KB'];
  return `${+(bytes / (unit as number)).toFixed(1)} ${name}`;
}

function power({ power: state, suspended }: VmView): string {
  return suspended ? 'suspended' : state;
}

export function hostDetails(host: HostView): string {
  return pairs([
    ['Version', host.version],
    ['Host', `${host.hostName}, pid ${host.pid}`],
    ['Data', host.dataFolder],
    ['Recordings', host.recordingsFolder],
  ]);
}

export function vmTable(vms: readonly VmView[]): string {
  if (vms.length === 0) return 'No virtual machines yet. Make one: lockstep vm create NAME --sample linux';
  const rows = vms.map((vm) => [
    vm.name,
    power(vm),
    STATES[vm.ft.status],
    `${vm.hardware.memoryMB} MB`,
    vm.hardware.guest,
  ]);
  return table(['NAME', 'POWER', 'FAULT TOLERANCE', 'MEMORY', 'GUEST'], rows);
}

export function vmDetails(vm: VmView): string {
  const { hardware, nic } = vm;
  return pairs([
    ['Name', vm.name],
    ['Id', vm.id],
    ...(vm.folder === '' ? [] : [['Folder', vm.folder] as const]),
    ...(vm.noRoom ? [['No room in', `${vm.noRoom.folder}: it goes on when there is`] as const] : []),
    ['Power', vm.note ? `${power(vm)} (${vm.note})` : power(vm)],
    ['Guest', hardware.guest],
    ['Memory', `${hardware.memoryMB} MB`],
    ['Network card', nic.type === 'none' ? 'none' : `${nic.type}, ${nic.mac}, on "${nic.network}"`],
    ['Address', nic.guestAddress ?? (nic.address === null ? '–' : `${nic.address} (when the guest asks)`)],
    ...Object.entries(hardware.files).map(([kind, file]) => [kind, file] as const),
    ...(vm.currentDisk === undefined ? [] : [['Disk is now in', vm.currentDisk] as const]),
    ...(vm.diskFiles ?? []).map((file, at) => [at === 0 ? 'Disk is written to' : 'which stands on', file] as const),
    ['Snapshots', String(vm.snapshots ?? 0)],
    ...checkpointLines(vm),
    ...(hardware.bootOrder ? [['Boot order', hardware.bootOrder.join(', ')] as const] : []),
    ...(hardware.vgaMemoryMB === undefined ? [] : [['Video memory', `${hardware.vgaMemoryMB} MB`] as const]),
    ...(hardware.cmdline === null ? [] : [['Command line', hardware.cmdline] as const]),
    ['Created', new Date(vm.createdAt).toISOString()],
    ['Fault Tolerance', STATES[vm.ft.status]],
    ['Alarms', vm.alarms.active === 0 ? 'none' : `${vm.alarms.active}, ${vm.alarms.unacknowledged} not acknowledged`],
    ...Object.entries(vm.ftSettings).map(([key, value]) => [key, String(value)] as const),
  ]);
}

export function ftDetails(ft: FtStatus): string {
  const place = (replica: FtStatus['primary']): string =>
    replica ? `${replica.host}, pid ${replica.pid}, epoch ${replica.epoch}` : '–';
  const failover = ft.lastFailover;
  return pairs([
    ['Fault Tolerance Status', ft.reason ? `${STATES[ft.status]} (${ft.reason})` : STATES[ft.status]],
    ['Primary location', place(ft.primary)],
    ['Secondary location', place(ft.secondary)],
    ['Generation', String(ft.generation)],
    ['Lag', milliseconds(ft.lagMs)],
    ['vLockstep Interval', milliseconds(ft.vLockstepIntervalMs)],
    ['Log Bandwidth', bandwidth(ft.logBandwidthBitsPerSecond)],
    ['Output delay, p50 and p99', `${milliseconds(ft.outputDelayMsP50)}, ${milliseconds(ft.outputDelayMsP99)}`],
    ['Last failover', failover ? `${new Date(failover.at).toISOString()}: ${failover.reason}` : '–'],
    ...(failover
      ? [
          [
            '  detect, drain, arbitrate, live',
            [failover.detectMs, failover.drainMs, failover.arbitrateMs, failover.liveMs].map(milliseconds).join(', '),
          ] as const,
          [
            '  to the first output, to Protected',
            [failover.firstOutputMs, failover.protectedMs].map(milliseconds).join(', '),
          ] as const,
        ]
      : []),
  ]);
}

export function eventLine(event: EventRecord): string {
  const where = event.vm ? ` ${event.vm.name}:` : '';
  const head = [String(event.id).padStart(5), new Date(event.at).toISOString(), event.severity.padEnd(7)].join('  ');
  return `${head} ${where} ${event.message}`;
}

/** `done`, `failed: why`, or how far it is. */
function taskState({ outcome, error, progress, phase }: TaskRecord): string {
  if (outcome) return error ? `${outcome}: ${error}` : outcome;
  const share = progress === null ? [] : [`${Math.floor(progress * 100)} %`];
  return ['running', ...share, ...(phase ? [phase] : [])].join(', ');
}

export function taskLine(task: TaskRecord): string {
  const head = [String(task.id).padStart(5), new Date(task.startedAt).toISOString(), task.by.padEnd(6)].join('  ');
  return `${head}  ${task.vm.name}: ${task.title}: ${taskState(task)}`;
}

export function alarmLine(alarm: AlarmRecord): string {
  const { id, lastAt, severity, vm, name, message, count, clearedAt, acknowledgedAt } = alarm;
  const head = [String(id).padStart(5), new Date(lastAt).toISOString(), severity.padEnd(7)].join('  ');
  const notes = [
    ...(count > 1 ? [`${count} times`] : []),
    ...(acknowledgedAt === null ? [] : ['acknowledged']),
    ...(clearedAt === null ? [] : ['cleared']),
  ];
  return `${head}  ${vm.name}: ${name}: ${message}${notes.length > 0 ? ` (${notes.join(', ')})` : ''}`;
}

export function metricsLine(metrics: VmMetrics): string {
  const cpu = [metrics.primary, metrics.secondary].map((replica) =>
    replica ? `${replica.cpuPercent.toFixed(0)} %` : '–',
  );
  return [
    new Date(metrics.at).toISOString(),
    `${(metrics.instructionsPerSecond / 1e6).toFixed(1)} M instructions/s`,
    `cpu ${cpu.join(' + ')}`,
    `lag ${milliseconds(metrics.lagMs)}`,
    `log ${bandwidth(metrics.logBandwidthBitsPerSecond)}`,
    `output delay ${milliseconds(metrics.outputDelayMsP50)} / ${milliseconds(metrics.outputDelayMsP99)}`,
    `held ${metrics.outputsHeld}`,
    `throttle ${metrics.throttle.toFixed(2)}`,
    `stalls ${metrics.stalls}`,
  ].join('  ');
}

export function milliseconds(value: number | null): string {
  return value === null ? '–' : `${value.toFixed(1)} ms`;
}

function bandwidth(bitsPerSecond: number | null): string {
  if (bitsPerSecond === null) return '–';
  return bitsPerSecond < 1e6
    ? `${(bitsPerSecond / 1e3).toFixed(1)} kbit/s`
    : `${(bitsPerSecond / 1e6).toFixed(2)} Mbit/s`;
}
