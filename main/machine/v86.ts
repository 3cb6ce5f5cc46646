/**
 * The only file that loads v86, unmodified: its core (v86.wasm) and its devices (libv86.js).
 *
 * Invariant: v86 sees no time, no randomness and no completion but ours. Its text is evaluated with `Date`,
 * `performance`, `Math`, `crypto`, `ImageData` and `console` as parameters, so no global of this process is touched.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import v8 from 'node:v8';
import vm from 'node:vm';
import { type VirtualClock, virtualDate } from './clock.ts';
import { Compiler } from './compiler.ts';
import { cachedModule } from './core-cache.ts';
import { VgaImage } from './devices/display.ts';
import { MachineError } from './errors.ts';
import { virtualCrypto, virtualMath, type VirtualRandom } from './random.ts';
import type { BlockBuffer, CoreExports, CoreImports, Cpu, Emulator } from './v86-types.ts';

export const PORT_A20 = 0x92;

/** Files of v86's build; `LOCKSTEP_V86` names another folder, for an installation that keeps them elsewhere. */
function buildFile(name: string): string {
  const folder = process.env['LOCKSTEP_V86'];
  if (folder !== undefined && folder !== '') return path.join(folder, name);
  return createRequire(import.meta.url).resolve(`v86/build/${name}`);
}

interface LoadedCore {
  readonly module: WebAssembly.Module;
  readonly script: string;
  readonly scriptFile: string;
  /** Both files' bytes, for the fingerprint of a configuration. */
  readonly sources: readonly Uint8Array[];
}

let loaded: LoadedCore | null = null;

/**
 * Reads v86 and compiles its core, once per process, or takes it over from one that did (core-cache.ts).
 *
 * The core holds all floating-point arithmetic, and V8's two compilers give different NaN payloads; so it is always
 * compiled by the optimising one, as is all WebAssembly of this process from here on, except where compiler.ts says
 * otherwise. V8 itself chooses no tier any more: left alone it would optimise nearly all that v86 generates, in
 * the background, at more than the cost of running the guest.
 */
export function loadCore(): LoadedCore {
  if (loaded !== null) return loaded;
  const wasm = readFileSync(buildFile('v86.wasm'));
  const scriptFile = buildFile('libv86.js');
  const script = readFileSync(scriptFile);
  for (const flag of ['--no-liftoff', '--no-wasm-lazy-compilation', '--no-wasm-tier-up', '--no-wasm-dynamic-tiering']) {
    v8.setFlagsFromString(flag);
  }
  const module = cachedModule(wasm, process.env['LOCKSTEP_CORE_CACHE'], () => new WebAssembly.Module(wasm));
  loaded = { module, script: script.toString('utf8'), scriptFile, sources: [wasm, script] };
  return loaded;
}

/** What v86's replaced functions call. */
export interface CoreHooks {
  readonly clock: VirtualClock;
  readonly random: VirtualRandom;
  /** Called once, as soon as linear memory exists and before the guest's first instruction. */
  readonly onMemory: (memory: WebAssembly.Memory) => void;
  readonly hotInstructions?: number | undefined;
}

/** A running v86 that executes only when told to. */
export interface Core {
  readonly emulator: Emulator;
  readonly cpu: Cpu;
  readonly exports: CoreExports;
  readonly compiler: Compiler;
  /** The last value written to port 0x92, which v86 keeps where no one can see it. */
  a20: number;
  /** The next `main_loop` ends after one slice of about 100,000 instructions. */
  endAfterOneSlice: () => void;
}

/** `main_loop` goes on until a millisecond has passed since its first reading: let that one lie far enough back. */
const SLICE_BIAS_MS = 2;

/** Options of v86 that a configuration decides; the others are fixed in `bootCore`. */
export interface CoreOptions {
  readonly memory_size: number;
  readonly vga_memory_size: number;
  readonly bios: BlockBuffer;
  readonly disable_jit: boolean;
  readonly net_device: { readonly type: string; readonly mtu: number };
  readonly vga_bios: object;
  readonly bzimage?: object;
  readonly multiboot?: object;
  readonly boot_order?: number;
  readonly initrd?: object;
  readonly cmdline?: string;
  readonly hda?: BlockBuffer;
  readonly hdb?: BlockBuffer;
  readonly cdrom?: BlockBuffer;
  readonly fda?: object;
}

type V86Constructor = new (options: object) => Emulator;

/** Evaluates v86's text in this context, with our own idea of time, chance and pictures. */
function evaluate(core: LoadedCore, hooks: CoreHooks): V86Constructor {
  const module: { exports: { V86?: V86Constructor } } = { exports: {} };
  const silent = () => {};
  // A guest can make v86 write to the console without end.
  const quietConsole = { log: silent, warn: silent, error: silent, assert: silent, trace: silent };
  const given: Record<string, unknown> = {
    module,
    exports: module.exports,
    require: createRequire(core.scriptFile),
    __filename: core.scriptFile,
    __dirname: path.dirname(core.scriptFile),
    Date: virtualDate(hooks.clock),
    performance: { now: () => hooks.clock.readMs() },
    Math: virtualMath(hooks.random),
    crypto: virtualCrypto(hooks.random),
    ImageData: VgaImage,
    console: quietConsole,
  };
  const run = vm.compileFunction(core.script, Object.keys(given), { filename: core.scriptFile });
  Reflect.apply(run, globalThis, Object.values(given));
  if (module.exports.V86 === undefined) throw new MachineError(`${core.scriptFile} is not a build of v86`);
  return module.exports.V86;
}

/** Replaces the functions through which time, chance and compilation would enter. */
function replaceImports(imports: CoreImports, core: Omit<Core, 'cpu' | 'emulator' | 'exports'>, hooks: CoreHooks) {
  const { clock, random } = hooks;
  const { run_hardware_timers: runTimers, io_port_write8: writePort } = imports;
  let first = false;
  core.endAfterOneSlice = () => {
    first = true;
  };
  imports.microtick = () => {
    if (!first) return clock.readMs();
    first = false;
    return clock.readMs() - SLICE_BIAS_MS;
  };
  // While the guest is halted the timers would get the biased reading: give them the true time always.
  imports.run_hardware_timers = (acpi) => runTimers(acpi, clock.readMs());
  imports.get_rand_int = () => random.nextInt();
  imports.stop_idling = () => {};
  imports.jit_clear_func = (index) => core.compiler.clear(index);
  imports.jit_clear_all_funcs = () => core.compiler.clearAll();
  imports.io_port_write8 = (port, value) => {
    if (port === PORT_A20) core.a20 = value;
    writePort(port, value);
  };
}

/** Builds the emulated PC; nothing has been executed when the promise resolves. */
export async function bootCore(options: CoreOptions, hooks: CoreHooks): Promise<Core> {
  const core = loadCore();
  const { promise, resolve, reject } = Promise.withResolvers<Core>();
  let emulator: Emulator | null = null;
  let unfinished: Omit<Core, 'cpu' | 'emulator'> | null = null;
  const instantiate = async ({ env }: { env: CoreImports }): Promise<CoreExports> => {
    const part = {
      compiler: new Compiler(env.__indirect_function_table, hooks.hotInstructions),
      a20: 0,
      endAfterOneSlice: () => {},
    };
    replaceImports(env, part, hooks);
    env.codegen_finalize = (index, start, flags, pointer, length) => {
      const bytes = new Uint8Array(exports.memory.buffer, pointer >>> 0, length >>> 0);
      part.compiler.finalize([index, start, flags], bytes);
    };
    const instance = new WebAssembly.Instance(core.module, { env: env as unknown as WebAssembly.ModuleImports });
    const exports = instance.exports as unknown as CoreExports;
    unfinished = Object.assign(part, { exports });
    hooks.onMemory(exports.memory);
    return exports;
  };
  // v86 asks for the firmware when its processor exists and before it sets the machine up: the moment to see to it that
  // an error while doing so (too little memory, say) reaches us and not the process as an unhandled rejection.
  options.bios.load = () => {
    const { v86 } = emulator as Emulator;
    const init = v86.init.bind(v86);
    v86.init = (settings) => {
      try {
        init(settings);
      } catch (error) {
        reject(new MachineError('v86 could not build the machine: is there enough memory?', { cause: error }));
      }
    };
    options.bios.onload?.({});
  };
  const V86 = evaluate(core, hooks);
  emulator = new V86({
    ...options,
    wasm_fn: (imports: { env: CoreImports }) => {
      const ready = instantiate(imports);
      ready.catch(reject);
      return ready;
    },
    autostart: false,
    disable_keyboard: true,
    disable_mouse: true,
    disable_speaker: true,
    acpi: false,
    fastboot: true,
  });
  const machine = emulator;
  machine.add_listener('emulator-ready', () => {
    const { cpu } = machine.v86;
    // Only `execute` runs the guest: v86's own scheduler stays off for good.
    cpu.stop_idling = () => {};
    machine.v86.idle = false;
    resolve(Object.assign(unfinished as Omit<Core, 'cpu' | 'emulator'>, { emulator: machine, cpu }));
  });
  const done = await promise;
  done.compiler.attach(done.cpu);
  return done;
}
