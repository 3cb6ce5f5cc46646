/**
 * Events: of one VM, of all, and the last few for the summary.
 *
 * Invariant: newest first; severity is told by icon and word; rows out of sight cost no layout (content-visibility).
 */
import { CircleAlert, Info, List, TriangleAlert, type LucideIcon } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { EventRecord, Severity, VmView } from '../../preload/contract.ts';
import * as format from '../format.ts';
import { Card } from '../kit/card.tsx';
import { SearchField } from '../kit/search-field.tsx';
import { usePage, useServices } from '../services.ts';
import { en } from '../text/en.ts';

const SEVERITY: { readonly [severity in Severity]: { readonly icon: LucideIcon; readonly word: string } } = {
  info: { icon: Info, word: 'Info' },
  warning: { icon: TriangleAlert, word: 'Warning' },
  error: { icon: CircleAlert, word: 'Error' },
};
const RECENT = 6;

export function AllEvents() {
  return (
    <div className="page">
      <header className="page-head">
        <List className="page-icon" aria-hidden="true" />
        <h1>{en.inventory.events}</h1>
      </header>
      <EventList vm={null} />
    </div>
  );
}

export function VmEvents({ vm }: { readonly vm: VmView }) {
  return <EventList vm={vm} />;
}

function useEvents(vm: VmView | null): readonly EventRecord[] {
  const events = usePage((state) => state.events);
  const id = vm?.id;
  return useMemo(() => (id ? events.filter((event) => event.vm?.id === id) : events).toReversed(), [events, id]);
}

function EventList({ vm }: { readonly vm: VmView | null }) {
  const [filter, setFilter] = useState('');
  const [severity, setSeverity] = useState<Severity | 'all'>('all');
  const events = useEvents(vm);
  const words = filter.trim().toLowerCase();
  const shown = events.filter(
    (event) =>
      (severity === 'all' || event.severity === severity) &&
      (words === '' || `${event.message} ${event.kind} ${event.vm?.name ?? ''}`.toLowerCase().includes(words)),
  );
  return (
    <div className="events">
      <div className="events-bar">
        <SearchField label={en.events.filter} value={filter} onChange={setFilter} />
        <select
          className="select"
          aria-label="Severity"
          value={severity}
          onChange={(event) => setSeverity(event.target.value as Severity | 'all')}
        >
          <option value="all">All severities</option>
          <option value="info">Info</option>
          <option value="warning">Warnings</option>
          <option value="error">Errors</option>
        </select>
        <span className="muted">
          {shown.length === events.length ? `${events.length} events` : `${shown.length} of ${events.length} events`}
        </span>
      </div>
      {shown.length === 0 ? (
        <p className="empty">{events.length === 0 ? en.events.none : en.events.noMatch}</p>
      ) : (
        <div className="events-scroll" tabIndex={0} role="region" aria-label={en.inventory.events}>
          <EventTable events={shown} withVm={vm === null} sticky />
        </div>
      )}
    </div>
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
          <th className="event-time">Time</th>
          <th className="event-severity">Severity</th>
          {withVm ? <th className="event-vm">Virtual machine</th> : null}
          <th>Event</th>
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
  const { icon: Icon, word } = SEVERITY[event.severity];
  return (
    <tr data-kind={event.kind}>
      <td className="event-time" title={format.dateAndTime(event.at)}>
        {format.timeOfDay(event.at)}
      </td>
      <td className={`event-severity severity-${event.severity}`}>
        <span>
          <Icon className="icon" aria-hidden="true" />
          {word}
        </span>
      </td>
      {withVm ? <td className="event-vm">{event.vm?.name ?? format.UNKNOWN}</td> : null}
      <td title={event.kind}>{event.message}</td>
    </tr>
  );
}

export function RecentEvents({ vm }: { readonly vm: VmView | null }) {
  const { go } = useServices();
  const events = useEvents(vm).slice(0, RECENT);
  const openAll = () => go(vm ? { page: 'vm', vm: vm.id, tab: 'events' } : { page: 'events' });
  return (
    <Card
      title="Recent events"
      icon={List}
      className="card-flush"
      aside={
        <button type="button" className="link" onClick={openAll}>
          Show all
        </button>
      }
    >
      {events.length === 0 ? (
        <p className="empty">{en.events.none}</p>
      ) : (
        <EventTable events={events} withVm={vm === null} />
      )}
    </Card>
  );
}
