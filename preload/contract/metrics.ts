/**
 * What is measured of a VM, now and over time, as the contract has it.
 *
 * Invariants: unknown is null, never zero; an answer has at most METRICS_POINTS_MAX points a series, and they lie on a
 * regular grid, so that what is missing is a hole and not a longer step.
 */
import * as v from 'valibot';

/* ------------------------------------------------------------------ now ----------------------------------------- */

export interface ReplicaMetrics {
  readonly pid: number;
  /** Percent of one core. */
  readonly cpuPercent: number;
  /** The process's resident set. */
  readonly memoryMB: number;
  readonly epochsPerSecond: number;
  readonly instructionsPerSecond: number;
  /** What this replica carried out on the disk images; null where it has none of its own to use. */
  readonly diskRequestsPerSecond: number | null;
  readonly diskBytesPerSecond: number | null;
}

export interface VmMetrics {
  readonly at: number;
  readonly instructionsPerSecond: number;
  readonly lagMs: number | null;
  readonly vLockstepIntervalMs: number | null;
  readonly logBandwidthBitsPerSecond: number | null;
  readonly outputDelayMsP50: number | null;
  readonly outputDelayMsP99: number | null;
  /** Outputs waiting in the gate. */
  readonly outputsHeld: number;
  /** 0 free, 1 stopped: how much the primary is slowed for the sake of the lag. */
  readonly throttle: number;
  /** How often the primary waited because its log buffer was full. */
  readonly stalls: number;
  /** Of the network card: "in" is to the guest. Null before it was measured twice, or without a card. */
  readonly network: { readonly bitsInPerSecond: number; readonly bitsOutPerSecond: number } | null;
  readonly primary: ReplicaMetrics | null;
  readonly secondary: ReplicaMetrics | null;
}

/* ------------------------------------------------------------------ over time ----------------------------------- */

/** What is kept of `VmMetrics`, by name; the units are those of the fields. */
export const SERIES = {
  primaryCpuPercent: (now) => now.primary?.cpuPercent,
  secondaryCpuPercent: (now) => now.secondary?.cpuPercent,
  primaryMemoryMB: (now) => now.primary?.memoryMB,
  secondaryMemoryMB: (now) => now.secondary?.memoryMB,
  primaryInstructionsPerSecond: (now) => now.primary?.instructionsPerSecond,
  secondaryInstructionsPerSecond: (now) => now.secondary?.instructionsPerSecond,
  primaryDiskRequestsPerSecond: (now) => now.primary?.diskRequestsPerSecond,
  secondaryDiskRequestsPerSecond: (now) => now.secondary?.diskRequestsPerSecond,
  primaryDiskBytesPerSecond: (now) => now.primary?.diskBytesPerSecond,
  secondaryDiskBytesPerSecond: (now) => now.secondary?.diskBytesPerSecond,
  networkBitsInPerSecond: (now) => now.network?.bitsInPerSecond,
  networkBitsOutPerSecond: (now) => now.network?.bitsOutPerSecond,
  logBandwidthBitsPerSecond: (now) => now.logBandwidthBitsPerSecond,
  lagMs: (now) => now.lagMs,
  vLockstepIntervalMs: (now) => now.vLockstepIntervalMs,
  outputDelayMsP50: (now) => now.outputDelayMsP50,
  outputDelayMsP99: (now) => now.outputDelayMsP99,
  outputsHeld: (now) => now.primary && now.outputsHeld,
  throttle: (now) => now.primary && now.throttle,
  stalls: (now) => now.primary && now.stalls,
} satisfies { readonly [name: string]: (now: VmMetrics) => number | null | undefined };

export type SeriesName = keyof typeof SERIES;
export const SERIES_NAMES = Object.keys(SERIES) as readonly SeriesName[];
/** Those that are known. */
export type SeriesValues = { readonly [name in SeriesName]?: number };

export function seriesValues(now: VmMetrics): SeriesValues {
  const known = SERIES_NAMES.flatMap((name) => {
    const value = SERIES[name](now);
    return value === null || value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(known);
}

/** How far back, in milliseconds, and how long a step is. The steps are those that are kept (main/store/metrics.ts). */
export const RANGES = {
  '1m': { spanMs: 60_000, stepMs: 1000 },
  '10m': { spanMs: 600_000, stepMs: 1000 },
  '1h': { spanMs: 3_600_000, stepMs: 10_000 },
  '24h': { spanMs: 86_400_000, stepMs: 60_000 },
} as const;
export type MetricsRange = keyof typeof RANGES;
export const RANGE_NAMES = Object.keys(RANGES) as readonly MetricsRange[];
export const METRICS_POINTS_MAX = Math.max(...Object.values(RANGES).map(({ spanMs, stepMs }) => spanMs / stepMs));

type Points = readonly (number | null)[];

export interface MetricsHistory {
  readonly range: MetricsRange;
  /** The beginning of the first step; milliseconds since 1970, UTC. */
  readonly from: number;
  readonly stepMs: number;
  /** How many steps. */
  readonly points: number;
  /** For each step the mean and the highest of what was measured in it, null where nothing was; unmeasured: absent. */
  readonly series: { readonly [name in SeriesName]?: { readonly mean: Points; readonly peak: Points } };
}

/** The schemas of the commands' arguments. */
export const metricsCommands = {
  'metrics.history': v.strictObject({
    vm: v.pipe(v.string('name the VM'), v.minLength(1, 'name the VM'), v.maxLength(64)),
    range: v.optional(v.picklist(RANGE_NAMES, `the ranges are: ${RANGE_NAMES.join(', ')}`), '10m'),
    /** Only the steps from this time on: what a chart that has the rest asks for. */
    since: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  }),
} as const;

export interface MetricsResults {
  'metrics.history': MetricsHistory;
}
