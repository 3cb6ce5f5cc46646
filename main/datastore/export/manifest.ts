/**
 * What an export says of itself: its parts, and the virtual machine as the application describes it.
 *
 * Invariant: a part is named by a role of a fixed list, never by a path, and is no larger than its role allows.
 */
import { ExportError, MANIFEST_BYTES_MAX, PARTS_MAX } from './layout.ts';

const GIB = 2 ** 30;
/**
 * The roles, and how large a part of each may be, in bytes. `state` is for what a suspended machine's memory and
 * devices were.
 */
export const ROLES = {
  hda: 128 * GIB,
  cdrom: 16 * GIB,
  fda: 4 << 20,
  bzimage: 128 << 20,
  multiboot: 64 << 20,
  initrd: GIB,
  state: 16 * GIB,
} as const;
export type Role = keyof typeof ROLES;

export interface Part {
  readonly role: Role;
  /** `lsd`: a disk of our own format, flattened; its bytes are those that a guest sees. */
  readonly format: 'raw' | 'lsd';
  readonly bytes: number;
}

export interface Manifest {
  readonly parts: readonly Part[];
  /** For the application to judge: plain JSON. */
  readonly vm: unknown;
}

export function encodeManifest(manifest: Manifest): Buffer {
  const bytes = Buffer.from(JSON.stringify(manifest));
  if (bytes.length > MANIFEST_BYTES_MAX) throw new ExportError('its description is too long');
  return bytes;
}

/** @throws {ExportError} */
export function decodeManifest(bytes: Uint8Array): Manifest {
  const found = parse(bytes);
  const { parts, vm, ...others } = found;
  const known = Array.isArray(parts) && parts.length <= PARTS_MAX && Object.keys(others).length === 0;
  if (!known) throw new ExportError('its description makes no sense');
  const checked = (parts as unknown[]).map(checkPart);
  if (new Set(checked.map(({ role }) => role)).size < checked.length) {
    throw new ExportError('it has two parts of one role');
  }
  return { parts: checked, vm };
}

function parse(bytes: Uint8Array): { readonly [name: string]: unknown } {
  try {
    const found: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof found === 'object' && found !== null) return found as { readonly [name: string]: unknown };
  } catch {
    // It is said below.
  }
  throw new ExportError('its description cannot be read');
}

function checkPart(part: unknown): Part {
  const { role, format, bytes } = (part ?? {}) as { readonly [name: string]: unknown };
  if (typeof role !== 'string' || !Object.hasOwn(ROLES, role)) throw new ExportError('it has a part of no known role');
  if (format !== 'raw' && !(format === 'lsd' && role === 'hda')) {
    throw new ExportError(`its part "${role}" is of no known format`);
  }
  const most = ROLES[role as Role];
  if (!Number.isSafeInteger(bytes) || (bytes as number) < 1 || (bytes as number) > most) {
    throw new ExportError(`its part "${role}" has an impossible size`);
  }
  return { role: role as Role, format, bytes: bytes as number };
}
