// Ctrl+C in the terminal in which a host runs: it reaches the host and each of its processes, and ends none too soon.

import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { TestHost } from '../support/host.ts';

const VM = 'web';
const cli = path.resolve(import.meta.dirname, '../../main/cli.ts');
/** Its processes are a group of their own, as a terminal's in front are, so that only they are signalled. */
const host = new TestHost(undefined, ['setsid', process.execPath, cli]);
host.onExit = 'suspend';

afterEach(async () => {
  await host.stop();
  host.remove();
});

test.skipIf(process.platform !== 'linux')(
  'a host that is interrupted with all its processes, and again while it ends, suspends what runs',
  { timeout: 60_000 },
  async () => {
    await host.start();
    await host.call('vm.create', { name: VM, sample: 'test' });
    await host.call('power.on', { vm: VM });
    await host.call('ft.on', { vm: VM });
    await host.call('ft.wait', { vm: VM, for: 'protected' });
    for (let times = 0; times < 2; times += 1) process.kill(-host.pid, 'SIGINT');
    await host.stop();
    await host.start();
    const { power, suspended } = await host.call('vm.show', { vm: VM });
    expect([power, suspended !== undefined]).toEqual(['off', true]);
    const lost = (await host.events(VM)).filter(({ message }) => /was lost|unexpectedly/.test(message));
    expect(lost).toEqual([]);
  },
);
