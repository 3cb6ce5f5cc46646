/**
 * Events as a file that other programs read.
 *
 * Invariant: CSV as RFC 4180 says (CRLF, quotes doubled), the first line names the columns; JSON is an array of the
 * contract's records; both are in the order given.
 */
import type { EventRecord } from './contract.ts';

export const EXPORT_FORMATS = ['csv', 'json'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

const HEADING = 'id,time,severity,vm,kind,message,data';

export function exportEvents(events: readonly EventRecord[], format: ExportFormat): string {
  if (format === 'json') return `${JSON.stringify(events, null, 1)}\n`;
  return [HEADING, ...events.map(csvLine), ''].join('\r\n');
}

function csvLine({ id, at, severity, vm, kind, message, data }: EventRecord): string {
  const cells = [String(id), new Date(at).toISOString(), severity, vm?.name ?? '', kind, message, JSON.stringify(data)];
  return cells.map(csvCell).join(',');
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
