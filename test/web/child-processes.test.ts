// Replicas as real child processes, joined by real sockets.

import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { ReplicaProcess } from '../../main/fleet/pair/processes.ts';
import { childProcesses } from '../../main/web/child-processes.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryFolder } from '../support/folder.ts';

const ECHO = fileURLToPath(new URL('./echo-replica.ts', import.meta.url));

interface Child {
  readonly process: ReplicaProcess;
  /** What it said, and how it ended. */
  readonly story: string[];
}

interface Parent {
  readonly processes: ReturnType<typeof childProcesses>;
  /** Where its sockets are. */
  readonly folder: string;
  start(): Promise<Child>;
}

function parent(): Parent {
  const temporary = temporaryFolder();
  vi.stubEnv('TMPDIR', temporary);
  const processes = childProcesses({ replica: ECHO, gateway: ECHO });
  vi.unstubAllEnvs();
  onTestFinished(() => processes.close());
  const start = async (): Promise<Child> => {
    const process = processes.fork();
    const story: string[] = [];
    process.onMessage((message) => story.push(message.type === 'failed' ? message.message : message.type));
    process.onExit((why) => story.push(`ended: ${why}`));
    onTestFinished(() => process.kill());
    await eventually(() => expect(story).toEqual(['ready']));
    return { process, story };
  };
  return { processes, folder: path.join(temporary, readdirSync(temporary)[0] ?? ''), start };
}

describe('a child process', () => {
  test('hears what is sent, bytes as bytes, and is heard', async () => {
    const { process, story } = await parent().start();
    process.send({ type: 'peerDied', why: 'because' });
    process.send({ type: 'input', sequence: 1, input: { device: 'serial', data: Uint8Array.of(1, 255) } });
    await eventually(() => expect(story.slice(1)).toEqual(['heard: because', 'Uint8Array 1,255']));
    expect(process.pid).toBeGreaterThan(0);
  });

  test('tells how it ended: by its own will, or killed', async () => {
    const { start } = parent();
    const [polite, killed] = await Promise.all([start(), start()]);
    polite.process.send({ type: 'powerOff' });
    killed.process.kill();
    await eventually(() =>
      expect([polite.story.at(-1), killed.story.at(-1)]).toEqual(['ended: exit code 3', 'ended: killed by SIGKILL']),
    );
    killed.process.send({ type: 'powerOff' });
    killed.process.kill();
  });
});

test('two child processes are joined, and the end of one closes the link of the other', async () => {
  const { processes, folder, start } = parent();
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  const [a, b] = await Promise.all([start(), start()]);
  processes.link(a.process, b.process);
  await eventually(() => {
    expect(a.story.at(-1)).toBe(`over peer: greetings from ${b.process.pid}`);
    expect(b.story.at(-1)).toBe(`over peer: greetings from ${a.process.pid}`);
  });
  a.process.kill();
  await eventually(() => expect(b.story.at(-1)).toMatch(/^peer closed: /));
  // Their sockets are gone; what they take over from each other stays.
  expect(readdirSync(folder)).toEqual(['code']);
});
