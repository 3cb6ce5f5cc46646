// A short run of the fuzzer; `npm run fuzz` makes long ones.

import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { seed } from '../support/random.ts';

const isolated = spawnSync('unshare', ['--user', '--map-root-user', '--net', 'true']).status === 0;

// Without a network namespace of its own (Linux, user namespaces allowed) mutated packets could reach somebody.
test.skipIf(!isolated)('a gateway outlives thousands of mutated frames, and serves an honest guest afterwards', () => {
  const script = fileURLToPath(new URL('./frames.ts', import.meta.url));
  const said = execFileSync(process.execPath, [script, '--frames', '5000', '--seed', String(seed)], {
    encoding: 'utf8',
  });
  expect(said).toMatch(/seed \d+: 5000 frames, memory grew by at most \d+ MiB/);
});
