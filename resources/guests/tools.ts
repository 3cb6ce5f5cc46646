// The programs that the build calls: the system's if present, else from their packages, unpacked privately.
// Invariant: nothing is installed; a fetched tool runs from the cache folder with its own libraries. Processes that
// want the same tool at once fetch it once.

import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { PrivateApt, hostArchitecture } from './apt.ts';
import { withLock } from './lock.ts';
import { run, which } from './run.ts';

export interface Tool {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Debian's package of each tool. */
const packageOf = { nasm: 'nasm', xz: 'xz-utils', mke2fs: 'e2fsprogs', 'grub-mkimage': 'grub-common' } as const;
export type ToolName = keyof typeof packageOf;

export class Tools {
  readonly #cache: string;
  readonly #progress: (line: string) => void;
  #apt: PrivateApt | undefined;

  constructor(cache: string, progress: (line: string) => void) {
    this.#cache = cache;
    this.#progress = progress;
  }

  /** Run a tool and return its standard output. */
  async run(name: ToolName, args: readonly string[], input?: Uint8Array): Promise<Buffer> {
    const tool = await this.#find(name);
    return run(tool.command, args, { env: tool.env, ...(input ? { input } : {}) });
  }

  async #find(name: ToolName): Promise<Tool> {
    const system = which(name);
    if (system) return { command: system, env: {} };
    const root = path.join(this.#cache, 'tools', name);
    if (!existsSync(root)) await this.#fetch(name, root);
    const architecture = { x64: 'x86_64', arm64: 'aarch64', ia32: 'i386' }[process.arch as string] ?? process.arch;
    const folders = ['usr/lib', 'lib'].map((lib) => path.join(root, lib, `${architecture}-linux-gnu`));
    const command = which(name, ['usr/bin', 'bin', 'usr/sbin', 'sbin'].map((bin) => path.join(root, bin)).join(':'));
    if (!command) throw new Error(`package ${packageOf[name]} holds no ${name}; install ${name} and try again`);
    return { command, env: { LD_LIBRARY_PATH: folders.join(':') } };
  }

  /** One process after the other: they share apt's state and the folder. Most find it done when it is their turn. */
  async #fetch(name: ToolName, root: string): Promise<void> {
    const tools = path.dirname(root);
    await withLock(
      tools,
      () => this.#progress(`another process fetches tools into ${tools}`),
      async () => {
        if (!existsSync(root)) await this.#unpack(name, root);
      },
    );
  }

  /** Unpack the tool's package and what it needs to a folder that appears only when complete. */
  async #unpack(name: ToolName, root: string): Promise<void> {
    this.#apt ??= new PrivateApt({
      cache: this.#cache,
      architecture: await hostArchitecture(),
      progress: this.#progress,
    });
    const part = `${root}.part`;
    await rm(part, { recursive: true, force: true });
    await mkdir(part, { recursive: true });
    for (const needed of await this.#apt.needed(packageOf[name])) {
      const found = await this.#apt.fetch(needed);
      await run('dpkg-deb', ['-x', found.file, part]);
    }
    await rename(part, root);
  }
}
