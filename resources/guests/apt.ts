// Debian packages through apt's own tools, in a private state folder: the system's apt is not touched, no root needed.
// Invariant: apt checks signatures and hashes as always, and a package is used only if its file has the SHA-256 that
// apt's signed index gave for it.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run, tryRun, which } from './run.ts';

/** A package file on this machine. */
export interface Package {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** Debian source package and its version, for the notices. */
  readonly source: string;
  readonly file: string;
  readonly sha256: string;
}

export interface AptOptions {
  /** Our own folder for apt's state and for the packages. */
  readonly cache: string;
  /** Debian's name of the architecture to fetch for, e.g. i386. */
  readonly architecture: string;
  readonly progress: (line: string) => void;
}

const remedy =
  'Point the environment variable LOCKSTEP_GUESTS at a folder that holds bios.bin, vgabios.bin, linux.bzimage, ' +
  'linux.initrd and linux.cmdline (made by "npm run guests" on a Debian 12 machine, say), ' +
  'or give your own kernel: "vm create --bzimage FILE --initrd FILE".';

/** Throws one clear message if this system has no apt. */
export function requireApt(): void {
  const missing = ['apt-get', 'apt-cache', 'dpkg-deb'].filter((tool) => which(tool) === undefined);
  if (missing.length === 0) return;
  throw new Error(`The guests are built from Debian's packages, and ${missing.join(', ')} is missing here. ${remedy}`);
}

/** apt for one architecture, with a state of its own. */
export class PrivateApt {
  readonly #options: AptOptions;
  readonly #folder: string;
  #updated = false;
  #complaint = ''; // what apt said when it could not read every list

  constructor(options: AptOptions) {
    this.#options = options;
    this.#folder = path.join(options.cache, 'apt', options.architecture);
  }

  /** Read the package lists. An index that fails is only a warning: what matters is whether the packages are found. */
  async update(): Promise<void> {
    if (this.#updated) return;
    await this.#configure();
    this.#options.progress(`reading Debian's package lists (${this.#options.architecture})`);
    for (let attempt = 0; ; attempt += 1) {
      const result = await tryRun('apt-get', ['-q', '-c', this.#config(), 'update']);
      if (result.status === 0) break;
      if (/get lock|is another process/i.test(result.stderr) && attempt < 20) {
        await new Promise((resolve) => setTimeout(resolve, 500)); // a killed build's apt is finishing
        continue;
      }
      this.#complaint = errorLines(result.stderr);
      this.#options.progress(`warning: apt could not read every package list: ${this.#complaint}`);
      break;
    }
    this.#updated = true;
  }

  /** Names of the packages that `name` depends on directly. */
  async depends(name: string): Promise<string[]> {
    await this.update();
    const text = (await run('apt-cache', ['-c', this.#config(), '--no-all-versions', 'show', name])).toString();
    const line = /^Depends: (.*)$/m.exec(text)?.[1] ?? '';
    return line.split(',').flatMap((part) => /^[^ (|]+/.exec(part.trim())?.[0] ?? []);
  }

  /** Names of the packages that would have to be installed here for `name` to work, itself included. */
  async needed(name: string): Promise<string[]> {
    await this.update();
    const args = ['-q', '-c', this.#config(), '-o', 'Dir::State::status=/var/lib/dpkg/status', '-s'];
    const wish = ['--no-install-recommends', '--reinstall', 'install', name];
    const text = (await run('apt-get', [...args, ...wish])).toString();
    const names = [...text.matchAll(/^Inst (\S+)/gm)].map((match) => match[1] as string);
    return names.filter((found) => !found.startsWith('libc6')); // the system's own C library and loader stay in use
  }

  /** Fetch a package unless its file is here already with the right hash. */
  async fetch(name: string): Promise<Package> {
    await this.update();
    const args = ['-q', '-c', this.#config(), 'download'];
    const listed = await tryRun('apt-get', [...args, '--print-uris', name]);
    const found = /^'[^']*' (\S+) (\d+) SHA256:([0-9a-f]{64})/m.exec(listed.stdout.toString());
    if (!found) {
      const said = [errorLines(listed.stderr), this.#complaint].filter(Boolean).join('; ');
      throw new Error(`apt finds no package ${name} (${this.#options.architecture}) here: ${said}. ${remedy}`);
    }
    const [, fileName, size, sha256] = found as unknown as [string, string, string, string];
    const folder = path.join(this.#options.cache, 'debs');
    const file = path.join(folder, fileName);
    if (!(await hasHash(file, sha256))) {
      this.#options.progress(`fetching ${fileName} (${(Number(size) / 1e6).toFixed(1)} MB)`);
      const part = path.join(folder, `part-${process.pid}`);
      await rm(part, { recursive: true, force: true });
      await mkdir(part, { recursive: true });
      await run('apt-get', [...args, name], { cwd: part });
      if (!(await hasHash(path.join(part, fileName), sha256))) throw new Error(`apt fetched a wrong ${fileName}`);
      await rename(path.join(part, fileName), file);
      await rm(part, { recursive: true, force: true });
    }
    return describe(file, sha256);
  }

  #config(): string {
    return path.join(this.#folder, 'apt.conf');
  }

  async #configure(): Promise<void> {
    await mkdir(path.join(this.#folder, 'lists', 'partial'), { recursive: true });
    await mkdir(path.join(this.#folder, 'archives', 'partial'), { recursive: true });
    await mkdir(path.join(this.#options.cache, 'debs'), { recursive: true });
    const settings = [
      `APT::Architecture "${this.#options.architecture}";`,
      `#clear APT::Architectures;`,
      `APT::Architectures { "${this.#options.architecture}"; };`,
      `Dir::State "${this.#folder}";`,
      `Dir::State::lists "${this.#folder}/lists";`,
      `Dir::State::status "/dev/null";`,
      `Dir::Cache "${this.#folder}";`,
      `Dir::Cache::archives "${this.#folder}/archives";`,
      // The system's hooks are about the system's caches.
      `#clear APT::Update::Pre-Invoke;`,
      `#clear APT::Update::Post-Invoke;`,
      `#clear APT::Update::Post-Invoke-Success;`,
      `Acquire::Languages "none";`,
      `Acquire::Retries "3";`,
      `Acquire::http::Timeout "30";`,
      // As root, apt would change to a user who cannot write here.
      ...(process.getuid?.() === 0 ? [`APT::Sandbox::User "root";`] : []),
    ];
    await writeFile(this.#config(), `${settings.join('\n')}\n`);
  }
}

/** apt's first few error lines, in one line of at most 400 characters. */
function errorLines(text: string): string {
  const lines = text.split('\n').filter((line) => line.startsWith('E: '));
  return lines
    .slice(0, 3)
    .map((line) => line.slice(3).trim())
    .join('; ')
    .slice(0, 400);
}

async function describe(file: string, sha256: string): Promise<Package> {
  const text = (await run('dpkg-deb', ['-f', file, 'Package', 'Version', 'Architecture', 'Source'])).toString();
  const field = (key: string): string => new RegExp(`^${key}: (.*)$`, 'm').exec(text)?.[1] ?? '';
  const name = field('Package');
  const version = field('Version');
  const [sourceName = name, sourceVersion] = (field('Source') || name).split(' ');
  const source = `${sourceName} ${sourceVersion?.replace(/[()]/g, '') ?? version}`;
  return { name, version, architecture: field('Architecture'), source, file, sha256 };
}

/** True if the file exists and its content has this SHA-256. */
export async function hasHash(file: string, sha256: string): Promise<boolean> {
  if (!(await stat(file).catch(() => undefined))?.isFile()) return false;
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex') === sha256;
}

/** Debian's name of this machine's architecture. */
export async function hostArchitecture(): Promise<string> {
  const asked = await tryRun('dpkg', ['--print-architecture']).catch(() => undefined);
  const known: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', ia32: 'i386' };
  return asked?.stdout.toString().trim() || known[process.arch] || process.arch;
}

/** The packages of an earlier build that are still here unchanged, by name. */
export async function knownPackages(list: string): Promise<Map<string, Package>> {
  const known = new Map<string, Package>();
  const text = await readFile(list, 'utf8').catch(() => '[]');
  for (const entry of JSON.parse(text) as Package[]) {
    if (await hasHash(entry.file, entry.sha256)) known.set(entry.name, entry);
  }
  return known;
}
