/**
 * The last failover, its phases drawn to scale.
 *
 * Invariant: a phase's width is its share of the whole (with a least width, so that a short phase can be seen), and its
 * milliseconds stand beside its name.
 */
import type { FailoverReport } from '../../preload/contract.ts';
import * as format from '../format.ts';
import { failoverPhases } from '../ft-view.ts';
import { en } from '../text/en.ts';

export function FailoverBar({ report }: { readonly report: FailoverReport }) {
  const { phases, totalMs } = failoverPhases(report);
  return (
    <section className="failover" aria-label={en.ft.lastFailover} data-testid="ft-failover">
      <header>
        <h3>{en.ft.lastFailover}</h3>
        <span className="muted">
          {format.dateAndTime(report.at)} · {report.reason}
        </span>
        <strong>{format.milliseconds(totalMs)}</strong>
      </header>
      <div className="failover-bar" aria-hidden="true">
        {phases.map((phase) => (
          <span key={phase.key} className={`phase phase-${phase.key}`} style={{ flexGrow: Math.max(phase.ms, 0) }} />
        ))}
      </div>
      <dl className="failover-legend">
        {phases.map((phase) => (
          <div key={phase.key}>
            <dt>
              <span className={`swatch phase-${phase.key}`} aria-hidden="true" />
              {phase.label}
            </dt>
            <dd>{format.milliseconds(phase.ms)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
