/**
 * A real headless host in a data folder of its own, driven as a user would: through the command line.
 *
 * Invariant: only processes that this harness started are ended, by pid; its folder is removed with it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client } from '../../main/cli/client.ts';
import type {
  CommandArgs,
  CommandName,
  CommandResults,
  EventRecord,
  FtStatus,
} from '../../preload/contract/contract.ts';

const root = path.resolve(import.meta.dirname, '..', '..');
const cli = path.join(root, 'main', 'cli.ts');

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program attached to a VM's serial port, from outside. */
export interface SerialProgram {
  write(text: string): void;
  /** Everything it has read. */
  readonly output: () => string;
  /** Resolves when the pattern is in the output; rejects after `timeoutMs`. */
  until(pattern: RegExp, timeoutMs?: number): Promise<string>;
  close(): Promise<void>;
}

export class TestHost {
  readonly dataFolder: string;
  readonly #command: readonly [string, ...string[]];
  #process: ChildProcess | null = null;
  #client: Promise<Client> | null = null;
  url = '';
  /** What becomes of running VMs at its orderly end: most tests do not wait for their states to be saved. */
  onExit: 'suspend' | 'power-off' = 'power-off';

  /** `command`: how `lockstep` is started; from the sources where nothing else is said. */
  constructor(
    dataFolder = mkdtempSync(path.join(os.tmpdir(), 'lockstep-app-')),
    command: readonly [string, ...string[]] = [process.execPath, cli],
  ) {
    this.dataFolder = dataFolder;
    this.#command = command;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Starts `lockstep serve` and waits until it is ready. */
  async start(): Promise<void> {
    const [program, ...before] = this.#command;
    const child = spawn(program, [...before, 'serve', '--json', '--on-exit', this.onExit, '--data', this.dataFolder], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    let errors = '';
    child.stderr.on('data', (bytes) => (errors += String(bytes)));
    const line = await new Promise<string>((resolve, reject) => {
      let text = '';
      child.stdout.on('data', (bytes) => {
        text += String(bytes);
        if (text.includes('\n')) resolve(text);
      });
      child.once('exit', (code) => reject(new Error(`the host ended with ${code}: ${errors}`)));
    });
    this.url = (JSON.parse(line) as { url: string }).url;
  }

  /** Ends the host: orderly by SIGTERM, or as a crash by SIGKILL. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#process;
    this.#process = null;
    void this.#client?.then((client) => client.close());
    this.#client = null;
    if (!child || child.exitCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(signal);
    await gone;
  }

  remove(): void {
    rmSync(this.dataFolder, { recursive: true, force: true });
  }

  /** Runs `lockstep …` to its end. */
  run(...args: string[]): Promise<Ended> {
    return new Promise((resolve) => {
      const [program, ...before] = this.#command;
      const child = spawn(program, [...before, '--data', this.dataFolder, ...args], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let stdout = '';
      let stderr = '';
      child.stdout.on('data', (bytes) => (stdout += String(bytes)));
      child.stderr.on('data', (bytes) => (stderr += String(bytes)));
      child.on('close', (status) => resolve({ status, stdout, stderr }));
    });
  }

  /** Runs `lockstep … --json` and gives what it printed. @throws when it failed. */
  async json<T>(...args: string[]): Promise<T> {
    const { status, stdout, stderr } = await this.run(...args, '--json');
    if (status !== 0) throw new Error(`lockstep ${args.join(' ')} ended with ${status}: ${stderr}`);
    return JSON.parse(stdout) as T;
  }

  /** The same without a process for each command, where a scenario would otherwise be slow: over one connection. */
  async call<C extends CommandName>(command: C, args: CommandArgs<C>): Promise<CommandResults[C]> {
    this.#client ??= Client.connect(this.dataFolder);
    return (await this.#client).call(command, args);
  }

  status(vm: string): Promise<FtStatus> {
    return this.json<FtStatus>('ft', 'status', vm);
  }

  events(vm: string): Promise<EventRecord[]> {
    return this.json<EventRecord[]>('events', vm);
  }

  waitFor(vm: string, state: FtStatus['status'], timeoutSeconds = 120): Promise<FtStatus> {
    return this.json<FtStatus>('ft', 'wait', vm, '--for', state, '--timeout', String(timeoutSeconds));
  }

  attach(vm: string): SerialProgram {
    const [program, ...before] = this.#command;
    const child = spawn(program, [...before, '--data', this.dataFolder, 'serial', 'attach', vm, '--history'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (bytes: Buffer) => (output += bytes.toString('latin1')));
    child.stdin.on('error', () => {
      // The program has ended; its output says the rest.
    });
    return {
      write: (text) => void child.stdin.write(text),
      output: () => output,
      until: async (pattern, timeoutMs = 60_000) => {
        const deadline = Date.now() + timeoutMs;
        while (!pattern.test(output)) {
          if (Date.now() > deadline) throw new Error(`${pattern} did not come; the last was: ${output.slice(-500)}`);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        return output;
      },
      close: () =>
        new Promise((resolve) => {
          if (child.exitCode !== null || child.signalCode !== null) return resolve();
          child.once('exit', () => resolve());
          child.kill('SIGKILL');
        }),
    };
  }
}

/** Whether a process exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
