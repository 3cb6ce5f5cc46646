/**
 * How the command line shows things to people. With `--json` none of this is used.
 */
import type { EventRecord, FtStatus, VmMetrics, VmView } from '../../preload/contract.ts';

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

function pairs(entries: readonly (readonly [string, string])[]): string {
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

export function vmTable(vms: readonly VmView[]): string {
  if (vms.length === 0) return 'No virtual machines yet. Make one: lockstep vm create NAME --sample linux';
  const rows = vms.map((vm) => [
    vm.name,
    vm.power,
    STATES[vm.ft.status],
    `${vm.hardware.memoryMB} MB`,
    vm.hardware.guest,
  ]);
  return table(['NAME', 'POWER', 'FAULT TOLERANCE', 'MEMORY', 'GUEST'], rows);
}

export function vmDetails(vm: VmView): string {
  const { hardware } = vm;
  return pairs([
    ['Name', vm.name],
    ['Id', vm.id],
    ['Power', vm.note ? `${vm.power} (${vm.note})` : vm.power],
    ['Guest', hardware.guest],
    ['Memory', `${hardware.memoryMB} MB`],
    ['MAC address', hardware.mac],
    ...Object.entries(hardware.files).map(([kind, file]) => [kind, file] as const),
    ...(vm.currentDisk === undefined ? [] : [['Disk is now in', vm.currentDisk] as const]),
    ...(hardware.cmdline === null ? [] : [['Command line', hardware.cmdline] as const]),
    ['Created', new Date(vm.createdAt).toISOString()],
    ['Fault Tolerance', STATES[vm.ft.status]],
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
        ]
      : []),
  ]);
}

export function eventLine(event: EventRecord): string {
  const where = event.vm ? ` ${event.vm.name}:` : '';
  const head = [String(event.id).padStart(5), new Date(event.at).toISOString(), event.severity.padEnd(7)].join('  ');
  return `${head} ${where} ${event.message}`;
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

function milliseconds(value: number | null): string {
  return value === null ? '–' : `${value.toFixed(1)} ms`;
}

function bandwidth(bitsPerSecond: number | null): string {
  if (bitsPerSecond === null) return '–';
  return bitsPerSecond < 1e6
    ? `${(bitsPerSecond / 1e3).toFixed(1)} kbit/s`
    : `${(bitsPerSecond / 1e6).toFixed(2)} Mbit/s`;
}
