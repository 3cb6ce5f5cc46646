// The notices that ship with the product: every package in it, with its licence's own text.
// Invariant: a package without a licence text, or under a licence that nobody has looked at, is an error, and never
// left out.

import { licenceTexts, loadedPackages, pagePackages, type FoundPackage } from './packages.ts';

/** Licences that allow what we do, as long as their text goes along. */
const LOOKED_AT = new Set(['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'Apache-2.0', '(MIT AND Zlib)']);

/** Packages that name their licence and bring no text of it: what the text of that licence is. */
const MIT_TEXT = `Permission is hereby granted, free of charge, to any
person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

const opening = `Lockstep: notices
=================

Lockstep itself is under the MIT licence (LICENSE). It contains the packages below, each under its own licence. The
desktop application runs on Electron, whose notices are beside it (LICENSE.electron.txt, LICENSES.chromium.html). The
firmware and the sample guest have notices of their own (guests/NOTICES.txt).
`;

interface Entry {
  readonly found: FoundPackage;
  readonly place: string;
}

/** @throws {Error} that names the package. */
function licenceText({ found }: Entry): string {
  const texts = licenceTexts(found);
  if (!LOOKED_AT.has(found.licence)) {
    throw new Error(`${found.name} is under "${found.licence}": look at it, then add it to packaging/notices.ts`);
  }
  if (texts.length > 0) return texts.join('\n\n');
  if (found.licence !== 'MIT') throw new Error(`${found.name} brings no text of its licence`);
  return `The MIT licence (the package itself brings no text)\n\n${MIT_TEXT}`;
}

/** Packages of one family share a text, which stands once. @throws {Error} that names a package of unknown licence. */
export function productNotices(root: string): string {
  const loaded = loadedPackages(root);
  const names = new Set(loaded.map(({ name }) => name));
  const bundled = pagePackages(root).filter(({ name }) => !names.has(name));
  const entries: Entry[] = [
    ...loaded.map((found) => ({ found, place: 'loaded by the application and the headless host' })),
    ...bundled.map((found) => ({ found, place: 'bundled into the page' })),
  ];
  const byText = Map.groupBy(entries, licenceText);
  const sections = [...byText].map(([text, group]) => {
    const lines = group.map(({ found, place }) => `${found.name} ${found.version} (${found.licence}; ${place})`);
    return `\n\n${'-'.repeat(80)}\n${lines.join('\n')}\n\n${text}\n`;
  });
  return `${opening}${sections.join('')}`;
}
