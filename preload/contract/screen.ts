/**
 * Binary display messages: what a guest's screen shows, and what changed on it.
 *
 * Invariant: applying every update in order to a `ScreenModel` gives exactly what the guest's screen shows; an update
 * with `full` needs nothing before it. `decodeScreen(encodeScreen(u))` equals u; given anything else, `decodeScreen`
 * throws a RangeError before it allocates more than the bytes at hand account for. Layout, all numbers little-endian:
 *
 *   byte 0   kind: 0 blank, 1 text, 2 graphics        byte 1   flags: 1 full, 2 with a font
 *   text     columns u16, rows u16, cursor row, column, first, last u16 each, number of lines u16;
 *            with a font: width u8, height u8, glyphs u16, glyphs * height rows u16 each;
 *            each line: row u16, then columns cells: glyph u16, foreground 3 bytes, background 3 bytes (red first)
 *   graphics width u16, height u16, number of tiles u32; each tile: x, y, width, height u16 each, then its pixels
 *            (screen-tiles.ts; alpha is always 255 and not sent)
 */
import { packedBytes, packPixels, type PackedPixels, unpackPixels, writePixels } from './screen-tiles.ts';

/** The largest screen a guest may ask for, in pixels and in text cells. */
export const SCREEN_WIDTH_MAX = 2560;
export const SCREEN_HEIGHT_MAX = 1600;
export const TEXT_COLUMNS_MAX = 256;
export const TEXT_ROWS_MAX = 128;
/** Scan lines of a glyph. */
const FONT_HEIGHT_MAX = 32;
/** Pixels of a glyph's width: as they are, with the ninth column, doubled. */
const FONT_WIDTHS = [8, 9, 16] as const;
/** Glyphs of a font: one or two of the VGA's pages. */
const FONT_GLYPHS = [256, 512] as const;

/** One glyph set: 256 or 512 glyphs, each `height` rows of 16 bits, most significant bit left, `width` of them used. */
export interface Font {
  /** 8 or 9 pixels (16 where the guest doubles the width). */
  readonly width: number;
  readonly height: number;
  readonly rows: Uint16Array;
}

/** A text cell is three numbers: glyph (0 to 511, plus 0x8000 if it blinks), foreground and background as 0xRRGGBB. */
export const CELL_WORDS = 3;
export const GLYPH_MASK = 0x01ff;
export const GLYPH_BLINKS = 0x8000;

export interface Cursor {
  readonly row: number;
  readonly column: number;
  /** Scan lines of the cell, first and last, inclusive; a hidden cursor has first > last. */
  readonly first: number;
  readonly last: number;
}

export interface TextUpdate {
  readonly kind: 'text';
  readonly full: boolean;
  readonly columns: number;
  readonly rows: number;
  readonly cursor: Cursor;
  /** Present when the guest loaded another font, and in every full update. */
  readonly font?: Font;
  /** Changed rows with all their cells: `columns * CELL_WORDS` numbers each. */
  readonly lines: readonly { readonly row: number; readonly cells: Uint32Array }[];
}

export interface GraphicsUpdate {
  readonly kind: 'graphics';
  readonly full: boolean;
  readonly width: number;
  readonly height: number;
  /** Changed rectangles, 4 bytes a pixel, red first, alpha always 255. */
  readonly tiles: readonly {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
    readonly rgba: Uint8Array;
  }[];
}

/** Nothing to see: the machine is off, or its video output is blank. */
export interface BlankUpdate {
  readonly kind: 'blank';
  readonly full: true;
}

export type ScreenUpdate = TextUpdate | GraphicsUpdate | BlankUpdate;

const KIND = { blank: 0, text: 1, graphics: 2 } as const;
const FLAG_FULL = 1;
const FLAG_FONT = 2;
const HEADER_BYTES = 2;
const TEXT_HEADER_BYTES = 14;
const FONT_HEADER_BYTES = 4;
const CELL_BYTES = 8;
const GRAPHICS_HEADER_BYTES = 8;
const TILE_HEADER_BYTES = 8;
/** Wide enough for one-pixel tiles nobody makes, small enough to refuse nonsense. */
const TILES_MAX = 65_536;

/** @throws {RangeError} when the update is not one that can be sent. */
export function encodeScreen(update: ScreenUpdate): Uint8Array {
  const packed = update.kind === 'graphics' ? update.tiles.map(({ rgba }) => packPixels(rgba)) : [];
  const writer = new Writer(sizeOf(update, packed));
  writer.u8(KIND[update.kind]);
  const withFont = update.kind === 'text' && update.font !== undefined;
  writer.u8((update.full ? FLAG_FULL : 0) | (withFont ? FLAG_FONT : 0));
  if (update.kind === 'text') writeText(writer, update);
  if (update.kind === 'graphics') writeGraphics(writer, update, packed);
  return writer.bytes;
}

function sizeOf(update: ScreenUpdate, packed: readonly PackedPixels[]): number {
  if (update.kind === 'blank') return HEADER_BYTES;
  if (update.kind === 'graphics') {
    return packed.reduce(
      (sum, one) => sum + TILE_HEADER_BYTES + packedBytes(one),
      HEADER_BYTES + GRAPHICS_HEADER_BYTES,
    );
  }
  const font = update.font === undefined ? 0 : FONT_HEADER_BYTES + update.font.rows.length * 2;
  return HEADER_BYTES + TEXT_HEADER_BYTES + font + update.lines.length * (2 + update.columns * CELL_BYTES);
}

function writeText(writer: Writer, update: TextUpdate): void {
  const { columns, rows, cursor, font, lines } = update;
  checkText(columns, rows, cursor.row, cursor.column, lines.length);
  for (const number of [columns, rows, cursor.row, cursor.column, cursor.first, cursor.last, lines.length]) {
    writer.u16(number);
  }
  if (font !== undefined) {
    const glyphs = font.rows.length / font.height;
    checkFont(font.width, font.height, glyphs);
    writer.u8(font.width);
    writer.u8(font.height);
    writer.u16(glyphs);
    for (const bits of font.rows) writer.u16(bits);
  }
  for (const { row, cells } of lines) {
    ensure(row < rows && cells.length === columns * CELL_WORDS, `line ${row} does not fit`);
    writer.u16(row);
    for (let at = 0; at < cells.length; at += CELL_WORDS) {
      writer.u16(cells[at] ?? 0);
      writer.colour(cells[at + 1] ?? 0);
      writer.colour(cells[at + 2] ?? 0);
    }
  }
}

function writeGraphics(writer: Writer, update: GraphicsUpdate, packed: readonly PackedPixels[]): void {
  const { width, height, tiles } = update;
  checkGraphics(width, height, tiles.length);
  writer.u16(width);
  writer.u16(height);
  writer.u32(tiles.length);
  tiles.forEach((tile, index) => {
    checkTile(tile, width, height);
    ensure(tile.rgba.length === tile.width * tile.height * 4, 'a tile has the wrong number of pixels');
    for (const number of [tile.x, tile.y, tile.width, tile.height]) writer.u16(number);
    writer.pixels(packed[index] as PackedPixels);
  });
}

/** Nothing of the result refers to `bytes`. @throws {RangeError} that says what is wrong. */
export function decodeScreen(bytes: Uint8Array): ScreenUpdate {
  const reader = new Reader(bytes);
  reader.need(HEADER_BYTES);
  const kind = reader.u8();
  const flags = reader.u8();
  ensure((flags & ~(FLAG_FULL | FLAG_FONT)) === 0, `flags ${flags} are unknown`);
  ensure((flags & FLAG_FONT) === 0 || kind === KIND.text, 'only text has a font');
  const full = (flags & FLAG_FULL) !== 0;
  const update = readKind(reader, kind, full, (flags & FLAG_FONT) !== 0);
  ensure(reader.left === 0, `${reader.left} bytes too many`);
  return update;
}

function readKind(reader: Reader, kind: number, full: boolean, withFont: boolean): ScreenUpdate {
  if (kind === KIND.text) return readText(reader, full, withFont);
  if (kind === KIND.graphics) return readGraphics(reader, full);
  ensure(kind === KIND.blank, `kind ${kind} is unknown`);
  ensure(full, 'a blank screen is always a full update');
  return { kind: 'blank', full: true } satisfies BlankUpdate;
}

function readText(reader: Reader, full: boolean, withFont: boolean): TextUpdate {
  reader.need(TEXT_HEADER_BYTES);
  const [columns, rows] = [reader.u16(), reader.u16()];
  const cursor = { row: reader.u16(), column: reader.u16(), first: reader.u16(), last: reader.u16() };
  const count = reader.u16();
  checkText(columns, rows, cursor.row, cursor.column, count);
  ensure(!full || (withFont && count === rows), 'a full text update has a font and every row');
  const font = withFont ? readFont(reader) : undefined;
  reader.need(count * (2 + columns * CELL_BYTES));
  const lines = Array.from({ length: count }, () => readLine(reader, columns, rows));
  if (full) lines.forEach(({ row }, index) => ensure(row === index, 'a full text update has its rows in order'));
  return { kind: 'text', full, columns, rows, cursor, lines, ...(font === undefined ? {} : { font }) };
}

function readFont(reader: Reader): Font {
  reader.need(FONT_HEADER_BYTES);
  const [width, height, glyphs] = [reader.u8(), reader.u8(), reader.u16()];
  checkFont(width, height, glyphs);
  reader.need(glyphs * height * 2);
  const rows = new Uint16Array(glyphs * height);
  for (let index = 0; index < rows.length; index += 1) rows[index] = reader.u16();
  return { width, height, rows };
}

function readLine(reader: Reader, columns: number, rows: number): { row: number; cells: Uint32Array } {
  const row = reader.u16();
  ensure(row < rows, `row ${row} is not on the screen`);
  const cells = new Uint32Array(columns * CELL_WORDS);
  for (let at = 0; at < cells.length; at += CELL_WORDS) {
    const glyph = reader.u16();
    ensure((glyph & ~(GLYPH_MASK | GLYPH_BLINKS)) === 0, `glyph ${glyph} is unknown`);
    cells[at] = glyph;
    cells[at + 1] = reader.colour();
    cells[at + 2] = reader.colour();
  }
  return { row, cells };
}

function readGraphics(reader: Reader, full: boolean): GraphicsUpdate {
  reader.need(GRAPHICS_HEADER_BYTES);
  const [width, height, count] = [reader.u16(), reader.u16(), reader.u32()];
  checkGraphics(width, height, count);
  reader.need(count * TILE_HEADER_BYTES);
  const tiles: GraphicsUpdate['tiles'][number][] = [];
  for (let index = 0; index < count; index += 1) {
    reader.need(TILE_HEADER_BYTES);
    const tile = { x: reader.u16(), y: reader.u16(), width: reader.u16(), height: reader.u16() };
    checkTile(tile, width, height);
    tiles.push({ ...tile, rgba: reader.pixels(tile.width * tile.height) });
  }
  return { kind: 'graphics', full, width, height, tiles };
}

function checkText(columns: number, rows: number, cursorRow: number, cursorColumn: number, lines: number): void {
  ensureRange('columns', columns, 1, TEXT_COLUMNS_MAX);
  ensureRange('rows', rows, 1, TEXT_ROWS_MAX);
  ensureRange('cursor row', cursorRow, 0, rows - 1);
  ensureRange('cursor column', cursorColumn, 0, columns - 1);
  ensureRange('lines', lines, 0, rows);
}

function checkFont(width: number, height: number, glyphs: number): void {
  ensure((FONT_WIDTHS as readonly number[]).includes(width), `a font ${width} pixels wide is unknown`);
  ensureRange('font height', height, 1, FONT_HEIGHT_MAX);
  ensure((FONT_GLYPHS as readonly number[]).includes(glyphs), `a font of ${glyphs} glyphs is unknown`);
}

function checkGraphics(width: number, height: number, tiles: number): void {
  ensureRange('width', width, 1, SCREEN_WIDTH_MAX);
  ensureRange('height', height, 1, SCREEN_HEIGHT_MAX);
  ensureRange('tiles', tiles, 0, TILES_MAX);
}

type Rectangle = { readonly x: number; readonly y: number; readonly width: number; readonly height: number };

function checkTile(tile: Rectangle, width: number, height: number): void {
  const { x, y } = tile;
  ensure(tile.width > 0 && tile.height > 0, 'a tile is empty');
  ensure(x + tile.width <= width && y + tile.height <= height, `the tile at ${x}, ${y} is not on the screen`);
}

function ensureRange(name: string, value: number, least: number, most: number): void {
  const inRange = Number.isInteger(value) && value >= least && value <= most;
  ensure(inRange, `${name} must be ${least} to ${most}, not ${value}`);
}

function ensure(condition: boolean, message: string): void {
  if (!condition) throw new RangeError(`screen update: ${message}`);
}

class Writer {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(length: number) {
    this.bytes = new Uint8Array(length);
    this.#view = new DataView(this.bytes.buffer);
  }
  u8(value: number): void {
    this.#view.setUint8(this.#at, value);
    this.#at += 1;
  }
  u16(value: number): void {
    this.#view.setUint16(this.#at, value, true);
    this.#at += 2;
  }
  u32(value: number): void {
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
  }
  colour(value: number): void {
    this.u8(value >> 16);
    this.u16(((value & 0xff) << 8) | ((value >> 8) & 0xff));
  }
  pixels(packed: PackedPixels): void {
    this.#at = writePixels(this.bytes, this.#at, packed);
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  get left(): number {
    return this.#view.byteLength - this.#at;
  }
  /** @throws {RangeError} when fewer than `count` bytes are left. */
  need(count: number): void {
    ensure(count <= this.left, `${count} bytes should follow, ${this.left} do`);
  }
  u8(): number {
    this.#at += 1;
    return this.#view.getUint8(this.#at - 1);
  }
  u16(): number {
    this.#at += 2;
    return this.#view.getUint16(this.#at - 2, true);
  }
  u32(): number {
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4, true);
  }
  colour(): number {
    const [red, greenBlue] = [this.u8(), this.u16()];
    return (red << 16) | ((greenBlue & 0xff) << 8) | (greenBlue >> 8);
  }
  /** Of `count` pixels, 4 bytes each. */
  pixels(count: number): Uint8Array {
    const { rgba, next } = unpackPixels(this.#bytes, this.#at, count);
    this.#at = next;
    return rgba;
  }
}
