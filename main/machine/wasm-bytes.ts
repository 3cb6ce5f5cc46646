/**
 * WebAssembly's binary format, as far as the small functions of ours need it that stand between v86 and its modules.
 *
 * Invariant: every length is below 128, so that one byte holds it.
 */

/** A part with its length in bytes before it. */
export const sized = (...parts: readonly number[][]): number[] => [parts.flat().length, ...parts.flat()];
const section = (id: number, ...parts: readonly number[][]): number[] => [id, ...sized(...parts)];
/** An import: its module is "e", its name has one letter. */
export const from = (name: string, what: readonly number[]): number[] => [1, 0x65, 1, name.charCodeAt(0), ...what];

/** The sections of a module by their numbers: 1 types, 2 imports, 3 functions, 6 globals, 7 exports, 10 code. */
export function wasmModule(
  sections: readonly (readonly [id: number, ...parts: number[][]])[],
): Uint8Array<ArrayBuffer> {
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  return Uint8Array.from([header, ...sections.map(([id, ...parts]) => section(id, ...parts))].flat());
}
