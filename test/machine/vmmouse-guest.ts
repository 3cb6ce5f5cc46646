/**
 * A boot sector that switches VMware's absolute pointer on, by the backdoor that v86 has, and sends what it says to
 * COM1 after an 'M': buttons, high byte of x, high byte of y, wheel. Source: test/machine/vmmouse-guest.asm.
 */
const CODE =
  'fa66bb52454145b92900e84a0066bb01000000b92700e83e0066bb52414253b92900e83200b04de83d00b92800e8270083f80472f566bb' +
  '04000000b92700e8160089d6e8210088f8e81c0088e8e8170089f0e81200ebd366b868584d56660fb7c9ba585666edc352baf803ee5ac3';

export function vmMouseGuest(): Uint8Array {
  const sector = new Uint8Array(512);
  sector.set(Buffer.from(CODE, 'hex'));
  sector.set([0x55, 0xaa], 510);
  return sector;
}
