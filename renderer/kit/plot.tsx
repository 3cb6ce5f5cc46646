/**
 * A figure with one or more lines over time, its values in words beside it.
 *
 * Invariants: a value that is unknown is a dash and a hole, never zero; under the pointer the words tell the values of
 * that time, else those of now; who sees no chart is told the same in words.
 */
import 'uplot/dist/uPlot.min.css';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import * as format from '../text/format.ts';
import type { CanvasOptions, PlotCanvas, PlotData } from './plot-canvas.ts';
import { describe, highest, roundTop } from './plot-scale.ts';

type Values = readonly (number | null)[];

export interface PlotLine {
  readonly label: string;
  readonly values: Values;
  /** The highest of each step, where a step is more than one measurement. */
  readonly peaks?: Values | undefined;
}

export interface PlotProps {
  readonly label: string;
  readonly lines: readonly PlotLine[];
  /** When each value was measured; milliseconds since 1970, UTC. */
  readonly at: readonly number[];
  /** From when to when the plot reaches. */
  readonly window: readonly [number, number];
  /** The least that the scale reaches, so that noise near zero looks like noise. */
  readonly floor: number;
  readonly format: (value: number | null | undefined) => string;
  /** Without axes it is a small line under its value. */
  readonly axes?: boolean;
  readonly height?: number;
  readonly sync?: string;
  readonly note?: string | undefined;
  readonly testId?: string;
}

const HEIGHT = 132;
const HEIGHT_SMALL = 46;
const NO_VALUES: Values = [];

export function Plot(props: PlotProps) {
  const { label, lines, at, axes = true, note, testId } = props;
  const [pointed, setPointed] = useState<number | null>(null);
  const index = pointed === null || pointed >= at.length ? at.length - 1 : pointed;
  const chart = useCanvas(props, setPointed);
  const scale =
    note || !axes ? <span className="plot-note">{note ?? `≤ ${props.format(roundTop(topOf(props)))}`}</span> : null;
  return (
    <figure className={axes ? 'plot' : 'plot plot-small'} data-points={at.length}>
      <figcaption>
        <span className="plot-label">{label}</span>
        {pointed === null ? null : <span className="plot-time">{format.timeOfDay(at[index] ?? 0)}</span>}
        {axes ? null : scale}
      </figcaption>
      <div className="plot-head" ref={chart.colours}>
        <dl className="plot-legend">
          {lines.map((line, number) => (
            <div key={line.label} className={`line-${number + 1}`}>
              <dt className={lines.length === 1 ? 'hidden-text' : undefined}>
                <span className="plot-swatch" data-colour aria-hidden="true" />
                {line.label}
              </dt>
              <dd data-testid={testId && number === 0 ? testId : undefined}>
                {props.format(line.values[index])}
                {line.peaks && line.peaks[index] !== line.values[index] ? (
                  <span className="plot-peak"> / {props.format(line.peaks[index])}</span>
                ) : null}
              </dd>
            </div>
          ))}
        </dl>
        {axes ? scale : null}
        <span className="plot-grid" data-colour hidden />
        <span className="plot-words" data-colour hidden />
      </div>
      <div
        className="plot-canvas"
        ref={chart.host}
        style={{ minHeight: props.height ?? (axes ? HEIGHT : HEIGHT_SMALL) }}
        role="img"
        aria-label={describe(label, lines, (value) => props.format(value))}
      />
    </figure>
  );
}

/** The canvas lives as long as the figure; data and scale are given to it anew at every change. */
function useCanvas(props: PlotProps, setPointed: (index: number | null) => void) {
  const { lines, at, axes = true, sync } = props;
  const height = props.height ?? (axes ? HEIGHT : HEIGHT_SMALL);
  const host = useRef<HTMLDivElement>(null);
  const colours = useRef<HTMLDivElement>(null);
  const canvas = useRef<PlotCanvas | null>(null);
  const data = useMemo<PlotData>(
    () => [
      at.map((ms) => ms / 1000),
      ...lines.flatMap(({ values, peaks }) => [[...values], [...(peaks ?? at.map(() => null))]]),
    ],
    [at, lines],
  );
  // What the canvas asks for while it draws.
  const latest = useRef({ props, data });
  useLayoutEffect(() => {
    latest.current = { props, data };
  });
  const count = lines.length;
  useEffect(() => {
    if (!host.current || !colours.current) return;
    const options: CanvasOptions = {
      host: host.current,
      colours: [...colours.current.querySelectorAll('[data-colour]')],
      lines: count,
      height,
      axes,
      sync,
      top: () => topOf(latest.current.props),
      window: () => seconds(latest.current.props.window),
      format: (value) => latest.current.props.format(value),
      time: format.tickTime,
      pointed: setPointed,
    };
    let gone = false;
    // Loaded when the first chart is shown: the page is there before it.
    void import('./plot-canvas.ts').then(({ createPlotCanvas }) => {
      if (!gone) canvas.current = createPlotCanvas(options, latest.current.data);
    });
    return () => {
      gone = true;
      canvas.current?.destroy();
      canvas.current = null;
    };
  }, [count, height, axes, sync, setPointed]);
  useEffect(() => canvas.current?.setData(data), [data]);
  return { host, colours };
}

function seconds([from, to]: readonly [number, number]): readonly [number, number] {
  return [from / 1000, to / 1000];
}

function topOf({ lines, floor }: PlotProps): number {
  return highest(
    lines.flatMap(({ values, peaks }) => [values, peaks ?? NO_VALUES]),
    floor,
  );
}
