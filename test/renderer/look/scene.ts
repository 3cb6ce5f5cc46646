/** A picture of the page: where it is, what its world holds, and what is done before it is taken. */
import type { Page } from 'playwright-core';
import type { FakeHost } from '../fake/host.ts';

export interface Scene {
  readonly name: string;
  /** The address after the host's, such as `#/events`. */
  readonly at?: string;
  readonly before?: (host: FakeHost) => void;
  readonly act: (page: Page, host: FakeHost) => Promise<void>;
  /** Console errors that belong to the scene. */
  readonly mayFail?: RegExp;
}
