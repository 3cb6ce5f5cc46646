/** What docs/paper.md names is there: the files, and the tests by their file and the start of their sentence. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const rows = readFileSync(path.join(root, 'docs/paper.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| \d/.test(line))
  .map((line) => line.split('|').slice(1, -1));

/** The source of a file of tests, or of all of a folder's; null where there is none. */
function testsOf(name: string): string | null {
  const at = path.join(root, 'test', name.replace(/^test\//, ''));
  if (existsSync(`${at}.test.ts`)) return readFileSync(`${at}.test.ts`, 'utf8');
  if (!existsSync(at)) return null;
  const files = readdirSync(at).filter((file) => file.endsWith('.test.ts'));
  return files.map((file) => readFileSync(path.join(at, file), 'utf8')).join('\n');
}

test('every line of the table names a test that is there', () => {
  expect(rows.length).toBeGreaterThan(25);
  for (const [paper = '', , tests = ''] of rows) {
    const named = [...tests.matchAll(/`((?!npm )[^`]+)`((?:[:,] "[^"]+")*)/g)];
    expect(named.length, `a test of: ${paper}`).toBeGreaterThan(0);
    for (const [, name = '', sentences = ''] of named) {
      const source = testsOf(name);
      expect(source, `no such tests, for: ${paper}: ${name}`).toBeTruthy();
      for (const [, sentence = ''] of sentences.matchAll(/"([^"]+)"/g)) {
        const pieces = sentence.split('…').map((piece) => piece.trim());
        expect(
          pieces.filter((piece) => !source?.includes(piece)),
          `no such test in ${name}: ${sentence}`,
        ).toEqual([]);
      }
    }
  }
});

test('every file of the product that it names is there', () => {
  const files = rows.flatMap(([, here = '']) => [...here.matchAll(/`([\w/-]+\.ts)`/g)].map(([, name = '']) => name));
  expect(files.length).toBeGreaterThan(15);
  expect(files.filter((name) => !existsSync(path.join(root, 'main', name)))).toEqual([]);
});
