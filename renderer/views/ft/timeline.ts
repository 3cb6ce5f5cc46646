/**
 * A failover as bars on one scale of milliseconds.
 *
 * Invariants: pure; zero is the old primary's last sign of life; the phases of the interruption follow each other
 * without a gap, so they add up to it; a bar's place and width are its share of the scale, exactly.
 */
import type { FailoverReport } from '../../../preload/contract/contract.ts';
import { ticks } from '../../kit/plot-scale.ts';
import { texts } from '../../text/index.ts';

export type PhaseKey = 'detect' | 'drain' | 'arbitrate' | 'live' | 'output' | 'protect';
/** `interruption`: until the outside hears of the guest again. `protection`: until the pair is Protected again. */
export type TimelineScale = 'interruption' | 'protection';

export interface Phase {
  readonly key: PhaseKey;
  readonly label: string;
  readonly startMs: number;
  /** Null where it is not over, or nobody saw its end. */
  readonly endMs: number | null;
}

export interface Bar extends Phase {
  /** Of the scale, 0 to 1. */
  readonly left: number;
  readonly width: number;
  /** It goes on beyond the scale, or is not over. */
  readonly open: boolean;
}

export interface Timeline {
  readonly bars: readonly Bar[];
  /** The length of the scale. */
  readonly endMs: number;
  /** Where the scale has marks, with their share of it. */
  readonly ticks: readonly { readonly ms: number; readonly left: number }[];
}

const TICKS_MOST = 6;

export function phasesOf(report: FailoverReport): Phase[] {
  const { detectMs, drainMs, arbitrateMs, liveMs, firstOutputMs, protectedMs } = report;
  const drainAt = detectMs;
  const arbitrateAt = drainAt + drainMs;
  const wonAt = arbitrateAt + arbitrateMs;
  const liveAt = wonAt + liveMs;
  /** The first output may leave while the first epoch is still executed. */
  const after = (ms: number | null) => (ms === null ? null : Math.max(liveAt, wonAt + ms));
  const row = (key: PhaseKey, startMs: number, endMs: number | null): Phase => {
    return { key, label: texts.failover.phases[key], startMs, endMs };
  };
  return [
    row('detect', 0, drainAt),
    row('drain', drainAt, arbitrateAt),
    row('arbitrate', arbitrateAt, wonAt),
    row('live', wonAt, liveAt),
    row('output', liveAt, after(firstOutputMs)),
    row('protect', liveAt, after(protectedMs)),
  ];
}

/** How long the guest stood still, as far as anybody can tell: from the last sign of life to the first live epoch. */
export function interruptionMs(report: FailoverReport): number {
  return report.detectMs + report.drainMs + report.arbitrateMs + report.liveMs;
}

export function timelineOf(report: FailoverReport, scale: TimelineScale): Timeline {
  const phases = phasesOf(report);
  const measured = phases.filter(({ key }) => scale === 'protection' || key !== 'protect');
  const longest = Math.max(...measured.map(({ startMs, endMs }) => endMs ?? startMs));
  // A scale needs a length, also where nothing took any time.
  const endMs = Math.max(longest, 0.1);
  const share = (ms: number): number => Math.min(1, ms / endMs);
  return {
    bars: phases.map((phase) => {
      const left = share(phase.startMs);
      const width = share(phase.endMs ?? endMs) - left;
      return { ...phase, left, width, open: phase.endMs === null || phase.endMs > endMs };
    }),
    endMs,
    ticks: ticks(endMs, TICKS_MOST).map((ms) => ({ ms, left: share(ms) })),
  };
}
