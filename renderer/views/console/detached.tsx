/**
 * A window with one console and nothing else.
 *
 * Invariant: it is a viewer of its own; the VM's name and its protection are always seen; what asks or tells something
 * is seen here as well.
 */
import { usePage } from '../../services.ts';
import { findVm } from '../../state.ts';
import { texts } from '../../text/index.ts';
import { Announcer } from '../shell/announcer.tsx';
import { ConnectionBanner, ConnectionPage } from '../shell/connection.tsx';
import { Dialogs } from '../dialogs/dialogs.tsx';
import { Toasts } from '../shell/toasts.tsx';
import { VmBadges } from '../vm/vm-badges.tsx';
import { ConsoleView } from './console.tsx';

export function DetachedConsole({ vm: id }: { readonly vm: string }) {
  const ready = usePage((state) => state.inventory !== null && state.phase !== 'refused' && !state.loggedOut);
  const vm = usePage((state) => findVm(state, id));
  return (
    <div className="app">
      {ready ? <ConnectionBanner /> : <ConnectionPage />}
      {ready && vm ? (
        <main className="app-main" id="content" tabIndex={-1}>
          <header className="detached-head">
            <h1 title={vm.name}>{vm.name}</h1>
            <VmBadges vm={vm} />
          </header>
          <ConsoleView vm={vm} detached />
        </main>
      ) : null}
      {ready && !vm ? <p className="detached-gone">{texts.console.gone}</p> : null}
      <Toasts />
      <Dialogs />
      <Announcer />
    </div>
  );
}
