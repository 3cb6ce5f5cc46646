/**
 * A guest's screen, rebuilt from updates: as text and as pixels.
 *
 * Invariant: what the model shows depends on the updates applied since the last full one, and on nothing else. It needs
 * no browser and no Node.
 */
import { CP437 } from './cp437.ts';
import {
  CELL_WORDS,
  type Cursor,
  type Font,
  GLYPH_BLINKS,
  GLYPH_MASK,
  type GraphicsUpdate,
  type ScreenUpdate,
  type TextUpdate,
} from './screen.ts';

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** 4 bytes a pixel, red first, alpha 255; rows from top to bottom. */
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
}

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface TextScreen {
  readonly kind: 'text';
  readonly columns: number;
  readonly rows: number;
  readonly cells: Uint32Array;
  cursor: Cursor;
  font: Font;
}

interface GraphicsScreen extends Pixels {
  readonly kind: 'graphics';
}

const BLANK_PIXELS: Pixels = { width: 720, height: 400, rgba: new Uint8ClampedArray(720 * 400 * 4) };
for (let at = 3; at < BLANK_PIXELS.rgba.length; at += 4) BLANK_PIXELS.rgba[at] = 255;

export class ScreenModel {
  #screen: TextScreen | GraphicsScreen | null = null;
  /** Of graphics: what was drawn since `takeChanges`. */
  #changed: Rectangle | null = null;

  /** @throws {RangeError} when the update builds on something that this model has not seen. */
  apply(update: ScreenUpdate): void {
    if (update.kind === 'blank') this.#screen = null;
    else if (update.kind === 'text') this.#applyText(update);
    else this.#applyGraphics(update);
  }

  get kind(): ScreenUpdate['kind'] {
    return this.#screen?.kind ?? 'blank';
  }

  /** Where the text cursor is, or null where there is none. */
  get cursor(): Cursor | null {
    if (this.#screen?.kind !== 'text') return null;
    const { cursor } = this.#screen;
    return cursor.first > cursor.last ? null : cursor;
  }

  /** The lines of a text screen without blanks at their ends; none in graphics. */
  text(): string[] {
    const screen = this.#screen;
    if (screen?.kind !== 'text') return [];
    const lines: string[] = [];
    for (let row = 0; row < screen.rows; row += 1) {
      let line = '';
      for (let column = 0; column < screen.columns; column += 1) {
        const cell = screen.cells[(row * screen.columns + column) * CELL_WORDS] ?? 0;
        line += CP437[cell & 0xff] ?? ' ';
      }
      lines.push(line.trimEnd());
    }
    return lines;
  }

  /**
   * The screen as a picture; a blank one has the size of a text screen. Blinking characters and the cursor are drawn
   * unless `blinkOff`, the other half of the blinking.
   */
  pixels(blinkOff = false): Pixels {
    const screen = this.#screen;
    if (screen === null) return { ...BLANK_PIXELS, rgba: BLANK_PIXELS.rgba.slice() };
    if (screen.kind === 'text') return drawText(screen, blinkOff);
    return { width: screen.width, height: screen.height, rgba: screen.rgba.slice() };
  }

  /** Where a text screen's cells lie in its picture; null for what is no text. */
  get grid(): { readonly columns: number; readonly rows: number; readonly cell: readonly [number, number] } | null {
    if (this.#screen?.kind !== 'text') return null;
    const { columns, rows, font } = this.#screen;
    return { columns, rows, cell: [font.width, font.height] };
  }

  /**
   * The picture as `pixels` gives it, and the part that may have changed since the last call. For whoever paints at
   * once: of graphics it is the model's own memory.
   */
  takeChanges(blinkOff = false): Pixels & { readonly changed: Rectangle | null } {
    const screen = this.#screen;
    if (screen?.kind !== 'graphics') {
      const picture = this.pixels(blinkOff);
      return { ...picture, changed: { x: 0, y: 0, width: picture.width, height: picture.height } };
    }
    const changed = this.#changed;
    this.#changed = null;
    return { width: screen.width, height: screen.height, rgba: screen.rgba, changed };
  }

  #applyText(update: TextUpdate): void {
    const { columns, rows, cursor, font, lines, full } = update;
    if (full) {
      if (font === undefined) throw new RangeError('a full text update has a font');
      const cells = new Uint32Array(columns * rows * CELL_WORDS);
      this.#screen = { kind: 'text', columns, rows, cells, cursor, font };
    }
    const screen = this.#screen;
    if (screen?.kind !== 'text' || screen.columns !== columns || screen.rows !== rows) {
      throw new RangeError('the text update builds on another screen');
    }
    for (const { row, cells } of lines) screen.cells.set(cells, row * columns * CELL_WORDS);
    screen.cursor = cursor;
    screen.font = font ?? screen.font;
  }

  #applyGraphics(update: GraphicsUpdate): void {
    const { width, height, full, tiles } = update;
    if (full) {
      this.#screen = { kind: 'graphics', width, height, rgba: new Uint8ClampedArray(width * height * 4) };
      for (let at = 3; at < this.#screen.rgba.length; at += 4) this.#screen.rgba[at] = 255;
    }
    const screen = this.#screen;
    if (screen?.kind !== 'graphics' || screen.width !== width || screen.height !== height) {
      throw new RangeError('the graphics update builds on another screen');
    }
    if (full) this.#changed = { x: 0, y: 0, width, height };
    for (const tile of tiles) {
      copyTile(screen, tile);
      this.#changed = around(this.#changed, tile);
    }
  }
}

/** Word by word where the memory allows it, as a tile's does that was decoded. */
function copyTile({ width, rgba }: GraphicsScreen, tile: GraphicsUpdate['tiles'][number]): void {
  const aligned = tile.rgba.byteOffset % 4 === 0 ? tile.rgba : tile.rgba.slice();
  const from = new Uint32Array(aligned.buffer, aligned.byteOffset, tile.width * tile.height);
  const to = new Uint32Array(rgba.buffer);
  for (let row = 0; row < tile.height; row += 1) {
    const source = row * tile.width;
    const target = (tile.y + row) * width + tile.x;
    for (let column = 0; column < tile.width; column += 1) to[target + column] = from[source + column] as number;
  }
}

/** The smallest rectangle around both. */
function around(one: Rectangle | null, { x, y, width, height }: Rectangle): Rectangle {
  if (one === null) return { x, y, width, height };
  const [left, top] = [Math.min(one.x, x), Math.min(one.y, y)];
  const [right, bottom] = [Math.max(one.x + one.width, x + width), Math.max(one.y + one.height, y + height)];
  return { x: left, y: top, width: right - left, height: bottom - top };
}

function drawText(screen: TextScreen, blinkOff: boolean): Pixels {
  const { columns, rows, font, cells, cursor } = screen;
  const [width, height] = [columns * font.width, rows * font.height];
  const words = new Uint32Array(width * height);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const at = (row * columns + column) * CELL_WORDS;
      const cell = cells[at] ?? 0;
      const hidden = blinkOff && (cell & GLYPH_BLINKS) !== 0;
      const [ink, paper] = [pixelOf(cells[at + 1] ?? 0), pixelOf(cells[at + 2] ?? 0)];
      const corner = row * font.height * width + column * font.width;
      drawGlyph(words, { corner, stride: width }, font, cell & GLYPH_MASK, { ink: hidden ? paper : ink, paper });
    }
  }
  if (!blinkOff) drawCursor(words, width, screen, cursor);
  return { width, height, rgba: new Uint8ClampedArray(words.buffer) };
}

function drawGlyph(
  words: Uint32Array,
  { corner, stride }: { readonly corner: number; readonly stride: number },
  font: Font,
  glyph: number,
  { ink, paper }: { readonly ink: number; readonly paper: number },
): void {
  for (let line = 0; line < font.height; line += 1) {
    const bits = font.rows[glyph * font.height + line] ?? 0;
    const start = corner + line * stride;
    for (let x = 0; x < font.width; x += 1) words[start + x] = (bits & (0x8000 >> x)) === 0 ? paper : ink;
  }
}

function drawCursor(words: Uint32Array, stride: number, screen: TextScreen, cursor: Cursor): void {
  const { font, cells, columns } = screen;
  const ink = pixelOf(cells[(cursor.row * columns + cursor.column) * CELL_WORDS + 1] ?? 0);
  for (let line = cursor.first; line <= Math.min(cursor.last, font.height - 1); line += 1) {
    const start = (cursor.row * font.height + line) * stride + cursor.column * font.width;
    words.fill(ink, start, start + font.width);
  }
}

/** 0xRRGGBB as the word whose bytes in memory are red, green, blue, 255. All our computers are little-endian. */
function pixelOf(colour: number): number {
  return (0xff00_0000 | ((colour & 0xff) << 16) | (colour & 0xff00) | (colour >> 16)) >>> 0;
}
