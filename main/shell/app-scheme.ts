/**
 * The `app://` scheme: the page's own origin inside the desktop application, in place of file://.
 *
 * Invariant: it serves the files of the built page and nothing else, each with the same strict headers as the web door.
 */
import { readFile } from 'node:fs/promises';
import { protocol, type Protocol } from 'electron';
import { pageHeaders, resolvePageFile } from '../web/page-files.ts';

const APP_SCHEME = 'app';
const APP_HOST = 'lockstep';
export const APP_ORIGIN = `${APP_SCHEME}://${APP_HOST}`;

/** To be called before Electron is ready. */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([{ scheme: APP_SCHEME, privileges: { standard: true, secure: true } }]);
}

export function serveAppScheme(handler: Pick<Protocol, 'handle'>, pageFolder: string): void {
  handler.handle(APP_SCHEME, async (request) => {
    const url = URL.parse(request.url);
    // Not `origin`: Node gives "null" for a scheme of one's own.
    const ours = url?.protocol === `${APP_SCHEME}:` && url.host === APP_HOST;
    const file = ours ? resolvePageFile(pageFolder, url.pathname) : null;
    if (!file) return new Response('There is no such page.\n', { status: 404, headers: pageHeaders });
    try {
      const bytes = await readFile(file.path);
      return new Response(new Uint8Array(bytes), { headers: { ...pageHeaders, 'Content-Type': file.type } });
    } catch {
      return new Response('There is no such page.\n', { status: 404, headers: pageHeaders });
    }
  });
}
