/**
 * v86's core, compiled once for all replicas of a host: compiling it takes 2 s of a processor's time, taking the result
 * over some 10 ms.
 *
 * V8 can write a compiled module down and read it again, but gives JavaScript no way to but two functions of its own
 * tests (src/runtime/runtime-test-wasm.cc; the module carries V8's version, flags, and the processor's features, and is
 * refused where they differ). Where they are not there, or the flag that shows them is frozen, the core is compiled as
 * ever.
 *
 * Invariants: what is read is what was written, by a SHA-256 over all of it; a file that is none is replaced, not used.
 * The folder is the host's own, private, and gone when it ends (fleet/pair/process-folder.ts): nobody else can put code
 * there. All replicas of a host execute the same machine code.
 */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import v8 from 'node:v8';
import vm from 'node:vm';

const DIGEST_BYTES = 32;
/** The core of today takes 8 MB. */
const FILE_BYTES_MAX = 256 << 20;

interface Intrinsics {
  readonly serialize: (module: WebAssembly.Module) => ArrayBuffer;
  readonly deserialize: (bytes: ArrayBuffer, wasm: Uint8Array) => WebAssembly.Module | undefined;
}

/** V8's functions; null where it does not show them. */
function intrinsics(): Intrinsics | null {
  v8.setFlagsFromString('--allow-natives-syntax');
  try {
    const serialize = vm.compileFunction('return %SerializeWasmModule(module)', ['module']);
    const deserialize = vm.compileFunction('return %DeserializeWasmModule(bytes, wasm)', ['bytes', 'wasm']);
    return { serialize, deserialize } as unknown as Intrinsics;
  } catch {
    return null;
  } finally {
    // Flags are part of what V8 compares.
    v8.setFlagsFromString('--no-allow-natives-syntax');
  }
}

/** Names what it depends on besides what V8 itself compares. */
function fileOf(folder: string, wasm: Uint8Array): string {
  const key = createHash('sha256').update(wasm).update(`${process.versions.v8} ${process.arch}`).digest('hex');
  return path.join(folder, `core-${key.slice(0, 16)}`);
}

function read(file: string): ArrayBuffer | null {
  let handle: number;
  try {
    handle = openSync(file, 'r');
  } catch {
    return null;
  }
  try {
    const stat = fstatSync(handle);
    if (!stat.isFile() || stat.size <= DIGEST_BYTES || stat.size > FILE_BYTES_MAX) return null;
    const bytes = readFileSync(handle);
    const content = bytes.subarray(DIGEST_BYTES);
    const digest = createHash('sha256').update(content).digest();
    if (!digest.equals(bytes.subarray(0, DIGEST_BYTES))) return null;
    return new Uint8Array(content).buffer;
  } finally {
    closeSync(handle);
  }
}

function write(file: string, content: Uint8Array): void {
  const own = `${file}.${process.pid}`;
  const digest = createHash('sha256').update(content).digest();
  try {
    writeFileSync(own, Buffer.concat([digest, content]), { mode: 0o600, flag: 'wx' });
    // Whole or not at all, whoever else writes or reads.
    renameSync(own, file);
  } catch {
    // A full disk, say: the next process compiles again.
  }
}

/**
 * The compiled `wasm`, from the folder where it is there, else by `compile`, and then into the folder. To be called
 * with the same V8 flags everywhere. `folder` undefined: no cache.
 */
export function cachedModule(
  wasm: Uint8Array<ArrayBuffer>,
  folder: string | undefined,
  compile: () => WebAssembly.Module,
): WebAssembly.Module {
  const v8s = folder ? intrinsics() : null;
  if (!folder || !v8s) return compile();
  const file = fileOf(folder, wasm);
  const kept = read(file);
  const module = kept ? v8s.deserialize(kept, wasm) : undefined;
  if (module) return module;
  const compiled = compile();
  write(file, new Uint8Array(v8s.serialize(compiled)));
  return compiled;
}
