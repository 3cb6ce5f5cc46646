/**
 * A small double of the `electron` module: it records what the shell asks for, and lets a test play the other side.
 *
 * Invariant: it has no logic of its own; where Electron would act, the test does.
 */
import { EventEmitter } from 'node:events';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { vi } from 'vitest';

/** A forked utility process, as its parent sees it. */
export class FakeUtility extends EventEmitter {
  readonly sent: { message: unknown; ports: MessagePort[] }[] = [];
  readonly entry: string;
  readonly options: { serviceName?: string };
  pid: number | undefined;

  constructor(entry: string, options: { serviceName?: string }, pid: number | undefined) {
    super();
    this.entry = entry;
    this.options = options;
    this.pid = pid;
  }

  postMessage(message: unknown, ports: MessagePort[] = []): void {
    this.sent.push({ message, ports });
  }
}

/** A page, as the main process sees it. */
export class FakeContents extends EventEmitter {
  readonly sent: unknown[] = [];
  reloads = 0;
  url = 'app://lockstep/';
  windowOpen: ((details: { url: string }) => { action: string }) | null = null;

  getURL(): string {
    return this.url;
  }

  send(_channel: string, message: unknown): void {
    this.sent.push(message);
  }

  isDestroyed(): boolean {
    return false;
  }

  reload(): void {
    this.reloads += 1;
  }

  setWindowOpenHandler(handler: (details: { url: string }) => { action: string }): void {
    this.windowOpen = handler;
  }
}

export const forked: FakeUtility[] = [];
export const opened: string[] = [];
export const windows: { options: Record<string, unknown>; url: string }[] = [];
/** The pid that the next forked process gets. */
export const nextPid: { value: number | undefined } = { value: undefined };

class FakeWindow extends EventEmitter {
  static getAllWindows(): FakeWindow[] {
    return [];
  }

  readonly #record: { options: Record<string, unknown>; url: string };

  constructor(options: Record<string, unknown>) {
    super();
    this.#record = { options, url: '' };
    windows.push(this.#record);
  }

  loadURL(url: string): Promise<void> {
    this.#record.url = url;
    return Promise.resolve();
  }

  readonly webContents = new FakeContents();
  show = vi.fn();
}

/** What `import … from 'electron'` gives in these tests. */
export function fakeElectron(): Record<string, unknown> {
  return {
    utilityProcess: {
      fork(entry: string, _args: string[], options: { serviceName?: string }) {
        const child = new FakeUtility(entry, options, nextPid.value);
        forked.push(child);
        return child;
      },
    },
    MessageChannelMain: MessageChannel,
    BrowserWindow: FakeWindow,
    screen: { getAllDisplays: () => [] },
    nativeTheme: { shouldUseDarkColors: true },
    protocol: { registerSchemesAsPrivileged: vi.fn() },
    shell: { openExternal: (url: string) => Promise.resolve(opened.push(url)) },
  };
}
