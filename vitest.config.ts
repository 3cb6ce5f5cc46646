/**
 * How tests run: in forked processes (v86 needs V8 flags that are frozen in worker threads), with Node's own
 * conditions.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { defineConfig } from 'vitest/config';

/**
 * Every file of tests has processes of its own; the emulator is compiled by the first of them (machine/core-cache.ts).
 */
const coreCache = path.join(import.meta.dirname, 'out/core-cache');
mkdirSync(coreCache, { recursive: true });

export default defineConfig({
  test: {
    include: ['test/**/*.test.{ts,tsx}'],
    pool: 'forks',
    maxWorkers: 2,
    env: { LOCKSTEP_CORE_CACHE: coreCache },
    testTimeout: 60_000,
    hookTimeout: 180_000,
    // What is polled is often asked of another process, which takes its time on a busy computer.
    expect: { poll: { timeout: 30_000 } },
  },
});
