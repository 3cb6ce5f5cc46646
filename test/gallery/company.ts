/**
 * The virtual machines in the pictures of the README: a small company's, all of them the sample Linux.
 *
 * Invariant: made and used through the host's own doors, as a user would.
 */
import type { TestHost } from '../support/host.ts';

const PROMPT = /:~# $/;

/** Makes them; `web` is told by its id. One runs protected, with snapshots and a port forward. */
export async function company(host: TestHost): Promise<{ readonly web: string }> {
  const make = async (name: string, folder: string, memoryMB: number) => {
    const { id } = await host.call('vm.create', { name, sample: 'linux', memoryMB, folder });
    return id;
  };
  const web = await make('web', 'Production', 128);
  await make('ledger', 'Production', 96);
  const build = await make('build', 'Lab', 96);
  await make('scratch', 'Lab', 96);
  await host.call('vm.set', { vm: web, failureTimeoutMs: 5000 });
  await host.call('power.on', { vm: web });
  await prompt(host, web);
  await host.call('snapshot.take', { vm: web, name: 'freshly booted', note: '' });
  await run(host, web, 'uname -a; cat /proc/cpuinfo | head -n 5; free; df -h', 'Mounted on');
  await host.call('snapshot.take', { vm: web, name: 'before the upgrade', note: 'Everything works' });
  await host.call('ft.on', { vm: web });
  await host.call('forward.add', {
    vm: web,
    protocol: 'tcp',
    hostAddress: '127.0.0.1',
    hostPort: 18_080,
    guestPort: 80,
  });
  await host.call('power.on', { vm: build });
  await prompt(host, build);
  await host.call('power.suspend', { vm: build });
  return { web };
}

/** Something to see in the charts, and outputs on the serial port all the time. */
export async function beBusy(host: TestHost, vm: string): Promise<void> {
  await host.call('console.type', { vm, text: 'while sleep 0.05; do echo -n .; done > /dev/ttyS0 &\n' });
  await host.call('console.type', { vm, text: 'while sleep 1; do date; md5sum /bin/busybox; done\n' });
}

/** Until its last words, `shown`, are there, and a prompt below them. */
async function run(host: TestHost, vm: string, line: string, shown: string): Promise<void> {
  await host.call('console.type', { vm, text: `clear; ${line}\n` });
  await prompt(host, vm, shown);
}

/** Until the guest waits for a line, and shows this. */
async function prompt(host: TestHost, vm: string, shown = ''): Promise<void> {
  for (const until = Date.now() + 240_000; Date.now() < until; ) {
    const { lines } = await host.call('console.text', { vm }).catch(() => ({ lines: [] as readonly string[] }));
    const last = lines.findLast((line) => line.trim() !== '') ?? '';
    if (PROMPT.test(`${last.trimEnd()} `) && lines.join('\n').includes(shown)) return;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  throw new Error('the guest shows no prompt');
}
