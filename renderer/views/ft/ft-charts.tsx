/** The live numbers of a pair with their last two minutes. Invariant: unknown is a dash, never zero. */
import type { VmView } from '../../../preload/contract/contract.ts';
import * as format from '../../text/format.ts';
import { usePage } from '../../services.ts';
import { texts } from '../../text/index.ts';
import { LivePlot } from '../monitor/live-plot.tsx';

export function FtCharts({ vm }: { readonly vm: VmView }) {
  const throttle = usePage((state) => state.metrics[vm.id]?.at(-1)?.throttle ?? 0);
  const sync = `ft-${vm.id}`;
  return (
    <div className="charts">
      <LivePlot
        vm={vm}
        sync={sync}
        label={texts.ft.lag}
        testId="ft-lag"
        lines={[{ label: texts.ft.lag, of: (now) => now.lagMs }]}
        note={throttle > 0 ? texts.ft.slowedBy(format.share(throttle)) : undefined}
        floor={10}
        format={format.milliseconds}
      />
      <LivePlot
        vm={vm}
        sync={sync}
        label={texts.ft.bandwidth}
        testId="ft-bandwidth"
        lines={[{ label: texts.ft.bandwidth, of: (now) => now.logBandwidthBitsPerSecond }]}
        floor={10_000}
        format={format.bitsPerSecond}
      />
      <LivePlot
        vm={vm}
        sync={sync}
        label={texts.ft.interval}
        testId="ft-interval"
        lines={[{ label: texts.ft.interval, of: (now) => now.vLockstepIntervalMs }]}
        floor={10}
        format={format.milliseconds}
      />
      <LivePlot
        vm={vm}
        sync={sync}
        label={texts.ft.delay}
        testId="ft-delay"
        lines={[
          { label: texts.monitor.p50, of: (now) => now.outputDelayMsP50 },
          { label: texts.monitor.p99, of: (now) => now.outputDelayMsP99 },
        ]}
        floor={1}
        format={format.milliseconds}
      />
    </div>
  );
}
