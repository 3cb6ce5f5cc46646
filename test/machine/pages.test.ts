/** Linear memory as the pages that are not all zero. */
import { expect, test } from 'vitest';
import { capturePages, measurePages, PAGE_BYTES, restorePages } from '../../main/machine/pages.ts';
import { atOnce } from '../../main/machine/pieces.ts';

const WASM_PAGE_BYTES = 65_536;

function memoryWith(...places: readonly number[]): WebAssembly.Memory {
  const memory = new WebAssembly.Memory({ initial: 300, maximum: 400 });
  const bytes = new Uint8Array(memory.buffer);
  for (const at of places) bytes[at] = 1;
  return memory;
}

test('a memory is what its pages were', () => {
  const memory = memoryWith(0, 5 * PAGE_BYTES + 77, 300 * WASM_PAGE_BYTES - 1);
  const pages = capturePages(memory.buffer);
  expect(pages.bytes.length).toBe(3 * PAGE_BYTES);
  const other = memoryWith(9 * PAGE_BYTES);
  restorePages(other.buffer, pages);
  expect(Buffer.compare(Buffer.from(other.buffer), Buffer.from(memory.buffer))).toBe(0);
});

test('is measured as it is captured', () => {
  const memory = memoryWith(0, 4095, 4096, 200 * WASM_PAGE_BYTES);
  expect(atOnce(measurePages(memory))).toBe(capturePages(memory.buffer).bytes.length);
});

test('may grow while it is measured', () => {
  const memory = memoryWith(0);
  const measuring = measurePages(memory);
  measuring.next();
  memory.grow(100);
  new Uint8Array(memory.buffer)[399 * WASM_PAGE_BYTES] = 1;
  expect(atOnce(measuring)).toBe(2 * PAGE_BYTES);
});
