/**
 * Binary display messages: what a guest's screen shows, and what changed on it.
 *
 * Invariant: applying every update in order to a `ScreenModel` gives exactly what the guest's screen shows; an update with
 * `full` needs nothing before it. Decoding refuses lengths beyond the named limits before it allocates.
 */

/** The largest screen a guest may ask for, in pixels and in text cells. */
export const SCREEN_WIDTH_MAX = 2560;
export const SCREEN_HEIGHT_MAX = 1600;
export const TEXT_COLUMNS_MAX = 256;
export const TEXT_ROWS_MAX = 128;

/** One glyph set: 256 or 512 glyphs, each `height` rows of 16 bits, most significant bit left, `width` of them used. */
export interface Font {
  /** 8 or 9 pixels (16 or 18 where the guest doubles the width). */
  readonly width: number;
  readonly height: number;
  readonly rows: Uint16Array;
}

/** A text cell is three numbers: glyph (0 to 511, plus 0x8000 when it blinks), foreground and background as 0xRRGGBB. */
export const CELL_WORDS = 3;

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
