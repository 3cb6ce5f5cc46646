/**
 * The Internet checksum (RFC 1071), for IPv4, ICMP, UDP and TCP.
 *
 * Invariant: over bytes that include their own correct checksum the result is 0.
 */

/**
 * The 16-bit one's complement of the one's complement sum of the big-endian 16-bit words; an odd last byte is padded
 * with a zero byte behind it. `initial` is a sum that was begun elsewhere: see `pseudoHeaderSum`.
 */
export function internetChecksum(bytes: Uint8Array, initial = 0): number {
  let sum = initial;
  const even = bytes.length & ~1;
  // At most 2^15 words of 16 bits and what came before: far below 2^53, so one folding at the end is enough.
  for (let at = 0; at < even; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  if (even < bytes.length) sum += (bytes[even] ?? 0) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

/**
 * What the IPv4 pseudo-header adds to the checksum of UDP (RFC 768) and TCP (RFC 9293): not folded, not complemented.
 * Addresses are unsigned 32-bit numbers; `length` is that of the transport's header and data, in bytes.
 */
export function pseudoHeaderSum(source: number, destination: number, protocol: number, length: number): number {
  return (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff) + protocol + length;
}
