// Ctrl+C in the terminal in which a host runs, and its end: both reach the host and each of its processes, and end none
// too soon.

import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TestHost } from '../support/host.ts';

const VM = 'web';
const cli = path.resolve(import.meta.dirname, '../../main/cli.ts');
/** Its processes are a group of their own, as a terminal's in front are, so that only they are signalled. */
const command = ['setsid', process.execPath, cli] as const;
let host: TestHost;

beforeEach(() => {
  host = new TestHost(undefined, command);
  host.onExit = 'suspend';
});

afterEach(async () => {
  await host.stop();
  host.remove();
});

test.skipIf(process.platform !== 'linux').each(['SIGINT', 'SIGHUP'] as const)(
  'a host that gets %s with all its processes, and again while it ends, suspends what runs',
  { timeout: 60_000 },
  async (signal) => {
    await host.start();
    await host.call('vm.create', { name: VM, sample: 'test' });
    await host.call('power.on', { vm: VM });
    await host.call('ft.on', { vm: VM });
    await host.call('ft.wait', { vm: VM, for: 'protected' });
    for (let times = 0; times < 2; times += 1) process.kill(-host.pid, signal);
    await host.stop();
    await host.start();
    const { power, suspended } = await host.call('vm.show', { vm: VM });
    expect([power, suspended !== undefined]).toEqual(['off', true]);
    const lost = (await host.events(VM)).filter(({ message }) => /was lost|unexpectedly/.test(message));
    expect(lost).toEqual([]);
  },
);
