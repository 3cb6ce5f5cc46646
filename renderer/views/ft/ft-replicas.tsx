/**
 * Both replicas side by side, and the logging channel between them.
 *
 * Invariant: a missing replica is shown as missing.
 */
import { ArrowRight, Box, BoxSelect } from 'lucide-react';
import type { ReactNode } from 'react';
import type { ReplicaMetrics, ReplicaPlace, VmView } from '../../../preload/contract/contract.ts';
import * as format from '../../text/format.ts';
import { Spinner } from '../../kit/spinner.tsx';
import { usePage } from '../../services.ts';
import { texts } from '../../text/index.ts';

export function Replicas({ vm }: { readonly vm: VmView }) {
  const metrics = usePage((state) => state.metrics[vm.id]?.at(-1));
  const { primary, secondary, status } = vm.ft;
  const sameHost = primary && secondary && primary.host === secondary.host;
  return (
    <div className="replicas-box">
      <div className="replicas">
        <Replica title={texts.ft.primary} place={primary} metrics={metrics?.primary} missing={texts.ft.noPrimary} />
        <Channel vm={vm} bandwidth={metrics?.logBandwidthBitsPerSecond ?? vm.ft.logBandwidthBitsPerSecond} />
        <Replica
          title={texts.ft.secondary}
          place={secondary}
          metrics={metrics?.secondary}
          missing={
            status === 'starting' ? (
              <>
                <Spinner /> {texts.ft.details.starting}
              </>
            ) : (
              texts.ft.noSecondary
            )
          }
        />
      </div>
      {sameHost ? <p className="fine">{texts.ft.sameHost}</p> : null}
    </div>
  );
}

interface ReplicaProps {
  readonly title: string;
  readonly place: ReplicaPlace | null;
  readonly metrics: ReplicaMetrics | null | undefined;
  readonly missing: ReactNode;
}

function Replica({ title, place, metrics, missing }: ReplicaProps) {
  if (!place) {
    return (
      <section className="replica replica-missing" aria-label={title}>
        <h3>
          <BoxSelect className="icon" aria-hidden="true" />
          {title}
        </h3>
        <p className="replica-none">{missing}</p>
      </section>
    );
  }
  // Right after a failover the numbers may still be the old process's.
  const own = metrics?.pid === place.pid ? metrics : null;
  return (
    <section className="replica" aria-label={title}>
      <h3>
        <Box className="icon" aria-hidden="true" />
        {title}
        <span className="replica-host" title={place.host}>
          {place.host}
        </span>
      </h3>
      <dl>
        <Number label={texts.ft.replica.process}>{place.pid}</Number>
        <Number label={texts.ft.replica.cpu}>{format.percent(own?.cpuPercent)}</Number>
        <Number label={texts.ft.replica.memory}>{format.megabytes(own?.memoryMB)}</Number>
        <Number label={texts.ft.replica.epoch}>{format.count(place.epoch)}</Number>
      </dl>
    </section>
  );
}

function Number({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Channel({ vm, bandwidth }: { readonly vm: VmView; readonly bandwidth: number | null | undefined }) {
  const joined = vm.ft.secondary !== null;
  return (
    <div className={joined ? 'channel channel-open' : 'channel'} role="group" aria-label={texts.ft.channel}>
      <span className="channel-label">{joined ? format.bitsPerSecond(bandwidth) : ''}</span>
      <span className="channel-line">
        <ArrowRight className="icon" aria-hidden="true" />
      </span>
      <span className="channel-label">{joined ? texts.views.log : ''}</span>
    </div>
  );
}
