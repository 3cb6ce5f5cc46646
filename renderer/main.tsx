/**
 * The page's entry: joins store, bridge and runner, and puts the application on the screen.
 *
 * Invariant: everything is created once here and handed down; no other module has state of its own that matters.
 */
import { createRoot } from 'react-dom/client';
import { createRunner } from './actions/run.ts';
import { App } from './app.tsx';
import { createBridge } from './host/bridge.ts';
import { connectToHost } from './host/pipes.ts';
import { formatRoute, parseRoute, type Route } from './route.ts';
import { ServicesContext, type Services } from './services.ts';
import { createPageStore, withPhase } from './state.ts';
import { mirrorHost } from './host/sync.ts';
import { language } from './text/index.ts';
import { applyTheme, readTheme } from './theme.ts';
// In this order: what comes later wins.
import './style/tokens.css';
import './style/base.css';
import './kit/kit.css';
import './kit/menu.css';
import './kit/table.css';
import './kit/field.css';
import './kit/plot.css';
import './style/layout.css';
import './views/dialogs/dialogs.css';
import './views/inventory/inventory.css';
import './views/ft/ft.css';
import './views/console/console.css';
import './views/serial/serial.css';
import './views/home/home.css';
import './views/vm/vm.css';
import './views/history/history.css';
import './views/network/network.css';
import './views/disks/disks.css';
import './views/snapshots/snapshots.css';
import './views/monitor/monitor.css';
import './views/ft/failover.css';
import './views/shell/shell.css';
import './style/contrast.css';

applyTheme(readTheme());
document.documentElement.lang = language;

const store = createPageStore({ route: parseRoute(window.location.hash), theme: readTheme() });
const bridge = createBridge({
  connect: connectToHost(),
  onPhase: (phase) => store.setState((state) => withPhase(state, phase)),
});
const go = (route: Route) => {
  const hash = formatRoute(route);
  if (window.location.hash !== hash) window.location.hash = hash;
  store.setState({ route });
};
window.addEventListener('hashchange', () => store.setState({ route: parseRoute(window.location.hash) }));
mirrorHost(bridge, store);

const services: Services = { store, bridge, runner: createRunner(store, bridge.call.bind(bridge), go), go };
const root = document.getElementById('root');
if (!root) throw new Error('index.html has no element with the id "root"');
createRoot(root).render(
  <ServicesContext value={services}>
    <App />
  </ServicesContext>,
);
