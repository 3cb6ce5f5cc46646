/**
 * TEST DOUBLE: the fake world's answers about events and alarms, and records to fill it with.
 *
 * Invariant: the same questions give what main/store and main/fleet would give.
 */
import type { AlarmRecord, CommandName, EventRecord, TaskRecord, VmView } from '../../../preload/contract/contract.ts';

/** Of the fake world. */
interface HistoryWorld {
  readonly events: readonly EventRecord[];
  readonly alarms: readonly AlarmRecord[];
  alarm(alarm: AlarmRecord): void;
}
type Args = { readonly [key: string]: unknown };

/** The answer; null where the command is about something else. */
export function fakeHistory(world: HistoryWorld, command: CommandName, args: Args): readonly unknown[] | null {
  if (command === 'event.list') return listEvents(world.events, args);
  if (command === 'alarm.list') return args['all'] ? world.alarms : world.alarms.filter((one) => !one.clearedAt);
  return command === 'alarm.acknowledge' ? acknowledge(world, args) : null;
}

function listEvents(events: readonly EventRecord[], args: Args): EventRecord[] {
  const text = ((args['text'] as string | undefined) ?? '').toLowerCase();
  const kind = args['kind'] as string | undefined;
  return events
    .filter((event) => event.id < Number(args['before'] ?? Number.POSITIVE_INFINITY))
    .filter((event) => args['vm'] === undefined || event.vm?.id === args['vm'])
    .filter((event) => args['severity'] === undefined || event.severity === args['severity'])
    .filter((event) => !kind || event.kind === kind || event.kind.startsWith(`${kind}.`))
    .filter(({ message, kind: of, vm }) => `${message}\n${of}\n${vm?.name ?? ''}`.toLowerCase().includes(text))
    .slice(-Number(args['limit']));
}

function acknowledge(world: HistoryWorld, args: Args): AlarmRecord[] {
  const chosen = world.alarms.filter(
    ({ id, vm, clearedAt }) =>
      clearedAt === null && (args['all'] ? (args['vm'] ?? vm.id) === vm.id : id === args['id']),
  );
  const seen = chosen.map((alarm) => {
    const now = Date.now();
    return { ...alarm, acknowledgedAt: now, clearedAt: alarm.about === 'event' ? now : null };
  });
  for (const alarm of seen) world.alarm(alarm);
  return seen;
}

export function fakeAlarm(vm: VmView, id: number, part: Partial<AlarmRecord> = {}): AlarmRecord {
  return {
    id,
    vm: { id: vm.id, name: vm.name },
    definition: 'ft.needSecondary',
    name: 'Virtual machine Fault Tolerance state changed',
    severity: 'error',
    about: 'condition',
    message: 'Need Secondary VM: the connection was lost.',
    raisedAt: Date.now() - 41_000,
    lastAt: Date.now() - 41_000,
    count: 1,
    clearedAt: null,
    acknowledgedAt: null,
    ...part,
  };
}

export function fakeTask(vm: VmView, id: number, part: Partial<TaskRecord> = {}): TaskRecord {
  return {
    id,
    vm: { id: vm.id, name: vm.name },
    kind: 'power.on',
    title: 'Power on virtual machine',
    by: 'user',
    startedAt: Date.now() - 60_000 * (20 - id),
    endedAt: Date.now() - 60_000 * (20 - id) + 900,
    progress: 1,
    phase: null,
    outcome: 'done',
    error: null,
    ...part,
  };
}
