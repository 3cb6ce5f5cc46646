/**
 * A figure of now with its last two minutes, from what the host tells once a second.
 *
 * Invariant: it is the newest sample that is told, and a dash where that one does not know.
 */
import { useMemo } from 'react';
import type { VmMetrics, VmView } from '../../../preload/contract/contract.ts';
import { Plot } from '../../kit/plot.tsx';
import { usePage } from '../../services.ts';
import { METRICS_KEPT } from '../../state.ts';

export interface LivePlotProps {
  readonly vm: VmView;
  readonly label: string;
  readonly lines: readonly { readonly label: string; readonly of: (now: VmMetrics) => number | null }[];
  readonly floor: number;
  readonly format: (value: number | null | undefined) => string;
  readonly note?: string | undefined;
  readonly testId?: string;
  readonly sync?: string;
}

const NONE: readonly VmMetrics[] = [];
const SPAN_MS = METRICS_KEPT * 1000;

export function LivePlot({ vm, lines, ...look }: LivePlotProps) {
  const samples = usePage((state) => state.metrics[vm.id]) ?? NONE;
  const at = useMemo(() => samples.map((sample) => sample.at), [samples]);
  const now = at.at(-1) ?? 0;
  const drawn = lines.map(({ label, of }) => ({ label, values: samples.map(of) }));
  return <Plot {...look} axes={false} at={at} lines={drawn} window={[now - SPAN_MS, now]} />;
}
