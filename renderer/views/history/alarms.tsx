/**
 * Alarms: the mark beside a VM's name, the count in the inventory, the list on a VM's page, and the page of all.
 *
 * Invariant: the severity is told by a word, not by colour alone; an alarm can be acknowledged wherever it is listed.
 */
import { BellRing, Check, CircleAlert, TriangleAlert } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { AlarmRecord, AlarmSummary, VmView } from '../../../preload/contract/contract.ts';
import { exportAlarms } from '../../../preload/contract/export.ts';
import * as format from '../../text/format.ts';
import { Button } from '../../kit/button.tsx';
import { Card } from '../../kit/card.tsx';
import { SearchField } from '../../kit/search-field.tsx';
import { usePage, useServices } from '../../services.ts';
import { texts } from '../../text/index.ts';
import { alarmName, hostWords } from '../../text/host-words.ts';
import { ExportButtons } from './export-buttons.tsx';

const ICONS = { warning: TriangleAlert, error: CircleAlert } as const;
const HISTORY_MAX = 500;

/** Nothing where there is no alarm; muted where all are acknowledged. */
export function AlarmMark({ alarms }: { readonly alarms: AlarmSummary }) {
  if (alarms.active === 0) return null;
  const Icon = ICONS[alarms.worst ?? 'warning'];
  const word = alarms.worst ? texts.alarms.severities[alarms.worst] : texts.alarms.acknowledged;
  const words = texts.views.alarmCount(alarms.active, word);
  return (
    <span className={`alarm-mark severity-${alarms.worst ?? 'info'}`} title={words} data-testid="alarm-mark">
      <Icon className="icon" aria-hidden="true" />
      <span className="hidden-text">{words}</span>
    </span>
  );
}

/** How many are not acknowledged, in the colour of the worst of them; nothing where there is none. */
export function AlarmCount() {
  const open = usePage(({ alarms }) => alarms.filter(isOpen).length);
  const critical = usePage(({ alarms }) => alarms.some((alarm) => isOpen(alarm) && alarm.severity === 'error'));
  if (open === 0) return null;
  const worst = critical ? 'error' : 'warning';
  const word = texts.alarms.severities[worst];
  return (
    <span className={`count count-${worst}`} title={texts.views.alarmCount(open, word)} data-testid="alarm-count">
      {open}
      <span className="hidden-text">{` ${word}`}</span>
    </span>
  );
}

function isOpen({ acknowledgedAt }: AlarmRecord): boolean {
  return acknowledgedAt === null;
}

export function AllAlarms() {
  const [history, setHistory] = useState(false);
  const active = usePage((state) => state.alarms);
  const past = useHistory(history, active);
  const [text, setText] = useState('');
  const shown = found(history ? past : inOrder(active), text);
  const none = text.trim() ? texts.alarms.noMatch : history ? texts.alarms.noneHistory : texts.alarms.none;
  return (
    <div className="page">
      <header className="page-head">
        <BellRing className="page-icon" aria-hidden="true" />
        <h1>{texts.inventory.alarms}</h1>
        <div className="page-actions">
          <AcknowledgeAll alarms={active} vm={null} />
        </div>
      </header>
      <div className="events">
        <div className="events-bar" role="group" aria-label={texts.alarms.title}>
          <Button label={texts.alarms.active} pressed={!history} size="small" onPress={() => setHistory(false)} />
          <Button label={texts.alarms.history} pressed={history} size="small" onPress={() => setHistory(true)} />
          <SearchField label={texts.alarms.filter} value={text} onChange={setText} />
          <ExportButtons
            name={`${texts.product} alarms`}
            title={texts.alarms.exporting}
            hint={texts.alarms.exportHint}
            text={async (kind) => exportAlarms(shown, kind)}
          />
        </div>
        <List alarms={shown} none={none} />
      </div>
    </div>
  );
}

/** Those whose words contain the text. */
function found(alarms: readonly AlarmRecord[], text: string): readonly AlarmRecord[] {
  const words = text.trim().toLowerCase();
  return alarms.filter(({ definition, name, message, vm }) =>
    `${alarmName({ definition, name })}\n${message}\n${hostWords(message)}\n${vm.name}`.toLowerCase().includes(words),
  );
}

function List({ alarms, none }: { readonly alarms: readonly AlarmRecord[]; readonly none: string }) {
  if (alarms.length === 0) return <p className="empty">{none}</p>;
  return (
    <div className="events-scroll" tabIndex={0} role="region" aria-label={texts.alarms.title}>
      <AlarmTable alarms={alarms} withVm sticky />
    </div>
  );
}

/** What needs somebody first: not acknowledged, then critical, then newest. */
function inOrder(alarms: readonly AlarmRecord[]): AlarmRecord[] {
  const rank = ({ acknowledgedAt, severity }: AlarmRecord): number =>
    (acknowledgedAt === null ? 0 : 2) + (severity === 'error' ? 0 : 1);
  return alarms.toSorted((a, b) => rank(a) - rank(b) || b.lastAt - a.lastAt);
}

/** Also cleared ones, asked again whenever the active ones change. */
function useHistory(wanted: boolean, active: readonly AlarmRecord[]): readonly AlarmRecord[] {
  const { bridge } = useServices();
  const [alarms, setAlarms] = useState<readonly AlarmRecord[]>([]);
  useEffect(() => {
    if (!wanted) return;
    let current = true;
    bridge.call('alarm.list', { all: true, limit: HISTORY_MAX }).then(
      (list) => void (current && setAlarms(list)),
      // The connection is lost: the banner says so, and the list is asked again when the alarms come anew.
      () => {},
    );
    return () => {
      current = false;
    };
  }, [bridge, wanted, active]);
  return alarms;
}

/** On the VM's page: nothing where nothing is triggered. */
export function VmAlarms({ vm }: { readonly vm: VmView }) {
  const all = usePage((state) => state.alarms);
  const alarms = inOrder(all.filter((alarm) => alarm.vm.id === vm.id));
  if (alarms.length === 0) return null;
  return (
    <Card
      title={texts.alarms.title}
      icon={BellRing}
      className="card-flush alarm-card"
      aside={<AcknowledgeAll alarms={alarms} vm={vm} />}
    >
      <AlarmTable alarms={alarms} withVm={false} />
    </Card>
  );
}

function AcknowledgeAll({ alarms, vm }: { readonly alarms: readonly AlarmRecord[]; readonly vm: VmView | null }) {
  const { runner, bridge } = useServices();
  const open = alarms.filter(isOpen);
  if (open.length < 2) return null;
  const acknowledge = () => {
    void runner.attempt('acknowledge-all', texts.actions.acknowledgeAll, async () => {
      await bridge.call('alarm.acknowledge', { all: true, ...(vm && { vm: vm.id }) });
    });
  };
  return <Button label={texts.actions.acknowledgeAll} icon={Check} size="small" onPress={acknowledge} />;
}

interface TableProps {
  readonly alarms: readonly AlarmRecord[];
  readonly withVm: boolean;
  readonly sticky?: boolean;
}

function AlarmTable({ alarms, withVm, sticky = false }: TableProps) {
  return (
    <table className={sticky ? 'table table-sticky alarm-table' : 'table alarm-table'}>
      <thead>
        <tr>
          <th className="event-severity">{texts.events.severity}</th>
          {withVm ? <th className="event-vm">{texts.views.vm}</th> : null}
          <th>{texts.views.alarm}</th>
          <th className="alarm-time">{texts.views.triggered}</th>
          <th className="alarm-state">
            <span className="hidden-text">{texts.views.state}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {alarms.map((alarm) => (
          <AlarmRow key={alarm.id} alarm={alarm} withVm={withVm} />
        ))}
      </tbody>
    </table>
  );
}

function AlarmRow({ alarm, withVm }: { readonly alarm: AlarmRecord; readonly withVm: boolean }) {
  const { go } = useServices();
  const Icon = ICONS[alarm.severity];
  const { id, vm, message, lastAt, count } = alarm;
  return (
    <tr data-alarm={alarm.definition}>
      <td className={`event-severity severity-${alarm.severity}`}>
        <span>
          <Icon className="icon" aria-hidden="true" />
          {texts.alarms.severities[alarm.severity]}
        </span>
      </td>
      {withVm ? (
        <td className="event-vm">
          <button type="button" className="link" onClick={() => go({ page: 'vm', vm: vm.id, tab: 'summary' })}>
            {vm.name}
          </button>
        </td>
      ) : null}
      <td>
        <strong className="alarm-name">{alarmName(alarm)}</strong>
        <span className="alarm-message">{hostWords(message)}</span>
      </td>
      <td className="alarm-time" title={format.dateAndTime(alarm.raisedAt)}>
        {format.moment(lastAt)}
        {count > 1 ? <span className="muted"> · {count}×</span> : null}
      </td>
      <td className="alarm-state">
        <AlarmState alarm={alarm} key={id} />
      </td>
    </tr>
  );
}

function AlarmState({ alarm }: { readonly alarm: AlarmRecord }) {
  const { runner, bridge } = useServices();
  const key = `acknowledge:${alarm.id}`;
  const busy = usePage((state) => state.pending.includes(key));
  if (alarm.clearedAt !== null) {
    return <span className="muted">{`${texts.alarms.cleared} ${format.moment(alarm.clearedAt)}`}</span>;
  }
  if (alarm.acknowledgedAt !== null) {
    return (
      <span className="muted" title={format.dateAndTime(alarm.acknowledgedAt)}>
        {texts.alarms.acknowledged}
      </span>
    );
  }
  const acknowledge = () => {
    void runner.attempt(key, `${texts.actions.acknowledge}: ${alarmName(alarm)}`, async () => {
      await bridge.call('alarm.acknowledge', { id: alarm.id });
    });
  };
  const hint = alarm.about === 'condition' ? texts.alarms.lasts : texts.alarms.stays;
  return (
    <Button label={texts.actions.acknowledge} icon={Check} size="small" busy={busy} hint={hint} onPress={acknowledge} />
  );
}
