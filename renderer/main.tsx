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
import './style/tokens.css';
import './style/base.css';
import './style/kit.css';
import './style/dialog.css';
import './style/layout.css';
import './style/ft.css';
import './style/console.css';
import './style/pages.css';
import './style/history.css';
import './style/network.css';
import './style/snapshots.css';
import './style/monitor.css';
import './style/shell.css';
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
