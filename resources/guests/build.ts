// Builds firmware and sample guests into resources/guests/built: `npm run guests [-- --force]`, or ensureGuests().
// Invariant: an output appears complete or not at all; what is current is not made again; two builds never overlap;
// a killed build goes on where it stopped.

import { existsSync, realpathSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { type Package, PrivateApt, knownPackages, requireApt } from './apt.ts';
import { type GuestFiles, filesIn, guestFiles, missingGuests, ownFolder, recipesFolder } from './files.ts';
import { withLock } from './lock.ts';
import { type Manifest, inputsHash, isCurrent, loadManifest, saveManifest, sha256, writeAtomic } from './manifest.ts';
import { type Recipe, type Role, recipes } from './recipes.ts';
import { Tools } from './tools.ts';

export { type GuestFiles, guestCommandLine, guestFiles, missingGuests } from './files.ts';

export interface EnsureOptions {
  readonly progress: (line: string) => void;
  /** Ask Debian for newer packages and make everything again. */
  readonly force?: boolean;
}

/** Make what is missing or out of date, and return the paths. Throws an error that says what to do. */
export async function ensureGuests(options: EnsureOptions): Promise<GuestFiles> {
  const own = ownFolder();
  if (own) {
    const missing = missingGuests();
    if (missing.length > 0) throw new Error(`LOCKSTEP_GUESTS names ${own}, which lacks ${missing.join(', ')}`);
    return guestFiles();
  }
  const root = recipesFolder();
  const waiting = (): void => options.progress('another process is building the guests; waiting for it');
  if (process.platform !== 'linux') requireApt();
  return withLock(root, waiting, () => new Build(root, options).run());
}

class Build {
  readonly #root: string;
  readonly #built: string;
  readonly #cache: string;
  readonly #options: EnsureOptions;
  readonly #tools: Tools;
  #manifest: Manifest | undefined;
  #packages: Map<Role, Package> | undefined;

  constructor(root: string, options: EnsureOptions) {
    this.#root = root;
    this.#built = path.join(root, 'built');
    this.#cache = path.join(root, 'cache');
    this.#options = options;
    this.#tools = new Tools(this.#cache, options.progress);
  }

  async run(): Promise<GuestFiles> {
    await mkdir(this.#built, { recursive: true });
    await mkdir(this.#cache, { recursive: true });
    for (const name of await readdir(this.#built)) {
      if (name.startsWith('.part-')) await rm(path.join(this.#built, name)); // left by a killed build
    }
    this.#manifest = await loadManifest(this.#manifestFile());
    let stale = await this.#stale();
    if (stale.some((recipe) => recipe.packages.length > 0)) {
      this.#packages = await this.#getPackages();
      stale = await this.#stale(); // newer packages make more of it stale
    }
    if (stale.length > 0) requireApt();
    for (const recipe of stale) await this.#make(recipe);
    return filesIn(this.#built);
  }

  #manifestFile(): string {
    return path.join(this.#built, 'manifest.json');
  }

  async #stale(): Promise<Recipe[]> {
    if (this.#options.force) return [...recipes];
    const stale: Recipe[] = [];
    for (const recipe of recipes) {
      const inputs = await this.#inputs(recipe);
      if (!(await isCurrent(this.#manifest as Manifest, this.#built, recipe.outputs, inputs))) stale.push(recipe);
    }
    return stale;
  }

  async #inputs(recipe: Recipe): Promise<string> {
    const hashes = new Map<string, string>();
    for (const role of recipe.packages) {
      const found = this.#packages?.get(role) ?? this.#manifest?.packages[role];
      hashes.set(role, found?.sha256 ?? 'none');
    }
    const sources: string[] = [];
    for (const source of recipe.sources) sources.push(...(await this.#expand(source)));
    return inputsHash(recipe.name, hashes, this.#root, sources);
  }

  async #expand(source: string): Promise<string[]> {
    const full = path.join(this.#root, source);
    const entries = await readdir(full, { recursive: true, withFileTypes: true }).catch(() => undefined);
    if (!entries) return [source];
    const names = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
    return names.map((name) => path.relative(this.#root, name));
  }

  async #getPackages(): Promise<Map<Role, Package>> {
    requireApt();
    const list = path.join(this.#cache, 'packages.json');
    const known = this.#options.force ? new Map<string, Package>() : await knownPackages(list);
    const kept = [known.get('seabios'), [...known.values()].find(isKernel), known.get('busybox-static')];
    const { progress } = this.#options;
    const apt = new PrivateApt({ cache: this.#cache, architecture: 'i386', progress });
    const kernel = async (): Promise<Package> => {
      const names = await apt.depends('linux-image-686');
      return apt.fetch(names.find((name) => /^linux-image-\d.*-686$/.test(name)) ?? 'linux-image-686');
    };
    const packages = new Map<Role, Package>([
      ['seabios', kept[0] ?? (await apt.fetch('seabios'))],
      ['kernel', kept[1] ?? (await kernel())],
      ['busybox', kept[2] ?? (await apt.fetch('busybox-static'))],
    ]);
    await writeAtomic(list, Buffer.from(`${JSON.stringify([...packages.values()], undefined, 2)}\n`));
    return packages;
  }

  async #make(recipe: Recipe): Promise<void> {
    const began = performance.now();
    const manifest = this.#manifest as Manifest;
    const get = (role: Role): Package => {
      const found = this.#packages?.get(role);
      if (!found || !recipe.packages.includes(role)) throw new Error(`recipe ${recipe.name} lists no ${role}`);
      return found;
    };
    const outputs = await recipe.make({ root: this.#root, tools: this.#tools, package: get });
    const inputs = await this.#inputs(recipe);
    for (const name of recipe.outputs) {
      const data = outputs[name];
      if (!data) throw new Error(`recipe ${recipe.name} did not make ${name}`);
      await writeAtomic(path.join(this.#built, name), data);
      manifest.outputs[name] = { sha256: sha256(data), inputs };
    }
    for (const role of recipe.packages) {
      const { version, architecture, source, sha256: hash } = get(role);
      manifest.packages[role] = { version, architecture, source, sha256: hash };
    }
    await saveManifest(this.#manifestFile(), manifest);
    this.#options.progress(`made ${recipe.outputs.join(', ')} (${Math.round(performance.now() - began)} ms)`);
  }
}

const isKernel = (found: Package): boolean => found.name.startsWith('linux-image-');

async function main(): Promise<void> {
  const began = performance.now();
  const unknown = process.argv.slice(2).filter((argument) => argument !== '--force');
  if (unknown.length > 0) throw new Error(`unknown argument ${unknown[0]}; usage: npm run guests [-- --force]`);
  const progress = (line: string): void => void process.stderr.write(`guests: ${line}\n`);
  const files = await ensureGuests({ progress, force: process.argv.includes('--force') });
  progress(`ready in ${files.folder} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
}

/** Started as a program, not imported and not part of a bundle. */
function isProgram(): boolean {
  const started = process.argv[1];
  return started !== undefined && path.basename(started) === 'build.ts' && existsSync(started)
    ? realpathSync(started) === realpathSync(import.meta.filename)
    : false;
}

if (isProgram()) {
  main().catch((error: unknown) => {
    process.stderr.write(`guests: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
