/**
 * A campaign of snapshots as Markdown.
 *
 * Invariant: every figure is one that was measured (nearest rank).
 */
import { percentiles, words } from './figures.ts';
import { ACTIONS, type SnapshotOrder } from './snapshot-plan.ts';
import type { SnapshotResult } from './snapshot-scene.ts';

export interface SnapshotHeader {
  readonly order: SnapshotOrder;
  readonly machine: { readonly cpus: number; readonly model: string; readonly node: string };
  readonly startedAt: number;
}

export interface SnapshotCampaign {
  readonly header: SnapshotHeader;
  readonly results: readonly SnapshotResult[];
  /** What was wrong; null where nothing was. */
  readonly wrong: string | null;
}

const INTRODUCTION = `\
Snapshots of the sample guest (72 MB) with an ext4 disk are taken, reverted to and deleted at random by \`npm
run campaign:snapshots\`, on a VM that is off, runs or is Protected, while the guest writes all over its disk.
In every other step the host is killed (kill -9; its replicas die with it) between 5 ms and 5 s after the step
was begun. After each death the host is started again, and everything is looked at from outside:

- every snapshot that was reported taken is there, what was reported deleted is not, and of what was under way
  either end is good;
- \`disk check\` of every layer finds nothing; the disk of every snapshot, read through its chain of layers, has
  the hash that it had when it was taken;
- the current disk and, the first time, each snapshot's are exported: e2fsck finds a clean file system after
  the journal's replay, and eight files of known contents hold what was synced before that moment; after a
  revert the guest itself reads them, past its cache;
- no file is left in the VM's folder that no snapshot and no disk needs.

At the end all snapshots are deleted: the disk must be its one own file again, and hold the same.`;

const count = (list: readonly unknown[]): string => String(list.length);
const MIB = 2 ** 20;

export function reportOf(campaigns: readonly SnapshotCampaign[]): string {
  const parts = campaigns.map(section);
  return `# Snapshot campaign\n\n${INTRODUCTION}\n\n${parts.join('\n\n')}\n`;
}

function section({ header, results, wrong }: SnapshotCampaign): string {
  const { order, machine, startedAt } = header;
  const deaths = results.flatMap((one) => (one.death ? [{ ...one, death: one.death }] : []));
  const before = deaths.filter(({ death }) => !death.reported);
  const violations = wrong === null ? 'no violation' : 'one violation';
  const title = `${results.length} steps, ${deaths.length} deaths, ${violations}`;
  return [
    `## ${title}`,
    '',
    `Seed ${order.seed}, disk of ${order.diskMB} MB (${order.format}), ` +
      `${machine.cpus} cores (${machine.model}), Node ${machine.node}, ` +
      `${new Date(startedAt).toISOString().slice(0, 10)}.`,
    ...(wrong === null ? [] : ['', `**${wrong}**`]),
    '',
    '| Step | n | off | on | Protected | host killed | not reported by then | but done |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...ACTIONS.map((action) => {
      const of = results.filter((one) => one.action === action);
      const on = of.filter(({ offline }) => !offline);
      const killed = before.filter((one) => one.action === action);
      const cells = [
        of,
        of.filter(({ offline }) => offline),
        on.filter(({ protect }) => !protect),
        on.filter(({ protect }) => protect),
        of.filter(({ death }) => death),
        killed,
        killed.filter(({ death }) => death.happened),
      ];
      return `| ${action} | ${cells.map(count).join(' | ')} |`;
    }),
    '',
    '| p50 / p90 / p99 / worst | n | off | on | Protected |',
    '| --- | ---: | ---: | ---: | ---: |',
    ...ACTIONS.map((action) => row(`${action}, ms`, results, (one) => (one.action === action ? one.tookMs : null))),
    row('guest stands still (stun), ms', results, ({ stunMs }) => stunMs),
    row('merged after a delete, ms', results, ({ mergedMs }) => mergedMs),
    row('a snapshot, MiB', results, ({ bytes }) => bytes && bytes / MIB),
    row('all states and layers, MiB', results, ({ folderBytes }) => folderBytes / MIB),
    row('files that the disk is made of', results, ({ diskFiles }) => diskFiles),
    row('looking at everything after a death, ms', results, ({ checkedMs }) => checkedMs),
  ].join('\n');
}

function row(name: string, results: readonly SnapshotResult[], value: (one: SnapshotResult) => number | null): string {
  const states = [
    results.filter(({ offline }) => offline),
    results.filter(({ offline, protect }) => !offline && !protect),
    results.filter(({ protect }) => protect),
  ];
  const cells = states.map((list) => words(percentiles(list.flatMap((one) => value(one) ?? []))));
  return `| ${name} | ${results.filter((one) => value(one) !== null).length} | ${cells.join(' | ')} |`;
}
