/**
 * Waiting for what other processes, sockets and timers bring about, on a computer that may be very busy.
 *
 * Invariant: a test that passes does not wait longer than it must; only one that fails uses up its patience.
 */
import { vi } from 'vitest';

const PATIENCE_MS = 20_000;

vi.setConfig({ testTimeout: PATIENCE_MS * 2 });

/** Tries until `check` does not throw. @returns what it returned. @throws its last error when it never succeeds. */
export function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: PATIENCE_MS, interval: 5 });
}

/** A moment in which something that must not happen could. */
export function moment(ms = 20): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
