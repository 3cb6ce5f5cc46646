// What was built from what. Invariant: an output counts as current only if it was made by the same recipe from the
// same packages and sources, and its file still has the SHA-256 written down then. A damaged manifest counts as none.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { hasHash } from './apt.ts';

export interface PackageRecord {
  readonly version: string;
  readonly architecture: string;
  readonly source: string;
  readonly sha256: string;
}

export interface OutputRecord {
  readonly sha256: string;
  /** SHA-256 over everything that the output was made from. */
  readonly inputs: string;
}

export interface Manifest {
  readonly format: 1;
  readonly packages: Record<string, PackageRecord>;
  readonly outputs: Record<string, OutputRecord>;
}

export const emptyManifest = (): Manifest => ({ format: 1, packages: {}, outputs: {} });

export async function loadManifest(file: string): Promise<Manifest> {
  try {
    const found = JSON.parse(await readFile(file, 'utf8')) as Manifest;
    if (found.format === 1 && isRecord(found.packages) && isRecord(found.outputs)) return found;
  } catch {
    // missing or damaged: everything is built anew
  }
  return emptyManifest();
}

export async function saveManifest(file: string, manifest: Manifest): Promise<void> {
  await writeAtomic(file, Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`));
}

/** Write beside the target, then rename: the target is always either the old or the new content, never a part. */
export async function writeAtomic(file: string, data: Uint8Array): Promise<void> {
  const part = path.join(path.dirname(file), `.part-${process.pid}-${path.basename(file)}`);
  await writeFile(part, data, { flush: true });
  await rename(part, file);
}

export const sha256 = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('hex');

/** One hash over the recipe's name, its packages' hashes (by name) and its source files (by relative path). */
export async function inputsHash(
  recipe: string,
  packages: ReadonlyMap<string, string>,
  root: string,
  sources: readonly string[],
): Promise<string> {
  const lines = [`recipe ${recipe}`];
  for (const [name, hash] of [...packages].sort()) lines.push(`package ${name} ${hash}`);
  for (const source of [...sources].sort()) {
    const file = path.join(root, source);
    if (existsSync(file)) lines.push(`source ${source} ${sha256(await readFile(file))}`);
  }
  return sha256(lines.join('\n'));
}

/** True if every output of a recipe is current. */
export async function isCurrent(
  manifest: Manifest,
  folder: string,
  outputs: readonly string[],
  inputs: string,
): Promise<boolean> {
  for (const name of outputs) {
    const record = manifest.outputs[name];
    if (!record || record.inputs !== inputs) return false;
    if (!(await hasHash(path.join(folder, name), record.sha256))) return false;
  }
  return true;
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
