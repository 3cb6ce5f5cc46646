/** A number of now over its last two minutes. Invariant: unknown is a dash, never zero. */
import { METRICS_KEPT } from '../state.ts';
import { Sparkline } from './sparkline.tsx';

export interface ChartProps {
  readonly label: string;
  readonly value: string;
  readonly note?: string | undefined;
  readonly values: readonly (number | null)[];
  /** The least that the scale reaches. */
  readonly floor: number;
  readonly format: (value: number) => string;
  readonly testId?: string;
}

export function Chart({ label, testId, value, note, values, floor, format }: ChartProps) {
  return (
    <figure className="chart">
      <figcaption>{label}</figcaption>
      <p className="chart-value">
        <strong data-testid={testId}>{value}</strong>
      </p>
      <Sparkline label={label} note={note} values={values} capacity={METRICS_KEPT} floor={floor} format={format} />
    </figure>
  );
}
