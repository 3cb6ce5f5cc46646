/**
 * The guest on stock v86, in a process of its own.
 *
 * Invariant: the process is ended with `stop`, by pid.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { guestLibrary } from '../../../main/paths.ts';
import { delay } from '../scenario.ts';
import type { Guest } from './guest.ts';

export interface StockGuest extends Guest {
  readonly output: () => string;
  readonly pid: number;
  stop(): void;
}

export function startStock(diskImage: string): StockGuest {
  const guests = guestLibrary();
  const cmdline = readFileSync(guests.linux.cmdline, 'utf8').trim();
  const files = [guests.bios, guests.vgaBios, guests.linux.bzimage, guests.linux.initrd, cmdline, diskImage];
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'stock-process.ts'), ...files], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (bytes: Buffer) => (output += bytes.toString('latin1')));
  return {
    pid: child.pid ?? 0,
    output: () => output,
    write: (text) => void child.stdin.write(text),
    async until(pattern, timeoutMs = 120_000) {
      const deadline = performance.now() + timeoutMs;
      while (!pattern.test(output.slice(-4096))) {
        if (child.exitCode !== null) throw new Error(`stock v86 ended with ${child.exitCode}`);
        if (performance.now() > deadline) throw new Error(`${pattern} did not come from stock v86`);
        await delay(2);
      }
    },
    stop: () => void child.kill('SIGKILL'),
  };
}
