/** What the guide writes in bold and large, the page writes on something. In bold and small are words it explains. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const read = (folder: string, matching: RegExp): string[] =>
  readdirSync(path.join(root, folder))
    .filter((file) => matching.test(file))
    .map((file) => readFileSync(path.join(root, folder, file), 'utf8'));

const words = read('renderer/text', /^en.*\.ts$/).join('\n');
/** Labels are whole texts of the page, with or without what follows for a dialog. */
const isLabel = (name: string): boolean => words.includes(`'${name}'`) || words.includes(`'${name}…'`);

test('everything in bold in the guide is a label of the page', () => {
  const bold = read('docs/guide', /\.md$/)
    .flatMap((text) => [...text.matchAll(/\*\*([A-Z][^*]+)\*\*/g)])
    .map(([, name]) => (name ?? '').replace(/\s+/g, ' '));
  expect(bold.length).toBeGreaterThan(10);
  expect(bold.filter((name) => !isLabel(name))).toEqual([]);
});
