// The notices that go with the built guests: what comes from which package, its licence, and where its source is.
// Invariant: every package whose files are handed on is named with its exact source version and its own copyright text.

import type { Package } from './apt.ts';
import { readDeb } from './deb.ts';

interface Use {
  readonly files: string;
  readonly licence: string;
}

const uses: readonly (readonly [RegExp, Use])[] = [
  [/^seabios$/, { files: 'bios.bin, vgabios.bin', licence: 'GNU LGPL 3 (parts GNU GPL 3)' }],
  [/^linux-image-/, { files: 'linux.bzimage, modules in linux.initrd', licence: 'GNU GPL 2' }],
  [/^busybox-static$/, { files: 'bin/busybox in linux.initrd', licence: 'GNU GPL 2' }],
];

const opening = `Lockstep's sample guests: notices
================================

Lockstep itself, the test guest (test.img), the data disk (data.img) and the scripts in linux.initrd are under the MIT
licence. The other files in this folder come from these packages of Debian, with the changes named below:
`;

const repacking = `
Changes: linux.bzimage is Debian's kernel, unpacked ahead of time; the modules are Debian's without debugging data; in
busybox one byte is changed, so that its shell does not ask the terminal for the cursor's position. How all that is done
stands in Lockstep's sources (resources/guests/kernel.ts, modules.ts and initrd.ts).

Sources
-------
The complete source of each package is Debian's source package of the name and version above. On a Debian system with
a "deb-src" entry: apt-get source NAME=VERSION. Debian keeps every version that it ever published in its snapshot
archive. Whoever passes these files on must pass on these notices and this way to the sources.
`;

/** The text of NOTICES.txt. */
export async function notices(packages: readonly Package[]): Promise<string> {
  const rows: string[] = [];
  const texts: string[] = [];
  for (const found of packages) {
    const use = uses.find(([pattern]) => pattern.test(found.name))?.[1];
    if (!use) throw new Error(`no notice is known for package ${found.name}; add it to resources/guests/notices.ts`);
    rows.push(
      `\n${found.name} ${found.version} (${found.architecture})\n  files    ${use.files}\n  licence  ${use.licence}\n` +
        `  source   ${found.source}\n`,
    );
    const files = await readDeb(found.file, (name) => /^usr\/share\/doc\/[^/]+\/copyright$/.test(name));
    const text = [...files.values()][0]?.toString('utf8') ?? '(the package holds no copyright file)';
    texts.push(`\n\nCopyright file of ${found.name}\n${'-'.repeat(18 + found.name.length)}\n\n${text}`);
  }
  return `${opening}${rows.join('')}${repacking}${texts.join('')}`;
}
