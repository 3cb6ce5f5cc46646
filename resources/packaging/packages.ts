// The packages that the product is made of: those it loads at run time, and those that are bundled into its page.
// Invariant: every package is found where Node would find it, and a dependency that is missing is an error here rather
// than on a user's computer.

import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';

export interface FoundPackage {
  readonly name: string;
  readonly version: string;
  /** As package.json names it, an SPDX expression. */
  readonly licence: string;
  readonly folder: string;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly dependencies?: { readonly [name: string]: string };
}

/** Needed to compile what comes compiled, and never loaded. */
const NOT_LOADED = new Set(['node-addon-api']);

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** As Node looks: in node_modules of the folder, then of those above it. */
function locate(name: string, from: string): string {
  for (let folder = from; ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, 'node_modules', name);
    if (existsSync(path.join(candidate, 'package.json'))) return realpathSync(candidate);
    if (folder === path.dirname(folder)) throw new Error(`package ${name}, needed by ${from}, is missing: npm ci`);
  }
}

/** The named packages and all that they depend on, by name. */
function closure(names: readonly string[], root: string): FoundPackage[] {
  const found = new Map<string, FoundPackage>();
  const visit = (name: string, from: string): void => {
    if (NOT_LOADED.has(name)) return;
    const folder = locate(name, from);
    const { version, license = 'unknown', dependencies = {} } = readManifest(folder);
    const earlier = found.get(name);
    if (earlier && earlier.version !== version) {
      throw new Error(`two versions of ${name} (${earlier.version}, ${version}): packages are staged side by side`);
    }
    if (earlier) return;
    found.set(name, { name, version, licence: license, folder });
    for (const dependency of Object.keys(dependencies)) visit(dependency, folder);
  };
  for (const name of names) visit(name, root);
  return [...found.values()].toSorted((a, b) => a.name.localeCompare(b.name, 'en'));
}

/** What `dependencies` of package.json brings. */
export function loadedPackages(root: string): FoundPackage[] {
  return closure(Object.keys(readManifest(root).dependencies ?? {}), root);
}

/** What the page's sources import. */
export function pagePackages(root: string): FoundPackage[] {
  const sources = ['renderer', 'preload'].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(tsx?|css)$/.test(file) && file !== 'vite.config.ts')
      .map((file) => readFileSync(path.join(root, folder, file), 'utf8')),
  );
  const imported = sources.flatMap((text) =>
    [...text.matchAll(/(?<![.'\w])(?:from|import|import\()\s*'([^'.\s][^'\s]*)'/g)].map((match) =>
      packageOf(match[1] ?? ''),
    ),
  );
  const names = [...new Set(imported)].filter((name) => name !== 'electron' && !name.startsWith('node:'));
  return closure(names, root);
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The texts of a package's licence files. */
export function licenceTexts({ folder }: FoundPackage): string[] {
  return readdirSync(folder)
    .filter((name) => /^(licen[cs]e|copying|notice)([-.].*)?$/i.test(name))
    .toSorted()
    .map((name) => readFileSync(path.join(folder, name), 'utf8').trim());
}
