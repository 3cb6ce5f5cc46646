/**
 * The switch of desktop notifications, and they themselves.
 *
 * Invariant: while it is off nothing is followed; where the browser blocks them it says so.
 */
import { Bell, BellOff } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Button } from '../../kit/button.tsx';
import { followAlarms, keepNotices, readNotices, showNotice } from './notices.ts';
import { useServices } from '../../services.ts';
import { texts } from '../../text/index.ts';

export function NoticesButton() {
  const { bridge, go } = useServices();
  const [state, setState] = useState(readNotices);
  const on = state === 'on';
  useEffect(() => {
    if (!on) return;
    const open = (vm: string) => go({ page: 'vm', vm, tab: 'summary' });
    const subscription = followAlarms(bridge, (notice) => showNotice(notice, open));
    return () => subscription.cancel();
  }, [bridge, go, on]);
  const reason = state === 'blocked' ? texts.notices.blocked : state === 'missing' ? texts.notices.missing : null;
  return (
    <Button
      label={on ? texts.notices.on : texts.notices.off}
      icon={on ? Bell : BellOff}
      iconOnly
      tone="quiet"
      hint={on ? texts.notices.turnOff : texts.notices.turnOn}
      reason={reason}
      onPress={() => void keepNotices(!on).then(setState)}
    />
  );
}
