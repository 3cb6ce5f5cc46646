/**
 * Events, tasks and alarms as a file that other programs read.
 *
 * Invariant: CSV as RFC 4180 says (CRLF, quotes doubled), the first line names the columns; JSON is an array of the
 * contract's records; both are in the order given.
 */
import type { AlarmRecord, EventRecord, TaskRecord } from './history.ts';

export const EXPORT_FORMATS = ['csv', 'json'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** The columns of each, in order. */
interface Columns<T> {
  readonly heading: string;
  readonly cells: (one: T) => readonly (string | number | null)[];
}

const EVENTS: Columns<EventRecord> = {
  heading: 'id,time,severity,vm,kind,message,data',
  cells: ({ id, at, severity, vm, kind, message, data }) => {
    return [id, time(at), severity, vm?.name ?? '', kind, message, JSON.stringify(data)];
  },
};
const TASKS: Columns<TaskRecord> = {
  heading: 'id,started,ended,vm,kind,title,by,outcome,error',
  cells: ({ id, startedAt, endedAt, vm, kind, title, by, outcome, error }) => {
    return [id, time(startedAt), time(endedAt), vm.name, kind, title, by, outcome, error];
  },
};
const ALARMS: Columns<AlarmRecord> = {
  heading: 'id,raised,last,count,severity,vm,definition,name,message,acknowledged,cleared',
  cells: ({ id, raisedAt, lastAt, count, severity, vm, definition, name, message, ...ended }) => {
    const when = [time(ended.acknowledgedAt), time(ended.clearedAt)];
    return [id, time(raisedAt), time(lastAt), count, severity, vm.name, definition, name, message, ...when];
  },
};

export const exportEvents = exporter(EVENTS);
export const exportTasks = exporter(TASKS);
export const exportAlarms = exporter(ALARMS);

function exporter<T>({ heading, cells }: Columns<T>): (list: readonly T[], format: ExportFormat) => string {
  return (list, format) => {
    if (format === 'json') return `${JSON.stringify(list, null, 1)}\n`;
    const lines = list.map((one) => cells(one).map((cell) => csvCell(String(cell ?? ''))));
    return [heading, ...lines.map((line) => line.join(',')), ''].join('\r\n');
  };
}

function time(at: number | null): string {
  return at === null ? '' : new Date(at).toISOString();
}

function csvCell(text: string): string {
  // A program that calculates would take these as the beginning of a formula.
  const safe = /^[=+@\t\r-]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * All events that a question finds, oldest first, fetched page by page from the newest back.
 * `list` answers with the newest `limit` events before `before`, oldest first.
 */
export async function allEvents(
  list: (page: { readonly before?: number; readonly limit: number }) => Promise<readonly EventRecord[]>,
  pageSize: number,
): Promise<EventRecord[]> {
  const pages: (readonly EventRecord[])[] = [];
  for (;;) {
    const before = pages.at(-1)?.[0]?.id;
    const page = await list({ limit: pageSize, ...(before !== undefined && { before }) });
    pages.push(page);
    if (page.length < pageSize) return pages.toReversed().flat();
  }
}
