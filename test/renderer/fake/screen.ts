/** TEST DOUBLE: a text screen as the guest of a sample would show it. Invariant: every row is as wide as the screen. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CELL_WORDS, type Font, type TextUpdate } from '../../../preload/contract/screen.ts';

export const COLUMNS = 80;
export const ROWS = 25;
const GLYPHS = 256;
const GLYPH_HEIGHT = 16;
/** The letter A in the VGA's own font: where it is, the font is. */
const LETTER_A = Buffer.from('000010386cc6c6fec6c6c6c600000000', 'hex');
const BIOS = fileURLToPath(new URL('../../../resources/guests/built/vgabios.bin', import.meta.url));

/** The VGA BIOS's font where the guests are built, else boxes: nothing here depends on how letters look. */
export function fakeFont(bios: string = process.env['LOCKSTEP_VGABIOS'] ?? BIOS): Font {
  const rows = new Uint16Array(GLYPHS * GLYPH_HEIGHT);
  const image = existsSync(bios) ? readFileSync(bios) : Buffer.alloc(0);
  const start = image.indexOf(LETTER_A) - 'A'.charCodeAt(0) * GLYPH_HEIGHT;
  for (let at = 0; at < rows.length; at++) {
    const box = at % GLYPH_HEIGHT > 3 && at % GLYPH_HEIGHT < 12 && Math.floor(at / GLYPH_HEIGHT) > 32 ? 0x7e : 0;
    rows[at] = (start >= 0 ? (image[start + at] ?? 0) : box) << 8;
  }
  return { width: 9, height: GLYPH_HEIGHT, rows };
}

const GREY = 0xaaaaaa;
const GREEN = 0x55ff55;

export function textScreen(lines: readonly string[], font: Font): TextUpdate {
  const shown = lines.slice(-ROWS);
  return {
    kind: 'text',
    full: true,
    columns: COLUMNS,
    rows: ROWS,
    cursor: { row: shown.length - 1, column: shown.at(-1)?.length ?? 0, first: 14, last: 15 },
    font,
    lines: Array.from({ length: ROWS }, (_, row) => ({ row, cells: cells(shown[row] ?? '') })),
  };
}

function cells(text: string): Uint32Array {
  const row = new Uint32Array(COLUMNS * CELL_WORDS);
  for (let column = 0; column < COLUMNS; column++) {
    row[column * CELL_WORDS] = text.charCodeAt(column) || 32;
    row[column * CELL_WORDS + 1] = text.startsWith('[  OK') && column > 2 && column < 6 ? GREEN : GREY;
  }
  return row;
}

export const BOOT = [
  'Linux version 6.12.48 (lockstep@build) #1 PREEMPT Sat Nov 21 09:12:44 UTC 2026',
  'Command line: console=tty0 console=ttyS0 tsc=reliable',
  'BIOS-provided physical RAM map:',
  ' BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable',
  ' BIOS-e820: [mem 0x0000000000100000-0x0000000007ffffff] usable',
  'tsc: Detected 1000.000 MHz processor',
  'Memory: 117340K/130680K available (6144K kernel code, 620K rwdata)',
  'clocksource: tsc: mask: 0xffffffffffffffff max_cycles: 0x1cd42e4dffb',
  'Serial: 8250/16550 driver, 4 ports, IRQ sharing disabled',
  'virtio_net virtio0 eth0: renamed from net0',
  'Run /init as init process',
  '[  OK  ] Mounted proc, sys, dev',
  '[  OK  ] eth0: 10.0.2.15/24 via 10.0.2.2',
  '[  OK  ] Started a shell on tty1 and ttyS0',
  '',
  'Welcome to Sample Linux. The clock below goes on through a failover.',
  '',
  '/ # uname -a',
  'Linux sample 6.12.48 #1 PREEMPT i686 GNU/Linux',
];
