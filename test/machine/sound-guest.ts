/**
 * A boot sector that plays 1000 Hz on the PC speaker and a saw-tooth of 86 Hz (22,050 Hz, 8 bits, mono, by DMA) on the
 * Sound Blaster, says 'S' on COM1, and sleeps. Source: test/machine/sound-guest.asm.
 */
const CODE =
  '31c08ed88ed0bc007cfab0b6e643b0a9e642b004e642e4610c03e661b800108ec031ff30c0b90010aafec0e2fbba2602b001eeb9c800e2' +
  'fe30c0eeba2e02eca88074fbba2a02ec3caa75feb005e60ae60cb059e60b30c0e602e602b001e683b0ffe603b00fe603b001e60abe8b7c' +
  'b90700ba2c02eca88075fbaceee2f4baf803b053eeb0fee621fbf4ebfd415622c600ff07';

export function soundGuest(): Uint8Array {
  const sector = new Uint8Array(512);
  sector.set(Buffer.from(CODE, 'hex'));
  sector.set([0x55, 0xaa], 510);
  return sector;
}
