/**
 * Events: of one VM, of all, and the last few for the summary.
 *
 * Invariant: newest first; severity is told by icon and word; rows out of sight cost no layout (content-visibility).
 */
import { CircleAlert, Info, List, TriangleAlert, type LucideIcon } from 'lucide-react';
import { useMemo, useState } from 'react';
import { EVENTS_LIMIT_MAX, type EventRecord, type Severity, type VmView } from '../../../preload/contract/contract.ts';
import { allEvents, exportEvents, type ExportFormat } from '../../../preload/contract/export.ts';
import { filterArgs, NO_FILTER, useEventQuery, type EventFilter } from './events-query.ts';
import * as format from '../../text/format.ts';
import { Button } from '../../kit/button.tsx';
import { Card } from '../../kit/card.tsx';
import { SearchField } from '../../kit/search-field.tsx';
import { Spinner } from '../../kit/spinner.tsx';
import { usePage, useServices } from '../../services.ts';
import { eventWords } from '../../text/host-words.ts';
import { texts } from '../../text/index.ts';
import { ExportButtons } from './export-buttons.tsx';

const ICONS: { readonly [severity in Severity]: LucideIcon } = {
  info: Info,
  warning: TriangleAlert,
  error: CircleAlert,
};
const RECENT = 6;

export function AllEvents() {
  return (
    <div className="page">
      <header className="page-head">
        <List className="page-icon" aria-hidden="true" />
        <h1>{texts.inventory.events}</h1>
      </header>
      <EventList vm={null} />
    </div>
  );
}

export function VmEvents({ vm }: { readonly vm: VmView }) {
  return <EventList vm={vm} />;
}

function EventList({ vm }: { readonly vm: VmView | null }) {
  const [filter, setFilter] = useState(NO_FILTER);
  const { events, state, more, loadOlder } = useEventQuery(filter, vm?.id ?? null);
  const change = (part: Partial<EventFilter>) => setFilter({ ...filter, ...part });
  const filtered = filter !== NO_FILTER && Object.keys(filterArgs(filter, null)).length > 0;
  const none = state === 'loading' ? texts.events.loading : filtered ? texts.events.noMatch : texts.events.none;
  return (
    <div className="events">
      <div className="events-bar">
        <SearchField label={texts.events.filter} value={filter.text} onChange={(text) => change({ text })} />
        <Choices filter={filter} change={change} />
        <span className="muted events-count" role="status">
          {state === 'loading' ? (
            <Spinner />
          ) : (
            texts.views.eventCount(`${format.count(events.length)}${more ? '+' : ''}`)
          )}
        </span>
        <Exports filter={filter} vm={vm} />
      </div>
      {state === 'failed' ? (
        <p className="events-failed" role="alert">
          {texts.events.failed}
        </p>
      ) : null}
      {events.length === 0 ? (
        <p className="empty">{none}</p>
      ) : (
        <div className="events-scroll" tabIndex={0} role="region" aria-label={texts.inventory.events}>
          <EventTable events={events} withVm={vm === null} sticky />
          {more ? (
            <p className="events-older">
              <Button label={texts.events.older} size="small" onPress={loadOlder} />
            </p>
          ) : null}
        </div>
      )}
    </div>
  );
}

interface ChoicesProps {
  readonly filter: EventFilter;
  readonly change: (part: Partial<EventFilter>) => void;
}

function Choices({ filter, change }: ChoicesProps) {
  return (
    <>
      <select
        className="select"
        aria-label={texts.events.severity}
        value={filter.severity ?? ''}
        onChange={(event) => change({ severity: (event.target.value || null) as Severity | null })}
      >
        <option value="">{texts.events.allSeverities}</option>
        {Object.entries(texts.views.severities).map(([severity, word]) => (
          <option key={severity} value={severity}>
            {word}
          </option>
        ))}
      </select>
      <select
        className="select"
        aria-label={texts.events.kind}
        value={filter.kind ?? ''}
        onChange={(event) => change({ kind: event.target.value || null })}
      >
        <option value="">{texts.events.allKinds}</option>
        {Object.entries(texts.events.kinds).map(([kind, words]) => (
          <option key={kind} value={kind}>
            {words}
          </option>
        ))}
      </select>
    </>
  );
}

function Exports({ filter, vm }: { readonly filter: EventFilter; readonly vm: VmView | null }) {
  const { bridge } = useServices();
  const text = async (kind: ExportFormat) => {
    const args = filterArgs(filter, vm?.id ?? null);
    const events = await allEvents((page) => bridge.call('event.list', { ...args, ...page }), EVENTS_LIMIT_MAX);
    return exportEvents(events, kind);
  };
  return (
    <ExportButtons
      name={`${vm?.name ?? texts.product} events`}
      title={texts.events.exporting}
      hint={texts.events.exportHint}
      text={text}
    />
  );
}

interface EventTableProps {
  readonly events: readonly EventRecord[];
  readonly withVm: boolean;
  readonly sticky?: boolean;
}

function EventTable({ events, withVm, sticky = false }: EventTableProps) {
  return (
    <table className={sticky ? 'table table-sticky event-table' : 'table event-table'}>
      <thead>
        <tr>
          <th className="event-time">{texts.views.time}</th>
          <th className="event-severity">{texts.events.severity}</th>
          {withVm ? <th className="event-vm">{texts.views.vm}</th> : null}
          <th>{texts.views.event}</th>
        </tr>
      </thead>
      <tbody>
        {events.map((event) => (
          <EventRow key={event.id} event={event} withVm={withVm} />
        ))}
      </tbody>
    </table>
  );
}

function EventRow({ event, withVm }: { readonly event: EventRecord; readonly withVm: boolean }) {
  const Icon = ICONS[event.severity];
  return (
    <tr data-kind={event.kind}>
      <td className="event-time" title={format.dateAndTime(event.at)}>
        {format.moment(event.at)}
      </td>
      <td className={`event-severity severity-${event.severity}`}>
        <span>
          <Icon className="icon" aria-hidden="true" />
          {texts.views.severities[event.severity]}
        </span>
      </td>
      {withVm ? <td className="event-vm">{event.vm?.name ?? format.UNKNOWN}</td> : null}
      <td title={event.kind}>{eventWords(event)}</td>
    </tr>
  );
}

export function RecentEvents({ vm }: { readonly vm: VmView | null }) {
  const { go } = useServices();
  const all = usePage((state) => state.events);
  const id = vm?.id;
  const events = useMemo(
    () => (id ? all.filter((event) => event.vm?.id === id) : all).slice(-RECENT).toReversed(),
    [all, id],
  );
  const openAll = () => go(vm ? { page: 'vm', vm: vm.id, tab: 'events' } : { page: 'events' });
  return (
    <Card
      title={texts.views.recentEvents}
      icon={List}
      className="card-flush"
      aside={
        <button type="button" className="link" onClick={openAll}>
          {texts.views.showAll}
        </button>
      }
    >
      {events.length === 0 ? (
        <p className="empty">{texts.events.none}</p>
      ) : (
        <EventTable events={events} withVm={vm === null} />
      )}
    </Card>
  );
}
