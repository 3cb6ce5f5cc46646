/**
 * `session`: permissions of the pages.
 *
 * Invariant: like Electron's, it exists when the application is ready, not before.
 */
import { requireReady } from './app.ts';

type Ask = (contents: unknown, permission: string, answer: (granted: boolean) => void) => void;
type Check = (contents: unknown, permission: string) => boolean;

const handlers: { request: Ask | null; check: Check | null } = { request: null, check: null };

const defaultSession = {
  setPermissionRequestHandler: (handler: Ask | null) => void (handlers.request = handler),
  setPermissionCheckHandler: (handler: Check | null) => void (handlers.check = handler),
};

export const session = {
  get defaultSession() {
    requireReady('Session can only be received');
    return defaultSession;
  },
};

/** A page may only be shown when somebody decides about its permissions. */
export function permissionsAreDecided(): boolean {
  return handlers.request !== null && handlers.check !== null;
}
