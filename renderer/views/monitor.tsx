/**
 * Every figure of a VM over the last two minutes.
 *
 * Invariant: each field of the contract's metrics is here; one that is unknown is a dash and a gap in its line.
 */
import { Activity } from 'lucide-react';
import type { VmMetrics, VmView } from '../../preload/contract.ts';
import * as format from '../format.ts';
import { Card } from '../kit/card.tsx';
import { Chart } from '../kit/chart.tsx';
import { usePage } from '../services.ts';
import { en } from '../text/en.ts';

interface Figure {
  readonly label: string;
  readonly of: (metrics: VmMetrics) => number | null;
  readonly format: (value: number | null | undefined) => string;
  /** The least that the scale reaches. */
  readonly floor: number;
  readonly note?: string;
}

const share = (value: number | null | undefined): string => format.percent(value && value * 100);
const { monitor } = en;

const GROUPS: readonly { readonly title: string; readonly figures: readonly Figure[] }[] = [
  {
    title: monitor.groups.channel,
    figures: [
      { label: en.ft.lag, of: (now) => now.lagMs, format: format.milliseconds, floor: 10 },
      { label: monitor.throttle, of: (now) => now.throttle, format: share, floor: 1, note: monitor.throttleHint },
      { label: monitor.stalls, of: (now) => now.stalls, format: format.count, floor: 5, note: monitor.stallsHint },
      { label: en.ft.interval, of: (now) => now.vLockstepIntervalMs, format: format.milliseconds, floor: 10 },
      {
        label: en.ft.bandwidth,
        of: (now) => now.logBandwidthBitsPerSecond,
        format: format.bitsPerSecond,
        floor: 10_000,
      },
    ],
  },
  {
    title: monitor.groups.output,
    figures: [
      { label: monitor.delayP50, of: (now) => now.outputDelayMsP50, format: format.milliseconds, floor: 1 },
      { label: monitor.delayP99, of: (now) => now.outputDelayMsP99, format: format.milliseconds, floor: 1 },
      { label: monitor.held, of: (now) => now.outputsHeld, format: format.count, floor: 5, note: monitor.heldHint },
    ],
  },
  {
    title: monitor.groups.replicas,
    figures: [
      { label: monitor.primaryCpu, of: (now) => now.primary?.cpuPercent ?? null, format: format.percent, floor: 100 },
      {
        label: monitor.secondaryCpu,
        of: (now) => now.secondary?.cpuPercent ?? null,
        format: format.percent,
        floor: 100,
      },
      {
        label: monitor.primaryMemory,
        of: (now) => now.primary?.memoryMB ?? null,
        format: format.megabytes,
        floor: 250,
      },
      {
        label: monitor.secondaryMemory,
        of: (now) => now.secondary?.memoryMB ?? null,
        format: format.megabytes,
        floor: 250,
      },
      { label: monitor.speed, of: (now) => now.instructionsPerSecond, format: format.instructions, floor: 1e6 },
    ],
  },
];

const NONE: readonly VmMetrics[] = [];

export function Monitor({ vm }: { readonly vm: VmView }) {
  const samples = usePage((state) => state.metrics[vm.id]) ?? NONE;
  if (vm.power === 'off') return <p className="empty">{monitor.off}</p>;
  return (
    <div className="page-scroll">
      {GROUPS.map(({ title, figures }) => (
        <Card key={title} title={title} icon={Activity} aside={<span className="muted">{monitor.title}</span>}>
          <div className="charts charts-all">
            {figures.map((figure) => (
              <FigureChart key={figure.label} figure={figure} samples={samples} />
            ))}
          </div>
        </Card>
      ))}
    </div>
  );
}

function FigureChart({ figure, samples }: { readonly figure: Figure; readonly samples: readonly VmMetrics[] }) {
  const now = samples.at(-1);
  return (
    <Chart
      label={figure.label}
      value={figure.format(now && figure.of(now))}
      values={samples.map(figure.of)}
      floor={figure.floor}
      format={figure.format}
      note={figure.note}
    />
  );
}
