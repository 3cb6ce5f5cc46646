/**
 * Tells a screen reader what changes about VMs, wherever the user is.
 *
 * Invariant: only changes are told, not what was there when the page came; several at once are one message.
 */
import { useEffect, useRef, useState } from 'react';
import { vmWords } from '../../text/vm-words.ts';
import { usePage } from '../../services.ts';
import { texts } from '../../text/index.ts';

const MOST = 3;

export function Announcer() {
  const vms = usePage((state) => state.inventory?.vms);
  const known = useRef<ReadonlyMap<string, string> | null>(null);
  const [message, setMessage] = useState('');
  useEffect(() => {
    if (!vms) return;
    const before = known.current;
    const now = new Map(vms.map((vm) => [vm.id, vmWords(vm).text]));
    known.current = now;
    if (before === null) return;
    const changed = vms.filter(({ id }) => before.has(id) && before.get(id) !== now.get(id));
    if (changed.length === 0) return;
    const told = changed.slice(0, MOST).map(({ id, name }) => texts.shell.announce(name, now.get(id) ?? ''));
    setMessage(told.join(' '));
  }, [vms]);
  return (
    <p className="hidden-text" role="status" aria-live="polite" data-testid="announcer">
      {message}
    </p>
  );
}
