/**
 * `protocol`: schemes of one's own.
 *
 * Chromium learns schemes when it is built, so each stands for an https origin here: app://lockstep is
 * https://lockstep.app.invalid to the page. What main sees, says and answers is the scheme's own.
 *
 * Invariant: only a scheme that was registered as standard and secure before the application was ready has an origin.
 */
import type { CustomScheme } from 'electron';
import { app, requireReady } from './app.ts';

type Handler = (request: Request) => Response | Promise<Response>;

const privileged = new Set<string>();
const handlers = new Map<string, Handler>();

export const protocol = {
  registerSchemesAsPrivileged(schemes: readonly CustomScheme[]): void {
    if (app.isReady()) {
      throw new Error('protocol.registerSchemesAsPrivileged should be called before app is ready');
    }
    for (const { scheme, privileges } of schemes) {
      if (privileges?.standard && privileges.secure) privileged.add(scheme);
    }
  },
  handle(scheme: string, handler: Handler): void {
    requireReady('protocol cannot be used');
    if (handlers.has(scheme)) throw new Error(`Failed to register protocol: ${scheme}`);
    handlers.set(scheme, handler);
  },
};

/** The address that Chromium is given. @throws {Error} for what Electron could not load. */
export function toChromium(url: string): string {
  const { protocol: named, host, pathname, search } = new URL(url);
  const scheme = named.slice(0, -1);
  if (scheme === 'https' || scheme === 'http') return url;
  if (!privileged.has(scheme)) throw new Error(`ERR_UNKNOWN_URL_SCHEME (-302) loading '${url}'`);
  return `https://${host}.${scheme}.invalid${pathname}${search}`;
}

/** The address as main knows it. */
export function fromChromium(url: string): string {
  const parsed = URL.parse(url);
  const [, host, scheme] = /^(.+)\.([a-z]+)\.invalid$/.exec(parsed?.host ?? '') ?? [];
  if (!parsed || host === undefined || scheme === undefined || !privileged.has(scheme)) return url;
  return `${scheme}://${host}${parsed.pathname}${parsed.search}`;
}

/** What the application answers; null where it serves no such scheme. */
export async function answer(url: string, method: string): Promise<Response | null> {
  const handler = handlers.get(new URL(url).protocol.slice(0, -1));
  return handler ? handler(new Request(url, { method })) : null;
}
