/**
 * A line chart on a canvas: uPlot, in our colours.
 *
 * Invariants: every colour is a token's, asked of the page and asked again when the theme changes; nothing moves by
 * itself; what is unknown is a hole in its line.
 */
import uPlot from 'uplot';
import { roundTop } from './plot-scale.ts';

export type PlotData = uPlot.AlignedData;

export interface CanvasOptions {
  readonly host: HTMLElement;
  /** One element for each line, in its colour; the one after them is in that of the grid, the last in that of words. */
  readonly colours: readonly Element[];
  /** How many lines; each has two rows of data, its means and its peaks. */
  readonly lines: number;
  readonly height: number;
  readonly axes: boolean;
  /** Plots with the same key show their crosshairs at the same time. */
  readonly sync: string | undefined;
  readonly top: () => number;
  /** In seconds. */
  readonly window: () => readonly [number, number];
  readonly format: (value: number) => string;
  readonly time: (seconds: number, stepSeconds: number) => string;
  /** The pointer is at this step, or nowhere. */
  readonly pointed: (index: number | null) => void;
}

export interface PlotCanvas {
  setData(data: PlotData): void;
  destroy(): void;
}

const AREA_OPACITY = 0.1;
const PEAK_OPACITY = 0.45;
/** Room for "1,000 MIPS", the longest. */
const AXIS_WIDTH = 74;
const AXIS_HEIGHT = 24;

/** Computed colours are `rgb(r, g, b)`, or another notation that already has what it needs. */
function faint(colour: string, opacity: number): string {
  return colour.replace(/^rgb\((.+)\)$/, `rgba($1, ${opacity})`);
}

export function createPlotCanvas(options: CanvasOptions, data: PlotData): PlotCanvas {
  const { host, lines, height } = options;
  let colours = readColours(options.colours);
  const plot = new uPlot(
    {
      width: Math.max(1, host.clientWidth),
      height,
      legend: { show: false },
      padding: options.axes ? [8, 8, 0, 0] : [3, 5, 2, 0],
      cursor: {
        y: false,
        drag: { x: false, y: false, setScale: false },
        points: { size: 7 },
        ...(options.sync && { sync: { key: options.sync, setSeries: false } }),
      },
      scales: {
        x: { time: true, range: () => [...options.window()] },
        y: { range: () => [0, roundTop(options.top())] },
      },
      axes: axes(options, () => colours),
      series: [{}, ...Array.from({ length: lines }, (_, index) => series(index, lines, () => colours)).flat()],
      hooks: { setCursor: [(self) => options.pointed(self.cursor.idx ?? null)] },
    },
    data,
    host,
  );
  const again = () => {
    colours = readColours(options.colours);
    plot.redraw(false);
  };
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  dark.addEventListener('change', again);
  const themes = new MutationObserver(again);
  themes.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  const sizes = new ResizeObserver(() => {
    if (host.clientWidth > 0 && host.clientWidth !== plot.width) plot.setSize({ width: host.clientWidth, height });
  });
  sizes.observe(host);
  return {
    setData: (next) => plot.setData(next),
    destroy: () => {
      dark.removeEventListener('change', again);
      themes.disconnect();
      sizes.disconnect();
      plot.destroy();
    },
  };
}

function readColours(elements: readonly Element[]): string[] {
  return elements.map((element) => getComputedStyle(element).color);
}

/** Where a line would have no length: what was measured once, between two holes. */
function lonely(plot: uPlot, index: number): number[] {
  const values = plot.data[index] ?? [];
  const known = (at: number): boolean => typeof values[at] === 'number';
  const alone: number[] = [];
  for (let at = 0; at < values.length; at++) {
    if (known(at) && !known(at - 1) && !known(at + 1)) alone.push(at);
  }
  return alone;
}

/** The means, and thin above them the peaks. */
function series(line: number, lines: number, colours: () => readonly string[]): uPlot.Series[] {
  const colour = (): string => colours()[line] ?? '';
  const mean: uPlot.Series = {
    stroke: colour,
    width: 1.5,
    points: { show: false, size: 3, fill: colour, filter: lonely },
    ...(lines === 1 && { fill: () => faint(colour(), AREA_OPACITY) }),
  };
  const peak: uPlot.Series = {
    stroke: () => faint(colour(), PEAK_OPACITY),
    width: 1,
    dash: [3, 3],
    points: { show: false },
  };
  return [mean, peak];
}

function axes(options: CanvasOptions, colours: () => readonly string[]): uPlot.Axis[] {
  if (!options.axes) return [{ show: false }, { show: false }];
  const font = `11px ${getComputedStyle(options.host).fontFamily}`;
  const look = {
    stroke: () => colours()[options.lines + 1] ?? '',
    font,
    ticks: { show: false },
    grid: { stroke: () => colours()[options.lines] ?? '', width: 1 },
  };
  return [
    {
      ...look,
      grid: { show: false },
      size: AXIS_HEIGHT,
      space: 70,
      values: (_self, splits, _axis, _space, step) => splits.map((seconds) => options.time(seconds, step)),
    },
    {
      ...look,
      size: AXIS_WIDTH,
      space: 28,
      splits: (_self, _axis, _min, max) => [0, max / 2, max],
      values: (_self, splits) => splits.map((value) => options.format(value)),
    },
  ];
}
