/**
 * What the page shows when the host is not there: a banner over the last known picture, or a whole page.
 *
 * Invariant: the banner is a live region, so that a screen reader tells a lost connection.
 */
import { Link2Off, LogOut, ServerOff, Unplug, type LucideIcon } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Spinner } from '../../kit/spinner.tsx';
import { usePage } from '../../services.ts';
import { texts } from '../../text/index.ts';

export function ConnectionBanner() {
  const lost = usePage((state) => state.phase !== 'open');
  return (
    <div role="status" aria-live="assertive" data-testid="connection-banner">
      {lost ? (
        <div className="banner">
          <Unplug className="icon" aria-hidden="true" />
          <strong>{texts.connection.lost}</strong>
          <span>{texts.connection.lostDetail}</span>
          <Spinner />
        </div>
      ) : null}
    </div>
  );
}

const CONNECTING_SHOWN_AFTER_MS = 400;

export function ConnectionPage() {
  const phase = usePage((state) => state.phase);
  const loggedOut = usePage((state) => state.loggedOut);
  // A connection that is there at once flashes nothing.
  const [patient, setPatient] = useState(true);
  useEffect(() => {
    const timer = setTimeout(() => setPatient(false), CONNECTING_SHOWN_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  if (loggedOut) return <Notice icon={LogOut} title={texts.shell.loggedOut} text={texts.shell.loggedOutText} />;
  if (phase === 'refused') {
    return <Notice icon={Link2Off} title={texts.connection.refusedTitle} text={texts.connection.refused} />;
  }
  if (phase === 'lost') {
    return (
      <Notice icon={ServerOff} title={texts.connection.unreachableTitle} text={texts.connection.unreachable} busy />
    );
  }
  return patient ? (
    <main className="notice" />
  ) : (
    <Notice icon={null} title={texts.connection.connecting} text="" busy />
  );
}

interface NoticeProps {
  readonly icon: LucideIcon | null;
  readonly title: string;
  readonly text: string;
  readonly busy?: boolean;
}

function Notice({ icon: Icon, title, text, busy = false }: NoticeProps) {
  return (
    <main className="notice" role="status">
      {Icon ? <Icon className="notice-icon" aria-hidden="true" /> : null}
      <h1>{title}</h1>
      {text ? <p>{text}</p> : null}
      {busy ? <Spinner /> : null}
    </main>
  );
}
