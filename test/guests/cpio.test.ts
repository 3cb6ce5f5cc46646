// The cpio writer: what it writes can be read back, by ourselves and by the system's cpio where there is one.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { characterDevice, directory, file, link, readCpio, writeCpio } from '../../resources/guests/cpio.ts';
import { which } from '../../resources/guests/run.ts';

const entries = [
  directory('bin'),
  file('bin/odd', Buffer.from('abc')),
  file('bin/empty', Buffer.alloc(0), 0o755),
  link('bin/link', 'odd'),
  directory('dev'),
  characterDevice('dev/console', 0o600, 5, 1),
  file('ünïcode name', Buffer.alloc(5000, 7)),
];

describe('cpio archives', () => {
  test('come back as they were written', () => {
    const found = readCpio(writeCpio(entries));
    expect(found.map((entry) => entry.path)).toEqual(entries.map((entry) => entry.path));
    expect(found.map((entry) => entry.mode)).toEqual(entries.map((entry) => entry.mode));
    expect(found[5]?.device).toEqual([5, 1]);
    expect(found[1]?.data).toEqual(Buffer.from('abc'));
    expect(found[6]?.data).toEqual(Buffer.alloc(5000, 7));
  });

  test('are the same bytes for the same entries, in whole blocks', () => {
    expect(writeCpio(entries)).toEqual(writeCpio(entries));
    expect(writeCpio(entries).length % 512).toBe(0);
  });

  test('refuse a name twice, an absolute name and an empty name', () => {
    expect(() => writeCpio([directory('a'), directory('a')])).toThrow('called a');
    expect(() => writeCpio([directory('/a')])).toThrow('"/a"');
    expect(() => writeCpio([directory('')])).toThrow('bad path');
  });

  test('are refused by the reader when cut off or no archive at all', () => {
    const whole = writeCpio(entries);
    expect(() => readCpio(whole.subarray(0, 700))).toThrow(/cut off|no cpio header/);
    expect(() => readCpio(Buffer.from('no archive'))).toThrow('no cpio header at byte 0');
    expect(() => readCpio(Buffer.alloc(0))).toThrow('no cpio header');
  });

  test.skipIf(which('cpio') === undefined)('are listed by the system’s cpio', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'lockstep-test-'));
    try {
      const plain = entries.slice(0, -1);
      const listed = spawnSync('cpio', ['-t', '--quiet'], { cwd: folder, input: writeCpio(plain) });
      expect(listed.stdout.toString().trim().split('\n')).toEqual(plain.map((entry) => entry.path));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
