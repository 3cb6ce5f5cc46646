// The sample guest's root file system from made-up parts, and the reader of Debian packages.

import { describe, expect, test } from 'vitest';
import { readCpio } from '../../resources/guests/cpio.ts';
import { TarReader } from '../../resources/guests/deb.ts';
import { makeInitrd, withoutCursorQuery, words } from '../../resources/guests/initrd.ts';
import { isCandidate, modulesDep, pickModules, stripDebug } from '../../resources/guests/modules.ts';

/** A relocatable 32-bit ELF file with these sections (name, type, content) after the section of names. */
function makeModule(depends: string, sections: readonly [string, number, string][] = []): Buffer {
  const all: [string, number, string][] = [['.modinfo', 1, `license=GPL\0depends=${depends}\0`], ...sections];
  const names = `\0.shstrtab\0${all.map(([name]) => `${name}\0`).join('')}`;
  const pieces: [number, number, Buffer][] = [[1, 3, Buffer.from(names)]];
  for (const [name, type, content] of all) pieces.push([names.indexOf(`\0${name}\0`) + 1, type, Buffer.from(content)]);
  let at = 52;
  const headers = pieces.map(([name, type, content]) => {
    const header = Buffer.alloc(40);
    [name, type, 0, 0, at, content.length, 0, 0, 1].forEach((value, index) => header.writeUInt32LE(value, index * 4));
    at += content.length;
    return header;
  });
  const elf = Buffer.alloc(52);
  elf.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  elf.writeUInt32LE(at, 0x20);
  elf.writeUInt16LE(40, 0x2e);
  elf.writeUInt16LE(headers.length + 1, 0x30);
  elf.writeUInt16LE(1, 0x32);
  return Buffer.concat([elf, ...pieces.map(([, , content]) => content), Buffer.alloc(40), ...headers]);
}

const candidates = new Map([
  ['k/a-one.ko', makeModule('b_two,c')],
  ['k/b-two.ko', makeModule('c')],
  ['k/c.ko', makeModule('')],
  ['k/unwanted.ko', makeModule('')],
]);

const parts = {
  busybox: Buffer.from('\0sh\0ls\0\x1b[9H\x1b[6n\0'),
  applets: ['sh', 'ls'],
  release: '6.1-test',
  modules: candidates,
  wanted: ['a-one'],
  files: new Map([
    ['etc/motd', Buffer.from('hello\n')],
    ['etc/init.d/late', Buffer.from('#!/bin/sh\n')],
  ]),
};

describe('kernel modules', () => {
  test('bring along what they depend on, in loading order', () => {
    const picked = pickModules(candidates, ['a-one']);
    expect(picked.map((module) => module.name)).toEqual(['c', 'b_two', 'a_one']);
    expect(modulesDep(picked)).toBe('c.ko:\nb_two.ko: c.ko\na_one.ko: b_two.ko c.ko\n');
  });

  test('that are missing are named, with who wants them', () => {
    expect(() => pickModules(new Map([['k/a.ko', makeModule('gone')]]), ['a'])).toThrow(/no module gone .*by a\)/);
  });

  test('lose their debugging data and keep everything else', () => {
    const whole = makeModule('x', [
      ['.text', 1, 'CODE'],
      ['.debug_info', 1, 'D'.repeat(5000)],
      ['.data', 1, 'DATA'],
    ]);
    const stripped = stripDebug(Buffer.concat([whole, Buffer.from('~Module signature appended~\n')]), 'm');
    expect(stripped.length).toBeLessThan(1000);
    expect(stripped.includes('depends=x\0')).toBe(true);
    expect(stripped.includes('CODE') && stripped.includes('DATA')).toBe(true);
    expect(stripped.includes('DDDD') || stripped.includes('signature')).toBe(false);
    expect(stripped.readUInt16LE(0x30)).toBe(whole.readUInt16LE(0x30));
    expect(() => stripDebug(whole.subarray(0, 60), 'cut')).toThrow('kernel module cut is not an intact');
  });

  test('come only from some folders of the package', () => {
    expect(isCandidate('lib/modules/6.1/kernel/fs/ext4/ext4.ko')).toBe(true);
    expect(isCandidate('lib/modules/6.1/kernel/sound/snd.ko')).toBe(false);
    expect(isCandidate('lib/modules/6.1/kernel/fs/ext4/readme')).toBe(false);
  });
});

describe('the root file system', () => {
  test('holds links, modules and scripts, with folders before what is in them', () => {
    const entries = readCpio(makeInitrd(parts));
    const names = entries.map((entry) => entry.path);
    expect(names).toEqual([...names].sort());
    expect(names).toContain('lib/modules/6.1-test/modules.dep');
    expect(names).not.toContain('lib/modules/6.1-test/unwanted.ko');
    const mode = (name: string): number | undefined => entries.find((entry) => entry.path === name)?.mode;
    expect(mode('etc/init.d/late')).toBe(0o100755);
    expect(mode('etc/motd')).toBe(0o100644);
    expect(mode('bin/ls')).toBe(0o120777);
    expect(mode('etc/init.d')).toBe(0o040755);
  });

  test('is the same bytes for the same parts', () => {
    expect(makeInitrd(parts)).toEqual(makeInitrd({ ...parts, files: new Map([...parts.files].reverse()) }));
  });

  test('does not link to a command that this busybox lacks', () => {
    expect(() => makeInitrd({ ...parts, applets: ['sh', 'nosuch'] })).toThrow(/no nosuch.*applets\.txt/);
  });

  test('has a shell that does not ask the terminal for its cursor', () => {
    expect(withoutCursorQuery(parts.busybox)).toEqual(Buffer.from('\0sh\0ls\0\x1b[9H\0[6n\0'));
    const twice = Buffer.from('\x1b[6n\0\x1b[6n\0');
    expect(withoutCursorQuery(twice)).toBe(twice);
  });

  test('word lists may have comments', () => {
    expect(words('# all\na b # c\n\n d')).toEqual(['a', 'b', 'd']);
  });
});

describe('the reader of packages', () => {
  const member = (name: string, type: string, content: string): Buffer => {
    const header = Buffer.alloc(512);
    header.write(name, 0, 'latin1');
    header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
    header.write(type, 156, 'latin1');
    header.write('ustar  \0', 257, 'latin1');
    return Buffer.concat([header, Buffer.from(content), Buffer.alloc(-content.length & 511)]);
  };
  const tar = Buffer.concat([
    member('./usr/', '5', ''),
    member('./usr/one', '0', 'first'),
    member('././@LongLink', 'L', `./usr/${'x'.repeat(150)}\0`),
    member('./usr/xxx', '0', 'long'),
    member('./usr/other', '0', 'y'.repeat(1000)),
    member('./usr/empty', '0', ''),
    Buffer.alloc(1024),
  ]);

  test.each([1, 7, 512, 100_000])('finds the wanted files in pieces of %d bytes', (size) => {
    const reader = new TarReader((name) => !name.endsWith('other'));
    for (let at = 0; at < tar.length; at += size) reader.push(tar.subarray(at, at + size));
    const found = [...reader.files].map(([name, data]) => [name, data.toString()]);
    expect(found).toEqual([
      ['usr/one', 'first'],
      [`usr/${'x'.repeat(150)}`, 'long'],
      ['usr/empty', ''],
    ]);
  });

  test('refuses an absurd size before allocating it', () => {
    const header = member('./big', '0', '');
    header.write('77777777777\0', 124, 'latin1');
    expect(() => new TarReader(() => true).push(header)).toThrow('absurdly large');
  });
});
