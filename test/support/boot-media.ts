/**
 * Media that boot by themselves, from Debian's packages: GRUB's rescue disc, GRUB Invaders (a Multiboot kernel), and
 * what installs the sample Linux on a hard disk that starts from its own boot loader.
 *
 * Invariant: packages come by apt's own tools into the folder in which the guests are built, and once; where one cannot
 * be had, that is said, and the tests that need it are skipped.
 */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PrivateApt } from '../../resources/guests/apt.ts';
import { guestCommandLine, guestFiles, recipesFolder } from '../../resources/guests/files.ts';
import { run } from '../../resources/guests/run.ts';
import { Tools } from '../../resources/guests/tools.ts';

const SECTOR_BYTES = 512;
/** The first partition begins at 1 MiB, as everywhere; GRUB's core lies before it. */
const FIRST_SECTOR = 2048;
/** A master boot record's table: four entries of 16 bytes, and the mark at the end. */
const TABLE_AT = 446;
const TYPE_LINUX = 0x83;

const PACKAGES = ['grub-rescue-pc', 'grub-invaders', 'grub-pc-bin'] as const;

export interface BootMedia {
  /** GRUB's rescue disc, an ISO image. */
  readonly rescueDisc: string;
  /** GRUB Invaders. */
  readonly invaders: string;
  /** GRUB's modules and images for BIOS machines. */
  readonly grub: string;
  readonly tools: Tools;
}

/** The media; or why there are none. Needs the network the first time. */
export async function bootMedia(): Promise<BootMedia | string> {
  const cache = path.join(recipesFolder(), 'cache');
  const unpacked = path.join(cache, 'boot-media');
  const progress = (line: string): void => void process.stderr.write(`boot media: ${line}\n`);
  const at = (...names: string[]): string => path.join(unpacked, ...names);
  const media = {
    rescueDisc: at('usr', 'lib', 'grub-rescue', 'grub-rescue-cdrom.iso'),
    invaders: at('boot', 'invaders.exec'),
    grub: at('usr', 'lib', 'grub', 'i386-pc'),
    tools: new Tools(cache, progress),
  };
  try {
    if (!existsSync(unpacked)) {
      const apt = new PrivateApt({ cache, architecture: 'i386', progress });
      const part = `${unpacked}.${process.pid}`;
      await mkdir(part, { recursive: true });
      for (const name of PACKAGES) await run('dpkg-deb', ['-x', (await apt.fetch(name)).file, part]);
      await rename(part, unpacked).catch(() => rm(part, { recursive: true }));
    }
    await media.tools.run('grub-mkimage', ['--version']);
    return media;
  } catch (error) {
    return `Debian's packages cannot be had here: ${(error as Error).message}`;
  }
}

/** A master boot record that starts what lies behind it, with one partition to the end of a disk of this size. */
function bootRecord(loader: Uint8Array, diskBytes: number): Buffer {
  const record = Buffer.alloc(SECTOR_BYTES);
  record.set(loader.subarray(0, TABLE_AT - 6));
  const entry = record.subarray(TABLE_AT, TABLE_AT + 16);
  entry[0] = 0x80;
  entry[4] = TYPE_LINUX;
  // Cylinders and heads are nobody's business any more.
  entry.fill(0xff, 1, 4);
  entry.fill(0xff, 5, 8);
  entry.writeUInt32LE(FIRST_SECTOR, 8);
  entry.writeUInt32LE(diskBytes / SECTOR_BYTES - FIRST_SECTOR, 12);
  record.writeUInt16LE(0xaa55, SECTOR_BYTES - 2);
  return record;
}

/** What starts the sample's kernel from the first partition. Its kernel lies where the 16-bit protocol puts it. */
function menu(kernelLine: string): string {
  return `set timeout=2
set default=0
menuentry "Sample Linux, installed" {
  linux16 /boot/vmlinuz ${kernelLine} hostname=installed
  initrd16 /boot/initrd
}
`;
}

/** Carried out by the guest, from the disc. */
const INSTALL = `set -e
here=$(dirname "$0")
dd if=$here/record.bin of=/dev/sda 2>/dev/null
dd if=$here/core.img of=/dev/sda seek=1 2>/dev/null
sync
blockdev --rereadpt /dev/sda
until [ -b /dev/sda1 ]; do sleep 0.2; done
mke2fs -L installed /dev/sda1 >/dev/null
mkdir -p /target
mount -t ext4 /dev/sda1 /target || mount -t ext2 /dev/sda1 /target
mkdir -p /target/boot/grub
cp $here/vmlinuz $here/initrd /target/boot/
cp $here/grub.cfg /target/boot/grub/
umount /target
sync
echo install""ed
`;

/** Fills a folder for a disc from which the sample Linux installs itself on a disk of this size, which is empty. */
export async function installFolder(media: BootMedia, folder: string, diskBytes: number): Promise<void> {
  const guests = guestFiles();
  const at = (name: string): string => path.join(folder, name);
  await mkdir(folder, { recursive: true });
  const modules = ['biosdisk', 'part_msdos', 'ext2', 'normal', 'linux16', 'echo', 'minicmd'];
  const options = ['-O', 'i386-pc', '-d', media.grub, '-p', '(hd0,msdos1)/boot/grub', '-o', at('core.img')];
  await media.tools.run('grub-mkimage', [...options, ...modules]);
  const core = await readFile(at('core.img'));
  if (core.length > (FIRST_SECTOR - 1) * SECTOR_BYTES) throw new Error(`GRUB's core has ${core.length} bytes`);
  await writeFile(at('record.bin'), bootRecord(await readFile(path.join(media.grub, 'boot.img')), diskBytes));
  await copyFile(guests.bzimage, at('vmlinuz'));
  await copyFile(guests.initrd, at('initrd'));
  await writeFile(at('grub.cfg'), menu(guestCommandLine()));
  await writeFile(at('install.sh'), INSTALL);
  if ((await readdir(folder)).length !== 6) throw new Error(`"${folder}" was not empty`);
}
