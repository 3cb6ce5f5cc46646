/**
 * A boot sector that sends an 'R' on COM1, and then for every byte that it gets the first four bytes of track 1 of its
 * floppy and a newline; "none" where the drive fails three times. Source: test/machine/floppy-guest.asm.
 */
const CODE =
  '31c08ed88ec08ed0bc007cfbb052e84100f4bafd03eca80174f7baf803ecbf0300b80102b90101ba0000bb0080cd13730e31c031d2cd13' +
  '4f75e7be577ceb03be0080b90400ace80900e2fab00ae80200ebbfbaf803eec36e6f6e65';
const TRACK_1 = 36 * 512;

export function floppyGuest(): Uint8Array {
  const sector = new Uint8Array(512);
  sector.set(Buffer.from(CODE, 'hex'));
  sector.set([0x55, 0xaa], 510);
  return sector;
}

/** A floppy of 1.44 MB on which this guest finds these four characters. */
export function floppyWith(text: string): Uint8Array {
  const image = new Uint8Array(1_474_560);
  image.set(floppyGuest());
  image.set(Buffer.from(text, 'latin1'), TRACK_1);
  return image;
}
