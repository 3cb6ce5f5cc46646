/**
 * Everything that is measured of a VM, over the last minute to the last day: as charts, or as a table.
 *
 * Invariant: each series of the contract is here; one that is unknown is a dash and a hole in its line, also while the
 * VM is off.
 */
import { ChartLine, Table2 } from 'lucide-react';
import { useState } from 'react';
import type { MetricsHistory, MetricsRange, VmView } from '../../../preload/contract/contract.ts';
import { RANGE_NAMES, RANGES, type SeriesName } from '../../../preload/contract/metrics.ts';
import * as format from '../../text/format.ts';
import { Button } from '../../kit/button.tsx';
import { Plot, type PlotLine } from '../../kit/plot.tsx';
import { highest } from '../../kit/plot-scale.ts';
import { Spinner } from '../../kit/spinner.tsx';
import { useMetricsHistory, type MetricsAnswer } from './metrics-query.ts';
import { texts } from '../../text/index.ts';

interface Figure {
  readonly id: string;
  readonly label: string;
  readonly lines: readonly (readonly [SeriesName, string])[];
  readonly format: (value: number | null | undefined) => string;
  /** The least that the scale reaches. */
  readonly floor: number;
  readonly note?: string;
}

const { monitor } = texts;
const { primary, secondary } = texts.ft;

const FIGURES: readonly Figure[] = [
  {
    id: 'cpu',
    label: monitor.cpu,
    lines: [
      ['primaryCpuPercent', primary],
      ['secondaryCpuPercent', secondary],
    ],
    format: format.percent,
    floor: 100,
    note: monitor.ofOneCore,
  },
  {
    id: 'speed',
    label: monitor.instructions,
    lines: [
      ['primaryInstructionsPerSecond', primary],
      ['secondaryInstructionsPerSecond', secondary],
    ],
    format: format.instructions,
    floor: 1e6,
  },
  {
    id: 'memory',
    label: monitor.memory,
    lines: [
      ['primaryMemoryMB', primary],
      ['secondaryMemoryMB', secondary],
    ],
    format: format.megabytes,
    floor: 100,
    note: monitor.resident,
  },
  {
    id: 'lag',
    label: monitor.lag,
    lines: [
      ['lagMs', texts.ft.lag],
      ['vLockstepIntervalMs', texts.ft.interval],
    ],
    format: format.milliseconds,
    floor: 10,
  },
  {
    id: 'log',
    label: texts.ft.bandwidth,
    lines: [['logBandwidthBitsPerSecond', texts.ft.bandwidth]],
    format: format.bitsPerSecond,
    floor: 10_000,
  },
  {
    id: 'delay',
    label: texts.ft.delay,
    lines: [
      ['outputDelayMsP50', monitor.p50],
      ['outputDelayMsP99', monitor.p99],
    ],
    format: format.milliseconds,
    floor: 1,
  },
  {
    id: 'diskRequests',
    label: monitor.diskRequests,
    lines: [
      ['primaryDiskRequestsPerSecond', primary],
      ['secondaryDiskRequestsPerSecond', secondary],
    ],
    format: format.perSecond,
    floor: 10,
  },
  {
    id: 'diskBytes',
    label: monitor.diskBytes,
    lines: [
      ['primaryDiskBytesPerSecond', primary],
      ['secondaryDiskBytesPerSecond', secondary],
    ],
    format: format.bytesPerSecond,
    floor: 10_000,
    note: monitor.readAndWritten,
  },
  {
    id: 'network',
    label: monitor.network,
    lines: [
      ['networkBitsInPerSecond', texts.network.received],
      ['networkBitsOutPerSecond', texts.network.transmitted],
    ],
    format: format.bitsPerSecond,
    floor: 10_000,
  },
  {
    id: 'throttle',
    label: monitor.throttle,
    lines: [['throttle', monitor.throttle]],
    format: format.share,
    floor: 1,
    note: monitor.throttleHint,
  },
  {
    id: 'held',
    label: monitor.held,
    lines: [['outputsHeld', monitor.held]],
    format: format.count,
    floor: 5,
    note: monitor.heldHint,
  },
  {
    id: 'stalls',
    label: monitor.stalls,
    lines: [['stalls', monitor.stalls]],
    format: format.count,
    floor: 5,
    note: monitor.stallsHint,
  },
];

const KEPT = 'lockstep.range';
const NOTHING: readonly (number | null)[] = [];

function readRange(): MetricsRange {
  const kept = localStorage.getItem(KEPT);
  return RANGE_NAMES.find((range) => range === kept) ?? '10m';
}

export function Monitor({ vm }: { readonly vm: VmView }) {
  const [range, setRange] = useState(readRange);
  const [asTable, setAsTable] = useState(false);
  const answer = useMetricsHistory(vm.id, range);
  const choose = (one: MetricsRange) => {
    localStorage.setItem(KEPT, one);
    setRange(one);
  };
  return (
    <div className="monitor">
      <div className="monitor-bar">
        <div className="segments" role="group" aria-label={monitor.range}>
          {RANGE_NAMES.map((one) => (
            <Button
              key={one}
              label={monitor.ranges[one]}
              size="small"
              pressed={one === range}
              onPress={() => choose(one)}
            />
          ))}
        </div>
        <span className="muted monitor-what" role="status">
          {whatIsShown(vm, answer)}
        </span>
        <Button
          label={asTable ? monitor.asCharts : monitor.asTable}
          icon={asTable ? ChartLine : Table2}
          size="small"
          onPress={() => setAsTable(!asTable)}
        />
      </div>
      <Figures answer={answer} asTable={asTable} />
    </div>
  );
}

function whatIsShown(vm: VmView, { history, failure }: MetricsAnswer): string {
  if (failure !== null) return failure;
  if (history === null) return '';
  const step = monitor.steps[RANGES[history.range].stepMs];
  return vm.power === 'off' ? `${step} ${monitor.off}` : step;
}

function Figures({ answer, asTable }: { readonly answer: MetricsAnswer; readonly asTable: boolean }) {
  const { history, at } = answer;
  if (history === null) {
    return (
      <p className="empty">
        <Spinner /> {monitor.loading}
      </p>
    );
  }
  if (Object.keys(history.series).length === 0) return <p className="empty">{monitor.none}</p>;
  if (asTable) return <FigureTable history={history} />;
  return (
    <div className="monitor-figures" tabIndex={0} role="region" aria-label={monitor.title}>
      {FIGURES.map((figure) => (
        <FigurePlot key={figure.id} figure={figure} history={history} at={at} />
      ))}
    </div>
  );
}

interface FigurePlotProps {
  readonly figure: Figure;
  readonly history: MetricsHistory;
  readonly at: readonly number[];
}

function FigurePlot({ figure, history, at }: FigurePlotProps) {
  const { from, stepMs, points } = history;
  const empty = at.map(() => null);
  const lines = figure.lines.map(([name, label]): PlotLine => {
    const line = history.series[name];
    return { label, values: line?.mean ?? empty, peaks: stepMs > 1000 ? line?.peak : undefined };
  });
  return (
    <section className="card monitor-figure" data-figure={figure.id}>
      <Plot
        label={figure.label}
        lines={lines}
        at={at}
        window={[from, from + (points - 1) * stepMs]}
        floor={figure.floor}
        format={figure.format}
        note={figure.note}
        sync="monitor"
      />
    </section>
  );
}

function FigureTable({ history }: { readonly history: MetricsHistory }) {
  const rows = FIGURES.flatMap((figure) => figure.lines.map(([name, label]) => ({ figure, name, label })));
  return (
    <div className="monitor-table" tabIndex={0} role="region" aria-label={monitor.title}>
      <table className="table table-sticky">
        <thead>
          <tr>
            <th scope="col">{monitor.measure}</th>
            <th scope="col" className="number">
              {monitor.now}
            </th>
            <th scope="col" className="number">
              {monitor.mean}
            </th>
            <th scope="col" className="number">
              {monitor.peak}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ figure, name, label }) => {
            const { mean = NOTHING, peak = NOTHING } = history.series[name] ?? {};
            const known = mean.filter((value) => value !== null);
            const average = known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
            return (
              <tr key={name} data-series={name}>
                <th scope="row">{label === figure.label ? label : `${figure.label}: ${label}`}</th>
                <td className="number">{figure.format(mean.at(-1))}</td>
                <td className="number">{figure.format(average)}</td>
                <td className="number">{figure.format(known.length === 0 ? null : highest([peak], 0))}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
