/**
 * The rules of the house that no type checker knows: who may import whom, how long things may be, what may not be
 * called, and that nothing lies around unused.
 *
 * Invariant: a rule stands here with its reason; an exception stands beside it by name.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');
const FILE_LINES_MAX = 500;
const LINE_LENGTH_MAX = 120;

interface Source {
  /** Relative to the root, with forward slashes. */
  readonly file: string;
  readonly text: string;
  readonly lines: readonly string[];
  /** Relative imports, resolved like `file`; packages as they are written. */
  readonly imports: readonly string[];
}

const sources: readonly Source[] = ['main', 'preload', 'renderer', 'resources', 'test']
  .flatMap((folder) => filesBelow(folder))
  .filter((file) => /\.tsx?$/.test(file))
  .map(read);

function filesBelow(folder: string): string[] {
  return readdirSync(path.join(root, folder)).flatMap((name) => {
    const file = `${folder}/${name}`;
    if (['built', 'cache', 'node_modules'].includes(name)) return [];
    return statSync(path.join(root, file)).isDirectory() ? filesBelow(file) : [file];
  });
}

function read(file: string): Source {
  const text = readFileSync(path.join(root, file), 'utf8');
  const specifiers = [...text.matchAll(/(?:from|import|import\()\s*'([^']+)'/g)].map((match) => match[1] ?? '');
  const imports = specifiers.map((name) =>
    name.startsWith('.') ? path.posix.join(path.posix.dirname(file), name) : name,
  );
  return { file, text, lines: text.split('\n'), imports };
}

/** The room a file belongs to: `main/ft`, `preload`, `main` for the composition roots. */
function zone(file: string): string {
  const [top = '', second = ''] = file.split('/');
  return top === 'main' && !second.endsWith('.ts') ? `main/${second}` : top;
}

/** Which other rooms each room may import from (design: the protocol imports nothing; replicas never see the fleet). */
const MAY_IMPORT: { readonly [zone: string]: readonly string[] } = {
  preload: [],
  'main/ft': [],
  'main/machine': ['main/ft', 'preload'],
  'main/transport': [],
  'main/datastore': ['main/ft'],
  'main/replica': ['main/ft', 'main/machine', 'main/transport', 'main/datastore', 'preload'],
  'main/gateway': ['main/transport'],
  'main/store': ['preload'],
  // Of replica only the messages, of ft and datastore what the control plane needs: see NARROW.
  'main/fleet': ['main/store', 'main/datastore', 'main/replica', 'main/gateway', 'main/ft', 'preload'],
  'main/web': ['main/fleet', 'main/replica', 'main/gateway', 'main/transport', 'preload'],
  'main/shell': ['main/fleet', 'main/replica', 'main/gateway', 'main/web', 'main', 'preload'],
  'main/cli': ['main/web', 'main/replica', 'preload'],
  main: ['main/fleet', 'main/web', 'main/shell', 'main/cli', 'preload'],
  renderer: ['preload'],
  resources: [],
  test: ['preload', 'main', 'renderer', 'resources'],
};

/** Rooms that may look at a few files of another room only. */
const NARROW: { readonly [pair: string]: readonly string[] } = {
  'main/fleet → main/replica': ['main/replica/messages.ts'],
  'main/fleet → main/ft': ['main/ft/constants.ts', 'main/ft/environment.ts', 'main/ft/output.ts'],
  'main/fleet → main/gateway': ['main/gateway/messages.ts', 'main/gateway/subnet.ts', 'main/gateway/wire/ipv4.ts'],
  'main/web → main/replica': ['main/replica/messages.ts'],
  'main/web → main/gateway': ['main/gateway/messages.ts'],
  'main/web → main/transport': ['main/transport/parent.ts'],
  'main/shell → main/replica': ['main/replica/messages.ts'],
  'main/shell → main/gateway': ['main/gateway/messages.ts'],
  'main/shell → main': ['main/paths.ts'],
  'main/shell → main/web': ['main/web/page-files.ts'],
  'main/cli → main/replica': ['main/replica/replay-messages.ts'],
  'main/cli → main/web': ['main/web/control.ts'],
  'main/datastore → main/ft': ['main/ft/arbiter.ts', 'main/ft/assert.ts', 'main/ft/constants.ts'],
};

test('every room imports only from the rooms it may', () => {
  const wrong = sources.flatMap((source) =>
    source.imports
      .filter((name) => /^(main|preload|renderer|resources|test)\//.test(name))
      .filter((name) => !mayImport(source.file, name))
      .map((name) => `${source.file} imports ${name}`),
  );
  expect(wrong).toEqual([]);
});

function mayImport(file: string, imported: string): boolean {
  const [from, to] = [zone(file), zone(imported)];
  if (from === to || from === 'test') return true;
  if (!MAY_IMPORT[from]?.includes(to)) return false;
  const narrow = NARROW[`${from} → ${to}`];
  return !narrow || narrow.includes(imported);
}

test('the table of rooms in ARCHITECTURE.md says what these rules say', () => {
  const architecture = readFileSync(path.join(root, 'ARCHITECTURE.md'), 'utf8');
  const rows = [...architecture.matchAll(/^\| `([\w/]+?)\/?` \| [^|]+ \| ([^|]+) \|$/gm)];
  const told = rows.map(([, room = '', imported = '']) => [room, imported] as const);
  expect(Object.fromEntries(told)).toEqual(
    Object.fromEntries(Object.keys(MAY_IMPORT).map((room) => [room, importsInWords(room)])),
  );
});

/** As the table says it: a room, and in brackets its files where it is only some. */
function importsInWords(room: string): string {
  if (room === 'test') return 'everything';
  const words = (MAY_IMPORT[room] ?? []).map((other) => {
    const files = NARROW[`${room} → ${other}`]?.map((file) => `\`${file.slice(other.length + 1, -'.ts'.length)}\``);
    const name = `\`${other.replace(/^main\//, '')}\``;
    return files ? `${name} (${files.join(', ')})` : name;
  });
  return words.join(', ') || 'nothing';
}

/** Inside the page: which of its rooms each may import from; only views know views. What lies at its top is for all. */
const PAGE_ROOMS: { readonly [room: string]: readonly string[] } = {
  text: [],
  host: ['text'],
  actions: ['text', 'host'],
  kit: ['text', 'actions'],
  views: ['text', 'host', 'actions', 'kit'],
};

test('the page’s rooms import only from those below them', () => {
  const room = (file: string): string | undefined => /^renderer\/([^/]+)\//.exec(file)?.[1];
  const wrong = sources.flatMap((source) => {
    const from = room(source.file);
    const below = from === undefined ? undefined : PAGE_ROOMS[from];
    if (!below) return [];
    return source.imports
      .filter((name) => room(name) !== undefined && room(name) !== from && !below.includes(room(name) ?? ''))
      .map((name) => `${source.file} imports ${name}`);
  });
  expect(wrong).toEqual([]);
});

/** Whoever reads one file of a circle has to read them all; what both sides need has a file of its own, below them. */
test('no files import each other in a circle, not even types', () => {
  expect(circles(new Map(sources.map(({ file, imports }) => [file, imports])))).toEqual([]);
});

test('a circle is named by the files that it leads through', () => {
  const imports = { door: ['desk', 'word'], desk: ['rule', 'word'], rule: ['desk'], word: [], self: ['self'] };
  expect(circles(new Map(Object.entries(imports)))).toEqual(['desk → rule → desk', 'self → self']);
});

/** At least one circle of every knot of files that import each other; none where there is no knot. */
function circles(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): void => {
    const before = way.indexOf(file);
    if (before !== -1) found.push([...way.slice(before), file].join(' → '));
    if (before !== -1 || done.has(file)) return;
    for (const imported of imports.get(file) ?? []) visit(imported, [...way, file]);
    done.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  return found;
}

/** Packages that only some files may name, and Node's own modules in rooms that must not know where they run. */
const PACKAGES: readonly { readonly match: RegExp; readonly only: RegExp; readonly why: string }[] = [
  { match: /^electron$/, only: /^(main\/shell\/|main\/index\.ts|preload\/index\.ts|test\/shell\/)/, why: 'the shell' },
  {
    match: /^v86/,
    only: /^(main\/machine\/v86\.ts|test\/bench\/subjects\/stock-process\.ts)$/,
    why: 'one file knows v86',
  },
  {
    match: /^better-sqlite3$/,
    only: /^(main\/(store|datastore)\/|test\/)/,
    why: 'the store and the leases are the only databases',
  },
  { match: /^node:/, only: /^(main\/(?!ft\/)|resources\/|test\/|renderer\/vite\.config\.ts)/, why: 'pure rooms' },
  { match: /^react/, only: /^(renderer|test\/renderer)\//, why: 'the page' },
  { match: /^ws$/, only: /^(main\/(web|cli)\/|test\/)/, why: 'the doors' },
];

test('packages are named only where they belong', () => {
  const wrong = sources.flatMap((source) =>
    source.imports.flatMap((name) =>
      PACKAGES.filter(({ match, only }) => match.test(name) && !only.test(source.file)).map(
        ({ why }) => `${source.file} imports ${name} (${why})`,
      ),
    ),
  );
  expect(wrong).toEqual([]);
});

test('files are at most 500 lines long, and lines at most 120 characters', () => {
  const long = sources.flatMap((source) => [
    ...(source.lines.length > FILE_LINES_MAX + 1 ? [`${source.file}: ${source.lines.length} lines`] : []),
    ...source.lines.flatMap((line, index) =>
      line.length > LINE_LENGTH_MAX ? [`${source.file}:${index + 1}: ${line.length} characters`] : [],
    ),
  ]);
  expect(long).toEqual([]);
});

test('every file begins with a comment that says what it is', () => {
  const silent = sources.filter(({ text }) => !/^(#!.*\n)?(\/\*\*|\/\/)/.test(text)).map(({ file }) => file);
  expect(silent).toEqual([]);
});

const BANNED: readonly { readonly call: RegExp; readonly where: RegExp; readonly instead: string }[] = [
  { call: /\bconsole\.\w+\(/, where: /^(main|preload)\//, instead: 'an event, or process.stderr in an entry' },
  { call: /\bMath\.random\(/, where: /^(main|preload)\//, instead: 'node:crypto, or the machine’s seeded random' },
  { call: /\beval\(|new Function\(/, where: /./, instead: 'nothing' },
  { call: /\bexecSync\(|shell: true/, where: /^main\//, instead: 'spawn with a list of arguments' },
  {
    call: /https?:\/\/(?!localhost|127\.0\.0\.1|\$\{|lockstep)[a-z]/,
    where: /^(main|preload|renderer)\//,
    instead: 'no hosts',
  },
  { call: /\b(test|it|describe)\.(only|skip)\(/, where: /^test\//, instead: 'skipIf with its reason' },
];

test('nothing calls what has a better replacement', () => {
  const found = sources
    .filter(({ file }) => file !== 'test/tidy.test.ts')
    .flatMap((source) =>
      BANNED.filter(({ where }) => where.test(source.file)).flatMap(({ call, instead }) =>
        source.lines.flatMap((line, index) =>
          call.test(line) ? [`${source.file}:${index + 1}: ${line.trim()} (instead: ${instead})`] : [],
        ),
      ),
    );
  expect(found).toEqual([]);
});

/** Files that are started rather than imported. */
const ENTRIES: readonly RegExp[] = [
  /^main\/(index|cli|start|replica\/entry|replica\/replay-entry|gateway\/entry)\.ts$/,
  /^preload\/index\.ts$/,
  /^renderer\/(main\.tsx|vite\.config\.ts)$/,
  /^resources\/(guests\/build|packaging\/pack|icons\/render|cli\/make)\.ts$/,
  /^test\//,
];

test('no source file is an orphan', () => {
  const imported = new Set(sources.flatMap(({ imports }) => imports));
  const orphans = sources
    .map(({ file }) => file)
    .filter((file) => !imported.has(file) && !ENTRIES.some((entry) => entry.test(file)));
  expect(orphans).toEqual([]);
});

test('every function, class and constant that the product exports is named in another file', () => {
  const files = new Map<string, Set<string>>();
  for (const { file, text } of sources) {
    for (const [word] of text.matchAll(/[\w$]+/g)) files.set(word, (files.get(word) ?? new Set()).add(file));
  }
  const exported = /^export (?:async )?(?:abstract )?(?:function\*?|class|const) (\w+)/gm;
  const unused = sources
    .filter(({ file }) => !file.startsWith('test/'))
    .flatMap(({ file, text }) =>
      [...text.matchAll(exported)]
        .map(([, name = '']) => name)
        .filter((name) => (files.get(name)?.size ?? 0) < 2)
        .map((name) => `${file} exports ${name}, which nobody else names: drop the export, or what is exported`),
    );
  expect(unused).toEqual([]);
});

test('every document has one title', () => {
  const documents = readdirSync(root).filter((name) => name.endsWith('.md'));
  const titles = documents.map((name) => {
    const outside = readFileSync(path.join(root, name), 'utf8').replaceAll(/^```[\s\S]*?^```/gm, '');
    return [name, outside.match(/^# /gm)?.length ?? 0];
  });
  expect(titles.filter(([, count]) => count !== 1)).toEqual([]);
});
