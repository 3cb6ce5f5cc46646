/**
 * Where the user is, kept in the address so that a reload comes back to the same place: `#/vm/<id>/<tab>`, `#/`, or
 * `#/console/<id>`: a window of its own with nothing but a console.
 *
 * Invariant: `parseRoute(formatRoute(x))` is x; an address that means nothing is home.
 */
export const TABS = ['summary', 'console', 'serial', 'network', 'snapshots', 'monitor', 'faults', 'events'] as const;
export type Tab = (typeof TABS)[number];
export type Route =
  | { readonly page: 'home' }
  | { readonly page: 'events' }
  | { readonly page: 'alarms' }
  | { readonly page: 'networks' }
  | { readonly page: 'vm'; readonly vm: string; readonly tab: Tab }
  | { readonly page: 'console'; readonly vm: string };

export const HOME: Route = { page: 'home' };

export function formatRoute(route: Route): string {
  if (route.page === 'vm') return `#/vm/${encodeURIComponent(route.vm)}/${route.tab}`;
  if (route.page === 'console') return `#/console/${encodeURIComponent(route.vm)}`;
  return route.page === 'home' ? '#/' : `#/${route.page}`;
}

export function parseRoute(hash: string): Route {
  if (hash === '#/events') return { page: 'events' };
  if (hash === '#/alarms') return { page: 'alarms' };
  if (hash === '#/networks') return { page: 'networks' };
  const match = /^#\/(vm|console)\/([^/]+)(?:\/(\w+))?$/.exec(hash);
  if (!match?.[2]) return HOME;
  try {
    if (match[1] === 'console') return { page: 'console', vm: decodeURIComponent(match[2]) };
    const tab = TABS.find((name) => name === match[3]) ?? 'summary';
    return { page: 'vm', vm: decodeURIComponent(match[2]), tab };
  } catch {
    return HOME;
  }
}
