/**
 * A boot sector that sends what the PS/2 mouse says, byte by byte, to COM1, after an 'M'.
 *
 * It switches the keyboard and all interrupts off, gives the mouse the knock that makes it report its wheel (sample
 * rates 200, 100, 80, then "identify"), switches reports on, and polls. Source: test/machine/mouse-guest.asm.
 */
const CODE =
  'fa31c08ed88ed0bc007cb0ade83300b0a8e82e00b060e82900b044e660be537cac08c0741088c4b0d4e8160088e0e660e81200ebebb04d' +
  'e81400e80800e80e00ebf8e664c3e464a80174fae460c3baf803eec3f3c8f364f350f2f4';

export function mouseGuest(): Uint8Array {
  const sector = new Uint8Array(512);
  sector.set(Buffer.from(CODE, 'hex'));
  sector.set([0x55, 0xaa], 510);
  return sector;
}
