/**
 * The benchmark's report: as text for a terminal, as Markdown, and as JSON.
 *
 * Invariant: it shows all that was measured; goals that were not measured in this run are not listed.
 */
import { digits } from './figures.ts';
import { GOALS, isMet, type GoalName } from './goals.ts';
import type { Machine } from './machine.ts';
import type { Outcome, Scenario, Table } from './scenario.ts';

export interface Section {
  readonly scenario: Scenario;
  readonly outcome: Outcome;
  readonly seconds: number;
}

export interface Report {
  readonly machine: Machine;
  /** Load averages before and after. */
  readonly load: readonly [number, number];
  readonly quick: boolean;
  readonly sections: readonly Section[];
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

function markdownTable({ title, heads, rows, note }: Table): string {
  const rule = heads.map((_, column) => (column === 0 ? '---' : '---:'));
  return [`### ${title}`, '', line(heads), line(rule), ...rows.map(line), ...(note ? ['', note] : [])].join('\n');
}

/** Columns of equal width. */
export function textTable({ title, heads, rows, note }: Table): string {
  const widths = heads.map((_, column) => Math.max(...[heads, ...rows].map((row) => (row[column] ?? '').length)));
  const text = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
  return [`\n${title}`, text(heads), ...rows.map(text), ...(note ? [note] : [])].join('\n');
}

/** Null when nothing that a goal refers to was measured. */
export function goalTable(sections: readonly Section[]): Table | null {
  const figures = Object.assign({}, ...sections.map(({ outcome }) => outcome.figures)) as Outcome['figures'];
  const names = (Object.keys(GOALS) as GoalName[]).filter((name) => figures[name] !== undefined);
  if (names.length === 0) return null;
  const rows = names.map((name) => {
    const { text, unit, target, better } = GOALS[name];
    const figure = figures[name] ?? Number.NaN;
    return [
      text,
      unit,
      `${better === 'more' ? '≥' : '≤'} ${target}`,
      digits(figure),
      isMet(name, figure) ? 'met' : 'no',
    ];
  });
  return { title: 'Goals', heads: ['figure', 'unit', 'goal', 'measured', ''], rows };
}

export function markdown({ machine, load, quick, sections }: Report): string {
  const goals = goalTable(sections);
  const parts = [
    '# Benchmark',
    [
      `\`npm run bench${quick ? ' -- --quick' : ''}\` on ${machine.date}, sources ${machine.commit}: ${machine.cores} cores`,
      `(${machine.cpu}), ${machine.memoryGB} GB, ${machine.system}, Node ${machine.node}, v86 ${machine.v86}; load average`,
      `${load.map(digits).join(' before, ')} after. Primary and secondary share this computer's cores.`,
    ].join('\n'),
    ...(goals ? [markdownTable(goals).replace('###', '##')] : []),
    ...sections.map(({ scenario, outcome, seconds }) =>
      [`## ${scenario.title}`, ...outcome.tables.map(markdownTable), `(${digits(seconds)} s)`].join('\n\n'),
    ),
  ];
  return `${parts.join('\n\n')}\n`;
}

export function json({ machine, load, quick, sections }: Report): string {
  const scenarios = Object.fromEntries(
    sections.map(({ scenario, outcome, seconds }) => [
      scenario.name,
      { seconds, figures: outcome.figures, raw: outcome.raw },
    ]),
  );
  return `${JSON.stringify({ machine, load, quick, scenarios }, null, 1)}\n`;
}
