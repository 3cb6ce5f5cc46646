/**
 * Values on their way between main and a page, over DevTools' text: what is not JSON is marked.
 *
 * Invariant: text, numbers, lists, plain objects and bytes arrive as they were; anything else was refused before, by
 * the structured clone, or is refused here by its name.
 */
const MARK = '$bytes';

export function encodeValue(value: unknown): unknown {
  if (value instanceof Uint8Array) return { [MARK]: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return value.map(encodeValue);
  if (typeof value === 'object' && value !== null) {
    if (Object.getPrototypeOf(value) !== Object.prototype) {
      throw new TypeError(`the stand-in carries no ${value.constructor.name}`);
    }
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, encodeValue(part)]));
  }
  return value;
}

export function decodeValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decodeValue);
  if (typeof value !== 'object' || value === null) return value;
  const bytes = (value as { [MARK]?: unknown })[MARK];
  if (typeof bytes === 'string') return new Uint8Array(Buffer.from(bytes, 'base64'));
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, decodeValue(part)]));
}
