/**
 * A small line chart of the last two minutes, newest at the right edge.
 *
 * Invariant: the scale begins at zero and its top is a round number that no value exceeds; gaps (null) stay gaps.
 */
import { useId } from 'react';

export interface SparklineProps {
  readonly values: readonly (number | null)[];
  /** How many values fill the width. */
  readonly capacity: number;
  /** The least the scale reaches, so that noise near zero looks like noise. */
  readonly floor: number;
  readonly format: (value: number) => string;
  readonly label: string;
  /** What else the chart says, at its left. */
  readonly note?: string | undefined;
}

const WIDTH = 240;
const HEIGHT = 44;

/** The least of 1, 2, 2.5, 5 times a power of ten that is not below the value. */
export function roundTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 2.5, 5].find((step) => step * power >= value) ?? 10) * power;
}

/** SVG paths of the line's runs between gaps. */
export function sparklineRuns(values: readonly (number | null)[], capacity: number, top: number): [number, number][][] {
  const step = WIDTH / Math.max(1, capacity - 1);
  const left = WIDTH - (values.length - 1) * step;
  const runs: [number, number][][] = [];
  let run: [number, number][] = [];
  values.forEach((value, index) => {
    if (value === null) {
      if (run.length > 0) runs.push(run);
      run = [];
    } else run.push([left + index * step, HEIGHT - 1 - (value / top) * (HEIGHT - 3)]);
  });
  if (run.length > 0) runs.push(run);
  return runs;
}

export function Sparkline({ values, capacity, floor, format, label, note }: SparklineProps) {
  const clip = useId();
  const known = values.filter((value) => value !== null);
  const top = roundTop(Math.max(floor, ...known));
  const runs = sparklineRuns(values.slice(-capacity), capacity, top);
  const last = known.at(-1);
  const point = values.at(-1) === null ? undefined : runs.at(-1)?.at(-1);
  return (
    <div className="spark">
      <div className="spark-words" aria-hidden="true">
        {note ? <span>{note}</span> : null}
        {last === undefined ? null : <span className="spark-top">{format(top)}</span>}
      </div>
      <div className="spark-plot">
        <svg
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={describe(label, last, format)}
        >
          <clipPath id={clip}>
            <rect width={WIDTH} height={HEIGHT} />
          </clipPath>
          <line className="spark-grid" x1="0" x2={WIDTH} y1="1" y2="1" />
          <line className="spark-base" x1="0" x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
          <g clipPath={`url(#${clip})`}>
            {runs.map((run) => (
              <Run key={run[0]?.[0]} points={run} />
            ))}
          </g>
        </svg>
        {point ? <SparkPoint x={point[0] / WIDTH} y={point[1] / HEIGHT} /> : null}
      </div>
    </div>
  );
}

function describe(label: string, last: number | undefined, format: (value: number) => string): string {
  return last === undefined ? `${label}: no data` : `${label} over the last two minutes, now ${format(last)}`;
}

/** Drawn as HTML so that the stretched drawing does not stretch it. */
function SparkPoint({ x, y }: { readonly x: number; readonly y: number }) {
  return <span className="spark-point" style={{ left: `${x * 100}%`, top: `${y * 100}%` }} />;
}

function Run({ points }: { readonly points: readonly [number, number][] }) {
  const line = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' L');
  const first = points[0]?.[0] ?? 0;
  const last = points.at(-1)?.[0] ?? 0;
  return (
    <>
      <path className="spark-area" d={`M${first.toFixed(1)},${HEIGHT} L${line} L${last.toFixed(1)},${HEIGHT} Z`} />
      <path className="spark-line" d={`M${line}`} vectorEffect="non-scaling-stroke" />
    </>
  );
}
