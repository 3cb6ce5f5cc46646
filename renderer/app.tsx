/**
 * The frame: header, inventory at the left, the page that the address names, and what lies over them.
 *
 * Invariant: without a first inventory only the connection's state is shown; afterwards the last known picture stays.
 */
import { useEffect } from 'react';
import { actionForKey } from './actions/index.ts';
import { commandForKey } from './actions/page-commands.ts';
import { TooltipProvider } from './kit/tooltip.tsx';
import { formatRoute } from './route.ts';
import { usePage, useServices } from './services.ts';
import { findVm } from './state.ts';
import { texts } from './text/index.ts';
import { AllAlarms } from './views/history/alarms.tsx';
import { Announcer } from './views/shell/announcer.tsx';
import { DetachedConsole } from './views/console/detached.tsx';
import { ConnectionBanner, ConnectionPage } from './views/shell/connection.tsx';
import { Dialogs } from './views/dialogs/dialogs.tsx';
import { AllEvents } from './views/history/events.tsx';
import { Header } from './views/shell/header.tsx';
import { Home } from './views/home/home.tsx';
import { Inventory } from './views/inventory/inventory.tsx';
import { Networks } from './views/network/networks.tsx';
import { RecentTasks } from './views/history/tasks.tsx';
import { Toasts } from './views/shell/toasts.tsx';
import { VmPage } from './views/vm/vm-page.tsx';

export function App() {
  const detached = usePage((state) => (state.route.page === 'console' ? state.route.vm : null));
  useShortcuts();
  useTitle();
  return <TooltipProvider>{detached === null ? <Manager /> : <DetachedConsole vm={detached} />}</TooltipProvider>;
}

function Manager() {
  const ready = usePage((state) => state.inventory !== null && state.phase !== 'refused' && !state.loggedOut);
  useLastingAddress();
  return (
    <div className="app">
      <a className="skip" href="#content" onClick={skip}>
        {texts.shell.skip}
      </a>
      <Header />
      {ready ? <ConnectionBanner /> : null}
      {ready ? (
        <div className="app-body">
          <Inventory />
          <main className="app-main" id="content" tabIndex={-1}>
            <Page />
          </main>
        </div>
      ) : (
        <ConnectionPage />
      )}
      <Toasts />
      {ready ? <RecentTasks /> : null}
      <Dialogs />
      <Announcer />
    </div>
  );
}

function Page() {
  const route = usePage((state) => state.route);
  const vm = usePage((state) => (state.route.page === 'vm' ? findVm(state, state.route.vm) : null));
  if (route.page === 'events') return <AllEvents />;
  if (route.page === 'alarms') return <AllAlarms />;
  if (route.page === 'networks') return <Networks />;
  if (route.page === 'vm' && vm) return <VmPage key={vm.id} vm={vm} tab={route.tab} />;
  return <Home />;
}

/** Shortcuts act on the VM whose page is open; the console keeps its keys to itself. */
function useShortcuts() {
  const services = useServices();
  useEffect(() => {
    const { store, runner } = services;
    const onKeyDown = (event: KeyboardEvent) => {
      const state = store.getState();
      if (event.defaultPrevented || state.dialog) return;
      const command = commandForKey(event, isWriting(event.target));
      if (command && state.inventory !== null && state.route.page !== 'console') {
        event.preventDefault();
        command.run(services);
        return;
      }
      const action = actionForKey(event);
      const vm = 'vm' in state.route ? findVm(state, state.route.vm) : null;
      if (!action || !vm) return;
      event.preventDefault();
      runner.start(action, vm);
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [services]);
}

/** The address is the page's own: a link into it would lead elsewhere. */
function skip(event: { preventDefault(): void }) {
  event.preventDefault();
  document.querySelector<HTMLElement>('#content')?.focus();
}

function isWriting(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, select, textarea, [role=application]') !== null;
}

/** A VM that is addressed by its name may be renamed: its id stays. */
function useLastingAddress() {
  const { store } = useServices();
  const id = usePage((state) => (state.route.page === 'vm' ? (findVm(state, state.route.vm)?.id ?? null) : null));
  useEffect(() => {
    const { route } = store.getState();
    if (id === null || route.page !== 'vm' || route.vm === id) return;
    const lasting = { ...route, vm: id };
    window.history.replaceState(null, '', formatRoute(lasting));
    store.setState({ route: lasting });
  }, [store, id]);
}

function useTitle() {
  const name = usePage((state) => ('vm' in state.route ? (findVm(state, state.route.vm)?.name ?? null) : null));
  useEffect(() => {
    document.title = name ? `${name} – ${texts.product}` : texts.product;
  }, [name]);
}
