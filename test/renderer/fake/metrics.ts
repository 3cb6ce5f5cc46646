/**
 * TEST DOUBLE: the fake world's measurements, now and over time, and its failovers.
 *
 * Invariant: smooth and bounded, the same for the same second.
 */
import type { FailoverRecord, VmMetrics, VmView } from '../../../preload/contract/contract.ts';
import {
  RANGES,
  SERIES_NAMES,
  seriesValues,
  type MetricsHistory,
  type MetricsRange,
} from '../../../preload/contract/metrics.ts';

function wave(second: number, middle: number, swing: number, phase: number): number {
  return middle + swing * (Math.sin(second / 7 + phase) * 0.6 + Math.sin(second * 1.7 + phase * 3) * 0.4);
}

export function fakeMetrics(vm: VmView, at: number, second: number): VmMetrics {
  const pair = vm.ft.secondary !== null && vm.ft.status === 'protected';
  const replica = (pid: number, phase: number) => ({
    pid,
    cpuPercent: wave(second, 34, 9, phase),
    memoryMB: 211 + phase,
    epochsPerSecond: wave(second, 98, 3, phase),
    instructionsPerSecond: wave(second, 41e6, 9e6, phase),
    diskRequestsPerSecond: phase === 1 ? Math.max(0, wave(second, 20, 30, 2)) : 0,
    diskBytesPerSecond: phase === 1 ? Math.max(0, wave(second, 120e3, 180e3, 2)) : 0,
  });
  return {
    at,
    instructionsPerSecond: wave(second, 41e6, 9e6, 1),
    lagMs: pair ? Math.max(0, wave(second, 12, 5, 2)) : null,
    vLockstepIntervalMs: pair ? wave(second, 10.4, 0.8, 0) : null,
    logBandwidthBitsPerSecond: pair ? wave(second, 164_000, 42_000, 4) : null,
    outputDelayMsP50: pair ? wave(second, 0.42, 0.08, 5) : null,
    outputDelayMsP99: pair ? wave(second, 2.6, 0.9, 6) : null,
    outputsHeld: 0,
    throttle: 0,
    stalls: 0,
    network: { bitsInPerSecond: wave(second, 9e5, 3e5, 3), bitsOutPerSecond: wave(second, 2e5, 9e4, 4) },
    primary: vm.ft.primary ? replica(vm.ft.primary.pid, 1) : null,
    secondary: vm.ft.secondary ? replica(vm.ft.secondary.pid, 2) : null,
  };
}

/** A whole range, with a hole where the computer slept. */
export function fakeMetricsHistory(vm: VmView, range: MetricsRange, since: number | undefined): MetricsHistory {
  const { spanMs, stepMs } = RANGES[range];
  const to = (Math.floor(Date.now() / stepMs) + 1) * stepMs;
  const from = Math.max(to - spanMs, Math.floor((since ?? 0) / stepMs) * stepMs);
  const points = (to - from) / stepMs;
  const rows = Array.from({ length: points }, (_, index) => {
    const share = (from + index * stepMs - (to - spanMs)) / spanMs;
    if (share > 0.4 && share < 0.48) return {};
    return seriesValues(fakeMetrics(vm, 0, (from + index * stepMs) / 1000));
  });
  const series = Object.fromEntries(
    SERIES_NAMES.flatMap((name) => {
      if (rows.every((row) => row[name] === undefined)) return [];
      const mean = rows.map((row) => row[name] ?? null);
      return [[name, { mean, peak: mean.map((value) => value && value * 1.2) }]];
    }),
  );
  return { range, from, stepMs, points, series };
}

export function fakeFailover(vm: VmView, id: number, part: Partial<FailoverRecord> = {}): FailoverRecord {
  return {
    id,
    vm: { id: vm.id, name: vm.name },
    at: Date.now() - 3_600_000 / id,
    reason: "the primary's process ended (killed by SIGKILL)",
    generation: id + 1,
    fromPid: 48_112 + id,
    toPid: 48_190 + id,
    requested: false,
    detectMs: 3.2,
    drainMs: 1.4,
    arbitrateMs: 11.9,
    liveMs: 3.1,
    firstOutputMs: 14.6,
    protectedMs: 3140,
    ...part,
  };
}
