/**
 * The threat model names, for everything that is tried, where it is checked and which test tries it: both are there.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const text = readFileSync(path.join(root, 'docs/security.md'), 'utf8');

interface Row {
  readonly tried: string;
  readonly where: readonly string[];
  readonly tests: readonly string[];
}

const quoted = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? '');

/** Rows of the tables whose last column is "Test". */
const rows: Row[] = text
  .split('\n')
  .filter((line) => /^\| (?!What is tried|---)/.test(line))
  .map((line) => {
    // A column holds no other bar.
    const [tried = '', , where = '', tests = ''] = line.split('|').slice(1, -1);
    return { tried: tried.trim(), where: quoted(where), tests: quoted(tests) };
  });

/** `web/attacks`: a file of tests. `fuzz/frames`: a target. `gateway/*`, `transport/`: a folder of tests. */
function isTest(name: string): boolean {
  const folder = /^(.+?)\/\*?$/.exec(name)?.[1];
  if (folder) return readdirSync(path.join(root, 'test', folder)).some((file) => file.endsWith('.test.ts'));
  const target = /^fuzz\/(.+)$/.exec(name)?.[1];
  if (target) return existsSync(path.join(root, `test/fuzz/targets/${target}.ts`));
  return existsSync(path.join(root, `test/${name}.test.ts`));
}

test('everything that is tried has a place where it is checked, and a test that tries it', () => {
  expect(rows.length).toBeGreaterThan(25);
  for (const { tried, where, tests } of rows) {
    expect(tests.length, `a test of: ${tried}`).toBeGreaterThan(0);
    expect(where.length, `a place for: ${tried}`).toBeGreaterThan(0);
    expect(
      tests.filter((name) => !isTest(name)),
      `no such tests, for: ${tried}`,
    ).toEqual([]);
  }
});

test('every file that the threat model names is there', () => {
  const files = [...text.matchAll(/`([a-z]+\/[a-z/-]+\.ts)`/g)].map(([, name]) => name ?? '');
  const isThere = (name: string): boolean => ['main', '.'].some((folder) => existsSync(path.join(root, folder, name)));
  expect(files.length).toBeGreaterThan(20);
  expect(files.filter((name) => !isThere(name))).toEqual([]);
});
