/**
 * Files that documents and comments name are there: a file that is renamed takes its name in every sentence with it.
 *
 * Invariant: a name is right when a file's path ends with it, so `ft/log.ts` may be said for `main/ft/log.ts`; what is
 * named and not here stands in NOT_HERE with its reason.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const NOT_OURS = ['node_modules', 'built', 'cache', 'out', 'dist', 'coverage', '.git'];
const NOT_HERE: ReadonlyMap<string, string> = new Map([
  ['report.md', 'the bench writes it'],
  ['FILE.md', 'a place for a name'],
]);

function filesBelow(folder: string): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = path.posix.join(folder, entry.name);
    if (NOT_OURS.includes(entry.name)) return [];
    return entry.isDirectory() ? filesBelow(file) : [file];
  });
}

const files = filesBelow('');
const text = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const documents = files.filter((file) => file.endsWith('.md'));
const sources = files.filter((file) => /\.(tsx?|css)$/.test(file));

const isThere = (name: string): boolean => files.some((file) => file === name || file.endsWith(`/${name}`));

/** Names of sources and documents; patterns (`en*.ts`) and what a template makes are not names. */
function namesIn(words: string): string[] {
  const names = words.matchAll(
    /(?<![\w./*${}-])((?:[\w-]+(?:\.[\w-]+)*\/)*[\w-]+(?:\.[\w-]+)*\.(?:tsx?|md|css))\b(?!\.\w)/g,
  );
  return [...names].map(([, name = '']) => name);
}

/** What stands in the comments of a source; of a comment behind code, too. */
function commentsOf(source: string): string {
  return [...source.matchAll(/^\s*\/\*[\s\S]*?\*\/|(?:^|\s)\/\/ .*$/gm)].map(([comment]) => comment).join('\n');
}

const missing = (among: readonly string[], words: (file: string) => string): string[] =>
  among.flatMap((file) =>
    namesIn(words(file))
      .filter((name) => !isThere(name) && !NOT_HERE.has(name))
      .map((name) => `${file} names ${name}`),
  );

describe('a file that is named', () => {
  test('in a document is there', () => {
    expect(missing(documents, text)).toEqual([]);
  });

  test('in a comment is there', () => {
    expect(missing(sources, (file) => commentsOf(text(file)))).toEqual([]);
  });

  test('by a link leads to a file', () => {
    const broken = documents.flatMap((file) =>
      [...text(file).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
        .map(([, to = '']) => to)
        .filter((to) => !/^https?:/.test(to))
        .filter((to) => !existsSync(path.join(root, path.dirname(file), to)))
        .map((to) => `${file} leads to ${to}`),
    );
    expect(broken).toEqual([]);
  });

  test('is found in a sentence as it is written', () => {
    expect(namesIn('See `ft/log.ts`, layout.css, and docs/guide/first-vm.md.')).toEqual([
      'ft/log.ts',
      'layout.css',
      'docs/guide/first-vm.md',
    ]);
    expect(namesIn('Not en*.ts, nor ${name}.md.')).toEqual([]);
    expect(commentsOf("/** log.ts */\nconst x = 'ft.ts'; // layout.css\n")).toBe('/** log.ts */\n // layout.css');
  });
});
