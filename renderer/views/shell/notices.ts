/**
 * Desktop notifications of what somebody should know who does not look: failovers and lost protection.
 *
 * Invariants: nothing is shown, and nothing asked of the browser, before the user has turned it on; an alarm is told
 * once for each time it is raised, and those that were there when the page came are not told.
 */
import type { AlarmRecord } from '../../../preload/contract/contract.ts';
import type { Bridge, Subscription } from '../../host/bridge.ts';
import { alarmName, hostWords } from '../../text/host-words.ts';
import { texts } from '../../text/index.ts';

/** The alarms that are worth a word on the desktop. What the user asked for raises none of them. */
const TOLD: ReadonlySet<string> = new Set([
  'ft.failover',
  'ft.needSecondary',
  'ft.divergence',
  'ft.startFailed',
  'power.lost',
]);
const KEY = 'lockstep.notices';

export interface Notice {
  /** A later notice of the same alarm takes the place of the former. */
  readonly tag: string;
  readonly vm: string;
  readonly title: string;
  readonly body: string;
}

export function noticeOf(alarm: AlarmRecord): Notice | null {
  if (!TOLD.has(alarm.definition) || alarm.clearedAt !== null || alarm.acknowledgedAt !== null) return null;
  const { id, vm, message } = alarm;
  return {
    tag: `alarm ${id}`,
    vm: vm.id,
    title: texts.notices.title(vm.name, alarmName(alarm)),
    body: hostWords(message),
  };
}

/** Tells of every alarm that is raised from now on, also of those that were raised while the connection was lost. */
export function followAlarms(bridge: Pick<Bridge, 'subscribe'>, show: (notice: Notice) => void): Subscription {
  const seen = new Set<string>();
  let first = true;
  return bridge.subscribe(
    'alarms',
    {},
    {
      data: (alarms) => {
        for (const alarm of alarms) {
          const raised = `${alarm.id} ${alarm.count}`;
          const notice = first || seen.has(raised) ? null : noticeOf(alarm);
          seen.add(raised);
          if (notice) show(notice);
        }
        first = false;
      },
    },
  );
}

export type NoticeState = 'on' | 'off' | 'blocked' | 'missing';

export function readNotices(): NoticeState {
  if (!('Notification' in window)) return 'missing';
  if (Notification.permission === 'denied') return 'blocked';
  try {
    return localStorage.getItem(KEY) === 'on' && Notification.permission === 'granted' ? 'on' : 'off';
  } catch {
    return 'off'; // storage is switched off in this browser
  }
}

/** Turned on, the browser asks the user, once. */
export async function keepNotices(on: boolean): Promise<NoticeState> {
  if (on && Notification.permission === 'default') await Notification.requestPermission();
  try {
    localStorage.setItem(KEY, on ? 'on' : 'off');
  } catch {
    return readNotices();
  }
  return readNotices();
}

export function showNotice({ tag, title, body, vm }: Notice, open: (vm: string) => void): void {
  const shown = new Notification(title, { tag, body });
  shown.addEventListener('click', () => {
    window.focus();
    open(vm);
    shown.close();
  });
}
