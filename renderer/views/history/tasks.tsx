/**
 * The recent tasks at the bottom: what is being done and how far it is, what was done and how it ended.
 *
 * Invariant: newest first; the outcome is told in words; collapsed, the newest task still shows.
 */
import { ChevronDown, ChevronUp, CircleAlert, CircleCheck, CircleMinus, ListTodo } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { TaskOutcome, TaskRecord } from '../../../preload/contract/contract.ts';
import { exportTasks, type ExportFormat } from '../../../preload/contract/export.ts';
import { TASKS_LIMIT_MAX } from '../../../preload/contract/history.ts';
import * as format from '../../text/format.ts';
import { Button } from '../../kit/button.tsx';
import { SearchField } from '../../kit/search-field.tsx';
import { Spinner } from '../../kit/spinner.tsx';
import { usePage, useServices } from '../../services.ts';
import { ALL_TASKS, filterTasks, type TaskFilter } from './tasks-filter.ts';
import { texts } from '../../text/index.ts';
import { hostWords, taskPhase, taskTitle } from '../../text/host-words.ts';
import { ExportButtons } from './export-buttons.tsx';
import { CancelTask } from '../vm/share.tsx';

const KEPT = 'lockstep.tasks';
const TICK_MS = 1000;

/** What the user chose; null where nothing was: then it is open, except where a console needs the room. */
function readChoice(): boolean | null {
  const kept = localStorage.getItem(KEPT);
  return kept === null ? null : kept === 'open';
}

export function RecentTasks() {
  const tasks = usePage((state) => state.tasks);
  const inConsole = usePage(({ route }) => route.page === 'vm' && (route.tab === 'console' || route.tab === 'serial'));
  const [choice, setChoice] = useState(readChoice);
  const [filter, setFilter] = useState(ALL_TASKS);
  const open = choice ?? !inConsole;
  const shown = filterTasks(tasks, filter);
  const running = tasks.filter((task) => task.outcome === null).length;
  const toggle = () => {
    localStorage.setItem(KEPT, open ? 'closed' : 'open');
    setChoice(!open);
  };
  return (
    <section className="tasks" aria-label={texts.tasks.title}>
      <header className="tasks-head">
        <ListTodo className="icon" aria-hidden="true" />
        <h2>{texts.tasks.title}</h2>
        {running > 0 ? <span className="count count-live">{texts.views.tasksRunning(running)}</span> : null}
        {open || !tasks[0] ? null : <Newest task={tasks[0]} />}
        {open && tasks.length > 0 ? (
          <>
            <Filter filter={filter} change={setFilter} />
            <TaskExports />
          </>
        ) : null}
        <Button
          label={open ? texts.tasks.hide : texts.tasks.show}
          icon={open ? ChevronDown : ChevronUp}
          iconOnly
          tone="quiet"
          size="small"
          onPress={toggle}
        />
      </header>
      {open ? <TaskList tasks={shown} none={tasks.length === 0 ? texts.tasks.none : texts.tasks.noMatch} /> : null}
    </section>
  );
}

interface FilterProps {
  readonly filter: TaskFilter;
  readonly change: (filter: TaskFilter) => void;
}

function Filter({ filter, change }: FilterProps) {
  const outcomes = { running: texts.tasks.running, ...texts.tasks.outcomes };
  return (
    <div className="tasks-filter">
      <SearchField label={texts.tasks.filter} value={filter.text} onChange={(text) => change({ ...filter, text })} />
      <select
        className="select"
        aria-label={texts.tasks.status}
        value={filter.outcome ?? ''}
        onChange={(event) => change({ ...filter, outcome: (event.target.value || null) as TaskFilter['outcome'] })}
      >
        <option value="">{texts.tasks.allOutcomes}</option>
        {Object.entries(outcomes).map(([outcome, word]) => (
          <option key={outcome} value={outcome}>
            {word}
          </option>
        ))}
      </select>
    </div>
  );
}

function TaskExports() {
  const { bridge } = useServices();
  const text = async (kind: ExportFormat) =>
    exportTasks((await bridge.call('task.list', { limit: TASKS_LIMIT_MAX })).toReversed(), kind);
  return (
    <ExportButtons
      name={`${texts.product} tasks`}
      title={texts.tasks.exporting}
      hint={texts.tasks.exportHint}
      text={text}
    />
  );
}

function Newest({ task }: { readonly task: TaskRecord }) {
  return (
    <span className="tasks-newest">
      <span>{`${taskTitle(task)} · ${task.vm.name}`}</span>
      <Status task={task} />
    </span>
  );
}

function TaskList({ tasks, none }: { readonly tasks: readonly TaskRecord[]; readonly none: string }) {
  if (tasks.length === 0) {
    return (
      <p className="tasks-none" role="status">
        {none}
      </p>
    );
  }
  return (
    <div className="tasks-scroll" tabIndex={0} role="region" aria-label={texts.tasks.title}>
      <table className="table table-sticky table-tight">
        <thead>
          <tr>
            <th>{texts.tasks.task}</th>
            <th>{texts.tasks.target}</th>
            <th className="task-status">{texts.tasks.status}</th>
            <th className="cell-cut">{texts.tasks.details}</th>
            <th className="cell-wide">{texts.tasks.initiator}</th>
            <th>{texts.tasks.started}</th>
            <th className="number">{texts.tasks.took}</th>
          </tr>
        </thead>
        <tbody>
          {tasks.map((task) => (
            <TaskRow key={task.id} task={task} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function TaskRow({ task }: { readonly task: TaskRecord }) {
  const { go } = useServices();
  const { vm } = task;
  // Nobody can go to a VM that was deleted since.
  const isThere = usePage(({ inventory }) => inventory?.vms.some(({ id }) => id === vm.id) ?? false);
  const error = task.error === null ? null : hostWords(task.error);
  return (
    <tr data-task={task.kind} data-outcome={task.outcome ?? 'running'}>
      <td className="cell-line">{taskTitle(task)}</td>
      <td className="cell-line task-target">
        {isThere ? (
          <button type="button" className="link" onClick={() => go({ page: 'vm', vm: vm.id, tab: 'summary' })}>
            {vm.name}
          </button>
        ) : (
          vm.name
        )}
      </td>
      <td className="task-status">
        <Status task={task} />
        <CancelTask task={task} />
      </td>
      <td className={error ? 'cell-cut cell-line severity-error' : 'cell-cut cell-line'} title={error ?? undefined}>
        <span className="cut">{error ?? taskPhase(task)}</span>
      </td>
      <td className="cell-line cell-wide">{texts.tasks.by[task.by]}</td>
      <td className="cell-line" title={format.dateAndTime(task.startedAt)}>
        {format.moment(task.startedAt)}
      </td>
      <td className="number">
        <Took task={task} />
      </td>
    </tr>
  );
}

const OUTCOMES: { readonly [outcome in TaskOutcome]: { icon: typeof CircleCheck; tone: string } } = {
  done: { icon: CircleCheck, tone: 'good' },
  failed: { icon: CircleAlert, tone: 'bad' },
  cancelled: { icon: CircleMinus, tone: 'idle' },
  interrupted: { icon: CircleAlert, tone: 'warn' },
};

function Status({ task }: { readonly task: TaskRecord }) {
  const { outcome, progress } = task;
  if (outcome) {
    const { icon: Icon, tone } = OUTCOMES[outcome];
    return (
      <span className={`task-outcome tone-text-${tone}`}>
        <Icon className="icon" aria-hidden="true" />
        {texts.tasks.outcomes[outcome]}
      </span>
    );
  }
  if (progress === null) {
    return (
      <span className="task-outcome tone-text-busy">
        <Spinner />
        {texts.tasks.running}
      </span>
    );
  }
  const share = Math.floor(progress * 100);
  return (
    <span className="task-outcome">
      <progress className="progress" max={100} value={share} aria-label={`${taskTitle(task)}: ${task.vm.name}`} />
      <span className="task-share">{`${share} %`}</span>
    </span>
  );
}

/** Goes on while the task runs. */
function Took({ task }: { readonly task: TaskRecord }) {
  const [now, setNow] = useState(() => Date.now());
  const running = task.outcome === null;
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, [running]);
  // When a former host's task was interrupted nobody knows.
  if (task.outcome === 'interrupted') return format.UNKNOWN;
  const ms = (task.endedAt ?? Math.max(now, task.startedAt)) - task.startedAt;
  return ms < 10_000 && task.endedAt !== null ? format.milliseconds(ms) : format.duration(ms);
}
