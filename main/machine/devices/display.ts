/**
 * The display: what the guest's screen shows, read from the state of v86's VGA whenever someone looks.
 *
 * Invariant: looking changes nothing. v86 draws into a screen that throws everything away; a look asks the VGA to draw
 * its text once more into cells of ours, or composes its picture from linear memory. So the display has no state: after
 * a restore it is right at once. What is remembered is only what the last look saw, to tell what changed.
 */
import {
  CELL_WORDS,
  type Cursor,
  type Font,
  type GraphicsUpdate,
  type ScreenUpdate,
  SCREEN_HEIGHT_MAX,
  SCREEN_WIDTH_MAX,
  TEXT_COLUMNS_MAX,
  TEXT_ROWS_MAX,
  type TextUpdate,
} from '../../../preload/contract/screen.ts';
import type { Vga, VgaLayer } from '../v86-types.ts';
import { composePicture, type Picture, pictureTiles } from './picture.ts';

const BLINK = 0x8000;
const GLYPHS_PER_PAGE = 256;
/** Plane 2 holds eight fonts of 256 glyphs, each glyph in 32 bytes. */
const FONT_BYTES = 8192;
const GLYPH_BYTES = 32;
/** Where each of the eight fonts lies in plane 2, by the number in the character map register. */
const FONT_ORDER = [0, 2, 4, 6, 1, 3, 5, 7] as const;
const CLOCKING_SCREEN_OFF = 0x20;
const NOT_DETACHED = new Uint8ClampedArray(1);

/**
 * Stands for `ImageData` inside v86: says where in linear memory a picture is. It holds no view of it, as views die
 * when the memory grows and would have to be made anew in a clone.
 */
export class VgaImage {
  readonly offset: number;
  readonly width: number;
  readonly height: number;

  constructor(pixels: Uint8ClampedArray, width: number, height: number) {
    this.offset = pixels.byteOffset;
    this.width = width;
    this.height = height;
  }

  /** v86 only asks whether this is empty, which would mean that the memory has moved. */
  get data(): Uint8ClampedArray {
    return NOT_DETACHED;
  }
}

interface TextFrame {
  readonly kind: 'text';
  readonly columns: number;
  readonly rows: number;
  readonly cells: Uint32Array;
  readonly cursor: Cursor;
  readonly font: Font;
}

type Frame = TextFrame | Picture | { readonly kind: 'blank' };

const BLANK: Frame = { kind: 'blank' };

/** v86's screen adapter; it draws into `target` while there is one. */
class Screen {
  readonly FLAG_BLINKING = 1;
  readonly FLAG_FONT_PAGE_B = 2;
  target: { columns: number; rows: number; cells: Uint32Array } | null = null;
  cursor: Cursor = { row: 0, column: 0, first: 1, last: 0 };
  fontFormat: { height: number; nine: boolean; double: boolean; copyEighth: boolean; plane: Uint8Array } | null = null;

  put_char(row: number, column: number, glyph: number, flags: number, background: number, foreground: number): void {
    const { target } = this;
    if (target === null || row >= target.rows || column >= target.columns) return;
    const at = (row * target.columns + column) * CELL_WORDS;
    const page = (flags & this.FLAG_FONT_PAGE_B) === 0 ? 0 : GLYPHS_PER_PAGE;
    target.cells[at] = ((glyph & 0xff) + page) | ((flags & this.FLAG_BLINKING) === 0 ? 0 : BLINK);
    target.cells[at + 1] = foreground & 0xff_ffff;
    target.cells[at + 2] = background & 0xff_ffff;
  }
  update_cursor(row: number, column: number): void {
    this.cursor = { ...this.cursor, row, column };
  }
  update_cursor_scanline(first: number, last: number, visible: boolean): void {
    this.cursor = { ...this.cursor, ...(visible ? { first, last } : { first: 1, last: 0 }) };
  }
  set_font_bitmap(height: number, nine: boolean, double: boolean, copyEighth: boolean, plane: Uint8Array): void {
    this.fontFormat = { height, nine, double, copyEighth, plane };
  }
  set_mode(): void {}
  set_size_text(): void {}
  set_size_graphical(): void {}
  set_font_page(): void {}
  clear_screen(): void {}
  clear_text_state(): void {}
  update_buffer(): void {}
  pause(): void {}
  continue(): void {}
  destroy(): void {}
}

export class Display {
  /** To be put in the place of v86's own. */
  readonly adapter: object;
  readonly #screen = new Screen();
  readonly #vga: Vga;
  readonly #memory: () => ArrayBuffer;
  #last: Frame | null = null;
  /** A picture that nobody looks at any more: the next one is made in its memory. */
  #spare: Picture | null = null;

  constructor(vga: Vga, memory: () => ArrayBuffer) {
    this.#vga = vga;
    this.#memory = memory;
    this.adapter = this.#screen;
  }

  /** The next look sees everything as new. */
  forget(): void {
    this.#last = null;
  }

  /** What changed since the last look, or everything; null when nothing did. */
  look(full: boolean): ScreenUpdate | null {
    const frame = this.#frame();
    const before = full ? null : this.#last;
    this.#spare = this.#last?.kind === 'graphics' ? this.#last : null;
    this.#last = frame;
    if (frame.kind === 'text') return textUpdate(frame, before);
    if (frame.kind === 'graphics') return graphicsUpdate(frame, before);
    return before?.kind === 'blank' ? null : { kind: 'blank', full: true };
  }

  #frame(): Frame {
    const vga = this.#vga;
    if (vga.svga_enabled) {
      const [width, height] = [vga.svga_width, vga.svga_height];
      const whole = { screen_x: 0, screen_y: 0, buffer_x: 0, buffer_y: 0, buffer_width: width, buffer_height: height };
      return this.#picture(width, height, [{ image_data: vga.image_data, ...whole }]);
    }
    if (vga.palette_source === 0 || (vga.clocking_mode & CLOCKING_SCREEN_OFF) !== 0) return BLANK;
    if (vga.graphical_mode) return this.#picture(vga.screen_width, vga.screen_height, vga.layers);
    return this.#text();
  }

  #picture(width: number, height: number, layers: readonly VgaLayer[]): Frame {
    const [shownWidth, shownHeight] = [Math.min(width, SCREEN_WIDTH_MAX), Math.min(height, SCREEN_HEIGHT_MAX)];
    if (shownWidth === 0 || shownHeight === 0 || layers.length === 0) return BLANK;
    return composePicture(this.#memory(), { width: shownWidth, height: shownHeight }, layers, this.#spare);
  }

  #text(): Frame {
    const columns = Math.min(this.#vga.max_cols, TEXT_COLUMNS_MAX);
    const rows = Math.min(this.#vga.max_rows, TEXT_ROWS_MAX);
    const cells = new Uint32Array(columns * rows * CELL_WORDS);
    this.#screen.target = { columns, rows, cells };
    this.#screen.fontFormat = null;
    this.#vga.text_mode_redraw();
    this.#vga.update_cursor();
    this.#vga.update_cursor_scanline();
    this.#vga.set_font_bitmap(false);
    this.#screen.target = null;
    const font = this.#font();
    if (font === null || cells.length === 0) return BLANK;
    const { cursor } = this.#screen;
    const shown = cursor.row < rows && cursor.column < columns;
    const placed = shown ? cursor : { row: 0, column: 0, first: 1, last: 0 };
    return { kind: 'text', columns, rows, cells, cursor: placed, font };
  }

  /** The glyphs of the one or two fonts in use, or null before the guest has set a height. */
  #font(): Font | null {
    const format = this.#screen.fontFormat;
    if (format === null) return null;
    const map = this.#vga.character_map_select;
    const first = ((map & 0x0c) >> 2) | ((map & 0x20) >> 3);
    const second = (map & 0x03) | ((map & 0x10) >> 2);
    const pages = first === second ? [first] : [first, second];
    const rows = new Uint16Array(pages.length * GLYPHS_PER_PAGE * format.height);
    let at = 0;
    for (const page of pages) {
      const start = (FONT_ORDER[page] ?? 0) * FONT_BYTES;
      for (let glyph = 0; glyph < GLYPHS_PER_PAGE; glyph += 1) {
        for (let line = 0; line < format.height; line += 1) {
          const bits = format.plane[start + glyph * GLYPH_BYTES + line] ?? 0;
          rows[at] = format.double ? doubled(bits) : bits << 8;
          // Line-drawing glyphs go on into the ninth column.
          const joins = format.nine && format.copyEighth && glyph >= 0xc0 && glyph <= 0xdf;
          if (joins && (bits & 1) === 1) rows[at] = (bits << 8) | 0x80;
          at += 1;
        }
      }
    }
    return { width: format.double ? 16 : format.nine ? 9 : 8, height: format.height, rows };
  }
}

/** Every bit twice. */
function doubled(bits: number): number {
  let wide = 0;
  for (let bit = 7; bit >= 0; bit -= 1) wide = (wide << 2) | ((bits >> bit) & 1 ? 3 : 0);
  return wide;
}

function textUpdate(frame: TextFrame, before: Frame | null): TextUpdate | null {
  const { columns, rows, cursor, font } = frame;
  const comparable = before?.kind === 'text' && before.columns === columns && before.rows === rows ? before : null;
  const width = columns * CELL_WORDS;
  const lines: { row: number; cells: Uint32Array }[] = [];
  for (let row = 0; row < rows; row += 1) {
    const cells = frame.cells.subarray(row * width, (row + 1) * width);
    if (comparable !== null && same(cells, comparable.cells.subarray(row * width, (row + 1) * width))) continue;
    lines.push({ row, cells: cells.slice() });
  }
  const newFont = comparable === null || !sameFont(font, comparable.font);
  const full = comparable === null;
  if (!full && !newFont && lines.length === 0 && sameCursor(cursor, comparable.cursor)) return null;
  return { kind: 'text', full, columns, rows, cursor, lines, ...(newFont ? { font } : {}) };
}

function graphicsUpdate(frame: Picture, before: Frame | null): GraphicsUpdate | null {
  const { width, height } = frame;
  const sameSize = before?.kind === 'graphics' && before.width === width && before.height === height;
  const comparable = sameSize ? before : null;
  const tiles = pictureTiles(frame, comparable);
  if (comparable !== null && tiles.length === 0) return null;
  return { kind: 'graphics', full: comparable === null, width, height, tiles };
}

function same(left: ArrayLike<number>, right: ArrayLike<number>): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index += 1) if (left[index] !== right[index]) return false;
  return true;
}

function sameFont(left: Font, right: Font): boolean {
  return left.width === right.width && left.height === right.height && same(left.rows, right.rows);
}

function sameCursor(left: Cursor, right: Cursor): boolean {
  return (
    left.row === right.row && left.column === right.column && left.first === right.first && left.last === right.last
  );
}
