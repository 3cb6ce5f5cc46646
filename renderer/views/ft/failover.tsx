/**
 * The last failovers of a VM, each as a timeline to scale that is also a table.
 *
 * Invariant: a bar's place and width are its share of the scale; its milliseconds stand beside it; what has not
 * happened is told as such.
 */
import { ChevronLeft, ChevronRight, History } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { FailoverRecord, VmView } from '../../../preload/contract/contract.ts';
import { hostWords } from '../../text/host-words.ts';
import * as format from '../../text/format.ts';
import { Button } from '../../kit/button.tsx';
import { Card } from '../../kit/card.tsx';
import { usePage, useServices } from '../../services.ts';
import { texts } from '../../text/index.ts';
import { interruptionMs, timelineOf, type Bar, type TimelineScale } from './timeline.ts';

const NONE: readonly FailoverRecord[] = [];
const SHOWN = 50;
const SCALES: readonly TimelineScale[] = ['interruption', 'protection'];

/** Newest first; asked again whenever the last one has changed. */
function useFailovers(vm: VmView): readonly FailoverRecord[] {
  const { bridge } = useServices();
  const open = usePage((state) => state.phase === 'open');
  const [list, setList] = useState(NONE);
  const last = JSON.stringify(vm.ft.lastFailover);
  useEffect(() => {
    if (!open) return;
    let current = true;
    bridge.call('failover.list', { vm: vm.id, limit: SHOWN }).then(
      (given) => void (current && setList(given)),
      // The connection is lost: the banner says so, and they are asked for again when it is back.
      () => {},
    );
    return () => {
      current = false;
    };
  }, [bridge, vm.id, open, last]);
  return list;
}

/** Nothing where there was none. */
export function Failovers({ vm }: { readonly vm: VmView }) {
  const list = useFailovers(vm);
  /** Null: the newest, whichever that is. */
  const [chosen, setChosen] = useState<number | null>(null);
  const [scale, setScale] = useState<TimelineScale>('interruption');
  const index = Math.max(
    0,
    list.findIndex(({ id }) => id === chosen),
  );
  const shown = list[index];
  if (!shown) return null;
  const choose = (to: number) => setChosen(to === 0 ? null : (list[to]?.id ?? null));
  return (
    <Card
      title={index === 0 ? texts.failover.last : texts.failover.former}
      icon={History}
      className="failover"
      aside={<Chooser list={list} index={index} choose={choose} />}
    >
      <div data-testid="ft-failover" data-failover={shown.id} className="failover-body">
        <Headline failover={shown} scale={scale} setScale={setScale} />
        <TimelineTable failover={shown} scale={scale} />
      </div>
    </Card>
  );
}

interface ChooserProps {
  readonly list: readonly FailoverRecord[];
  readonly index: number;
  readonly choose: (index: number) => void;
}

function Chooser({ list, index, choose }: ChooserProps) {
  const newest = index === 0 ? texts.failover.noNewer : null;
  const oldest = index === list.length - 1 ? texts.failover.noOlder : null;
  return (
    <div className="button-row">
      <Button
        label={texts.failover.older}
        icon={ChevronLeft}
        iconOnly
        size="small"
        reason={oldest}
        onPress={() => choose(index + 1)}
      />
      <select
        className="select"
        aria-label={texts.failover.choose}
        value={index}
        onChange={(event) => choose(Number(event.target.value))}
      >
        {list.map((one, at) => (
          <option key={one.id} value={at}>
            {`${format.moment(one.at)} · ${format.milliseconds(interruptionMs(one))}`}
          </option>
        ))}
      </select>
      <Button
        label={texts.failover.newer}
        icon={ChevronRight}
        iconOnly
        size="small"
        reason={newest}
        onPress={() => choose(index - 1)}
      />
    </div>
  );
}

interface HeadlineProps {
  readonly failover: FailoverRecord;
  readonly scale: TimelineScale;
  readonly setScale: (scale: TimelineScale) => void;
}

function Headline({ failover, scale, setScale }: HeadlineProps) {
  const { at, reason, requested, fromPid, toPid, generation } = failover;
  return (
    <header className="failover-head">
      <p>
        <strong className="failover-total">{format.milliseconds(interruptionMs(failover))}</strong>{' '}
        <span>{texts.failover.interruption}</span>
      </p>
      <p className="muted">
        {format.dateAndTime(at)} · {requested ? texts.failover.requested : format.sentence(hostWords(reason))}{' '}
        {texts.failover.who(fromPid, toPid, generation)}
      </p>
      <div className="segments" role="group" aria-label={texts.failover.scale}>
        {SCALES.map((one) => (
          <Button
            key={one}
            label={texts.failover.scales[one]}
            size="small"
            pressed={one === scale}
            onPress={() => setScale(one)}
          />
        ))}
      </div>
    </header>
  );
}

function TimelineTable({ failover, scale }: Omit<HeadlineProps, 'setScale'>) {
  const { bars, ticks } = timelineOf(failover, scale);
  return (
    <table className="timeline" aria-label={texts.failover.table}>
      <thead>
        <tr>
          <th scope="col">{texts.failover.phase}</th>
          <th scope="col" className="timeline-scale">
            <span className="hidden-text">{texts.failover.share}</span>
            <span className="timeline-ticks" aria-hidden="true">
              {ticks.map(({ ms, left }) => (
                <span key={ms} style={{ left: `${left * 100}%` }}>
                  {format.milliseconds(ms)}
                </span>
              ))}
            </span>
          </th>
          <th scope="col" className="number">
            {texts.failover.begins}
          </th>
          <th scope="col" className="number">
            {texts.failover.takes}
          </th>
        </tr>
      </thead>
      <tbody>
        {bars.map((bar) => (
          <TimelineRow key={bar.key} bar={bar} ticks={ticks.map(({ left }) => left)} />
        ))}
      </tbody>
    </table>
  );
}

function TimelineRow({ bar, ticks }: { readonly bar: Bar; readonly ticks: readonly number[] }) {
  const { key, label, startMs, endMs, left, width, open } = bar;
  const place = { left: `${left * 100}%`, width: `${width * 100}%` };
  return (
    <tr data-phase={key} data-start={startMs} data-end={endMs ?? undefined}>
      <th scope="row" title={texts.failover.hints[key]}>
        <span className={`swatch phase-${key}`} aria-hidden="true" />
        {label}
      </th>
      <td className="timeline-scale">
        <span className="timeline-track" aria-hidden="true">
          {ticks.map((at) => (
            <span key={at} className="timeline-line" style={{ left: `${at * 100}%` }} />
          ))}
          {endMs === null ? null : (
            <span className={`timeline-bar phase-${key}${open ? ' timeline-open' : ''}`} style={place} />
          )}
        </span>
      </td>
      <td className="number">{format.milliseconds(startMs)}</td>
      <td className="number">{endMs === null ? texts.failover.notYet[key] : format.milliseconds(endMs - startMs)}</td>
    </tr>
  );
}
