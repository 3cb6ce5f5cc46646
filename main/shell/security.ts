/**
 * What the page may not do in the desktop window.
 *
 * Invariant: whatever is not named here is denied: other origins, new windows but those of a console, web views,
 * permissions.
 */
import { shell, type App, type Session, type WebContents } from 'electron';
import { APP_ORIGIN } from './app-scheme.ts';
import { consoleWindowOptions } from './window.ts';

/**
 * For copying out of a console, for a console that fills the screen or holds the pointer, and for notifications of
 * failovers, which the page shows only to who has turned them on there.
 */
const PERMISSIONS: ReadonlySet<string> = new Set([
  'clipboard-sanitized-write',
  'fullscreen',
  'pointerLock',
  'notifications',
]);

/** Permissions of all pages of this session. */
export function restrictSession(
  session: Pick<Session, 'setPermissionRequestHandler' | 'setPermissionCheckHandler'>,
): void {
  session.setPermissionRequestHandler((_contents, permission, answer) => answer(PERMISSIONS.has(permission)));
  session.setPermissionCheckHandler((_contents, permission) => PERMISSIONS.has(permission));
}

/** Navigation of every page that this application ever opens. */
export function restrictNavigation(app: Pick<App, 'on'>): void {
  app.on('web-contents-created', (_event, contents) => restrictContents(contents));
}

function restrictContents(contents: WebContents): void {
  contents.on('will-navigate', (event) => {
    if (!isOurs(event.url)) event.preventDefault();
  });
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler(({ url }) => {
    if (isConsole(url) && isOurs(contents.getURL())) {
      return { action: 'allow', overrideBrowserWindowOptions: consoleWindowOptions() };
    }
    if (isForBrowser(url)) void shell.openExternal(url);
    return { action: 'deny' };
  });
  // Its page is not loaded again like the main window's: the console is one click away.
  contents.on('did-create-window', (window) => {
    window.webContents.on('render-process-gone', () => window.destroy());
  });
}

/** One console of our own page, and nothing else that it shows. */
function isConsole(url: string): boolean {
  const start = `${APP_ORIGIN}/#/console/`;
  return url.startsWith(start) && /^[\w%.~-]+$/.test(url.slice(start.length));
}

/** The web, encrypted; and what a guest serves through a port forward of this computer. */
function isForBrowser(url: string): boolean {
  const parsed = URL.parse(url);
  return parsed?.protocol === 'https:' || (parsed?.protocol === 'http:' && parsed.hostname === '127.0.0.1');
}

/** The address belongs to our own page. */
export function isOurs(url: string): boolean {
  return url === APP_ORIGIN || url.startsWith(`${APP_ORIGIN}/`);
}
