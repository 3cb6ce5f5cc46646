/** The live numbers of a pair with their last two minutes. Invariant: unknown is a dash, never zero. */
import type { VmMetrics, VmView } from '../../preload/contract.ts';
import * as format from '../format.ts';
import { Chart } from '../kit/chart.tsx';
import { usePage } from '../services.ts';
import { en } from '../text/en.ts';

const NONE: readonly VmMetrics[] = [];

export function FtCharts({ vm }: { readonly vm: VmView }) {
  const samples = usePage((state) => state.metrics[vm.id]) ?? NONE;
  const now = samples.at(-1) ?? vm.ft;
  const throttle = samples.at(-1)?.throttle ?? 0;
  return (
    <div className="charts">
      <Chart
        label={en.ft.lag}
        testId="ft-lag"
        value={format.milliseconds(now.lagMs)}
        note={throttle > 0 ? `slowed by ${format.percent(throttle * 100)}` : undefined}
        values={samples.map((sample) => sample.lagMs)}
        floor={10}
        format={format.milliseconds}
      />
      <Chart
        label={en.ft.bandwidth}
        testId="ft-bandwidth"
        value={format.bitsPerSecond(now.logBandwidthBitsPerSecond)}
        values={samples.map((sample) => sample.logBandwidthBitsPerSecond)}
        floor={10_000}
        format={format.bitsPerSecond}
      />
      <Chart
        label={en.ft.interval}
        testId="ft-interval"
        value={format.milliseconds(now.vLockstepIntervalMs)}
        values={samples.map((sample) => sample.vLockstepIntervalMs)}
        floor={10}
        format={format.milliseconds}
      />
      <Chart
        label={en.ft.delay}
        testId="ft-delay"
        value={format.milliseconds(now.outputDelayMsP50)}
        note={`p99 ${format.milliseconds(now.outputDelayMsP99)}`}
        values={samples.map((sample) => sample.outputDelayMsP99)}
        floor={1}
        format={format.milliseconds}
      />
    </div>
  );
}
