/**
 * How tests run: in forked processes (v86 needs V8 flags that are frozen in worker threads), with Node's own
 * conditions.
 */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.{ts,tsx}'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 180_000,
    // What is polled is often asked of another process, which takes its time on a busy computer.
    expect: { poll: { timeout: 30_000 } },
  },
});
