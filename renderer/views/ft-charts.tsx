/** The live numbers of a pair with their last two minutes. Invariant: unknown is a dash, never zero. */
import type { VmView } from '../../preload/contract.ts';
import * as format from '../format.ts';
import { usePage } from '../services.ts';
import { en } from '../text/en.ts';
import { LivePlot } from './live-plot.tsx';

export function FtCharts({ vm }: { readonly vm: VmView }) {
  const throttle = usePage((state) => state.metrics[vm.id]?.at(-1)?.throttle ?? 0);
  const sync = `ft-${vm.id}`;
  return (
    <div className="charts">
      <LivePlot
        vm={vm}
        sync={sync}
        label={en.ft.lag}
        testId="ft-lag"
        lines={[{ label: en.ft.lag, of: (now) => now.lagMs }]}
        note={throttle > 0 ? en.ft.slowedBy(format.share(throttle)) : undefined}
        floor={10}
        format={format.milliseconds}
      />
      <LivePlot
        vm={vm}
        sync={sync}
        label={en.ft.bandwidth}
        testId="ft-bandwidth"
        lines={[{ label: en.ft.bandwidth, of: (now) => now.logBandwidthBitsPerSecond }]}
        floor={10_000}
        format={format.bitsPerSecond}
      />
      <LivePlot
        vm={vm}
        sync={sync}
        label={en.ft.interval}
        testId="ft-interval"
        lines={[{ label: en.ft.interval, of: (now) => now.vLockstepIntervalMs }]}
        floor={10}
        format={format.milliseconds}
      />
      <LivePlot
        vm={vm}
        sync={sync}
        label={en.ft.delay}
        testId="ft-delay"
        lines={[
          { label: en.monitor.p50, of: (now) => now.outputDelayMsP50 },
          { label: en.monitor.p99, of: (now) => now.outputDelayMsP99 },
        ]}
        floor={1}
        format={format.milliseconds}
      />
    </div>
  );
}
