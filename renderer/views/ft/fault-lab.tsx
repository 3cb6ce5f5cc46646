/**
 * The fault lab: what can be made to fail, what is failing now, and what came of it.
 *
 * Invariant: every fault says before what will happen; what is injected is what the host says is.
 */
import { FlaskConical, ListTree, TriangleAlert } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { ActiveFault, EventRecord, FaultKind, VmView } from '../../../preload/contract/contract.ts';
import { FAULT_MS_MAX, FAULTS } from '../../../preload/contract/faults.ts';
import { FAULT_MS, faultAction } from '../../actions/faults.ts';
import * as format from '../../text/format.ts';
import { ftWords } from '../../text/vm-words.ts';
import { ActionButton } from '../../kit/action-button.tsx';
import { Badge } from '../../kit/badge.tsx';
import { Card } from '../../kit/card.tsx';
import { usePage } from '../../services.ts';
import { eventWords } from '../../text/host-words.ts';
import { texts } from '../../text/index.ts';
import { Failovers } from './failover.tsx';

const { lab } = texts;
/** What is healed is told with what is injected. */
const KINDS = FAULTS.filter((kind) => kind !== 'heal');
const STORY_MAX = 40;

export function FaultLab({ vm }: { readonly vm: VmView }) {
  return (
    <div className="page-scroll">
      <div className="lab">
        <Card title={lab.title} icon={FlaskConical} aside={<span className="muted">{lab.real}</span>}>
          <ul className="lab-faults">
            {KINDS.map((kind) => (
              <Fault key={kind} kind={kind} vm={vm} />
            ))}
          </ul>
        </Card>
        <div className="lab-side">
          <Injected vm={vm} />
          <Story vm={vm} />
        </div>
      </div>
      <Failovers vm={vm} />
    </div>
  );
}

function Fault({ kind, vm }: { readonly kind: FaultKind; readonly vm: VmView }) {
  const [text, setText] = useState(String(FAULT_MS[kind] ?? ''));
  const ms = Number(text);
  const timed = FAULT_MS[kind] !== undefined;
  const wrong = timed && !(Number.isInteger(ms) && ms >= 1 && ms <= FAULT_MS_MAX);
  const action = faultAction(kind, timed ? ms : undefined);
  const refused = wrong ? { ...action, enabled: () => lab.msWrong(FAULT_MS_MAX) } : action;
  return (
    <li data-fault={kind}>
      <p>{texts.faults[kind].effect(vm.ftSettings)}</p>
      {timed ? (
        <label className="lab-ms">
          <span>{kind === 'delay-channel' ? lab.by : lab.for}</span>
          <input
            inputMode="numeric"
            value={text}
            aria-invalid={wrong || undefined}
            aria-label={`${texts.faults[kind].label}: ${lab.ms}`}
            onChange={(event) => setText(event.target.value.trim())}
          />
          <span>ms</span>
        </label>
      ) : (
        <span />
      )}
      <ActionButton action={refused} vm={vm} size="small" />
    </li>
  );
}

function Injected({ vm }: { readonly vm: VmView }) {
  return (
    <Card
      title={lab.injected}
      icon={TriangleAlert}
      aside={<ActionButton action={faultAction('heal')} vm={vm} size="small" />}
    >
      {vm.faults.length === 0 ? (
        <p className="muted" data-testid="lab-healthy">
          {vm.power === 'off' ? lab.off : lab.healthy}
        </p>
      ) : (
        <ul className="lab-injected">
          {vm.faults.map((fault) => (
            <li key={fault.kind} data-active={fault.kind}>
              <Badge tone="bad">{texts.faults[fault.kind].now}</Badge>
              <span className="muted">{details(fault)}</span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function details({ at, ms, pid, kind }: ActiveFault): string {
  const time = ms === null ? [] : [kind === 'delay-channel' ? lab.later(ms) : lab.lasts(ms)];
  const who = pid === null ? [] : [lab.process(pid)];
  return format.list([...who, ...time, lab.since(format.timeOfDay(at))]);
}

/** What happened since the last fault, and how long after it. */
function Story({ vm }: { readonly vm: VmView }) {
  const all = usePage((state) => state.events);
  const story = useMemo(() => storyOf(all, vm.id), [all, vm.id]);
  const words = ftWords(vm);
  const first = story[0];
  return (
    <Card
      title={lab.story}
      icon={ListTree}
      aside={<Badge tone={words.tone}>{words.detail ?? words.headline}</Badge>}
      className="lab-story"
    >
      {first ? (
        <ol aria-label={lab.story} data-testid="lab-story">
          {story.map(({ id, at, message, severity, kind, data }) => (
            <li key={id} data-kind={kind}>
              <span className="lab-after">
                {id === first.id ? format.timeOfDay(at) : `+ ${format.milliseconds(at - first.at)}`}
              </span>
              <span className={`severity-${severity}`}>{eventWords({ kind, data, message })}</span>
            </li>
          ))}
        </ol>
      ) : (
        <p className="muted">{lab.nothing}</p>
      )}
    </Card>
  );
}

/** The events of the VM from its last fault on, in order. */
export function storyOf(events: readonly EventRecord[], vm: string): readonly EventRecord[] {
  const mine = events.filter((event) => event.vm?.id === vm);
  const from = mine.findLastIndex(({ kind, data }) => kind === 'fault.injected' && data['kind'] !== 'heal');
  return from < 0 ? [] : mine.slice(from, from + STORY_MAX);
}
