/**
 * The compiled core is taken over from a process that has compiled it, and nothing else is taken for it. Each load is
 * in a process of its own: flags of V8 and the core are a process's.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';

const root = path.resolve(import.meta.dirname, '../..');
/** Loads the core through a cache; says whether it was compiled, and how many functions the module has. */
const LOAD = `
  const v8 = await import('node:v8');
  const { readFileSync } = await import('node:fs');
  const { cachedModule } = await import(${JSON.stringify(path.join(root, 'main/machine/core-cache.ts'))});
  const wasm = readFileSync(${JSON.stringify(path.join(root, 'node_modules/v86/build/v86.wasm'))});
  v8.setFlagsFromString('--no-liftoff');
  v8.setFlagsFromString('--no-wasm-lazy-compilation');
  let compiled = false;
  const module = cachedModule(wasm, process.argv[1], () => ((compiled = true), new WebAssembly.Module(wasm)));
  console.log(JSON.stringify({ compiled, exports: WebAssembly.Module.exports(module).length }));
`;

function load(folder: string): { compiled: boolean; exports: number } {
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', LOAD, folder], { encoding: 'utf8' });
  return JSON.parse(said) as { compiled: boolean; exports: number };
}

test('is compiled once, and a damaged or strange file is replaced, not used', () => {
  const folder = temporaryFolder();
  const first = load(folder);
  expect(first.compiled).toBe(true);
  expect(first.exports).toBeGreaterThan(50);
  expect(load(folder)).toEqual({ ...first, compiled: false });

  const [name = ''] = readdirSync(folder);
  const file = path.join(folder, name);
  const whole = readFileSync(file);
  const flipped = Buffer.from(whole);
  flipped.writeUInt8(flipped.readUInt8(whole.length >> 1) ^ 1, whole.length >> 1);
  for (const damaged of [flipped, whole.subarray(0, whole.length - 1), Buffer.alloc(10), Buffer.alloc(0)]) {
    writeFileSync(file, damaged);
    expect(load(folder), `${damaged.length} bytes`).toEqual(first);
    expect(readFileSync(file).length).toBe(whole.length);
  }
  expect(readdirSync(folder)).toEqual([name]);
});

test('a folder that cannot be used costs nothing but the compiler', () => {
  expect(load('/proc/there-is-no-such-folder')).toMatchObject({ compiled: true });
});
