/**
 * IBM's character set, as a PC's text screen shows it.
 *
 * Invariant: every one of the 256 codes has exactly one character of the Basic Multilingual Plane; 0 and 255 are
 * blanks.
 */

const LOW = ' ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼';
const HIGH =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»' +
  '░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀' +
  'αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';

function table(): readonly string[] {
  const ascii = Array.from({ length: 95 }, (_, index) => String.fromCharCode(0x20 + index));
  return [...LOW, ...ascii, '⌂', ...HIGH];
}

/** Characters by code; 256 of them. */
export const CP437: readonly string[] = table();
