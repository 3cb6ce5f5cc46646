// Kernel modules: which ones the guest gets, what they depend on, and their size without debugging data.
// Invariant: a module stays loadable. Section numbers do not change: dropped sections stay in the table as empty ones,
// so no symbol and no relocation needs to be renumbered.

export interface Module {
  /** Name with underscores, as the kernel spells it. */
  readonly name: string;
  readonly data: Buffer;
  /** Names of the modules to load before, nearest last dependency first. */
  readonly depends: readonly string[];
}

/** What is requested by name at run time and so stands in no `depends`. */
const soft: Readonly<Record<string, readonly string[]>> = {
  ext4: ['crc32c_generic'],
  crc_t10dif: ['crct10dif_generic'],
};

/** Folders of the kernel package in which modules for the guest may lie. */
const places = new RegExp(
  '/kernel/(drivers/(ata|virtio|block|scsi|char|cdrom|input)/|drivers/net/([^/]*$|ethernet/8390/)|' +
    'fs/(ext4|jbd2|isofs|fat|nls|mbcache)|block/|lib/|crypto/|net/core/)',
);
/** Parts of those folders that are large and never wanted. */
const never = /\/scsi\/[^/]+\/|\/drbd\//;

/** True for a path in the kernel package that may hold a module for the guest. */
export function isCandidate(path: string): boolean {
  return path.endsWith('.ko') && places.test(path) && !never.test(path);
}

/** The wanted modules and all they depend on, in an order in which they can be loaded. */
export function pickModules(candidates: ReadonlyMap<string, Buffer>, wanted: readonly string[]): Module[] {
  const byName = new Map([...candidates].map(([path, data]) => [moduleName(path), data]));
  const picked = new Map<string, Module>();
  const add = (name: string, neededBy: string): void => {
    if (picked.has(name)) return;
    const data = byName.get(name);
    if (!data) {
      throw new Error(
        `the kernel package has no module ${name} (wanted by ${neededBy}); ` +
          'correct resources/guests/linux/modules.txt or the folders in resources/guests/modules.ts',
      );
    }
    const depends = [...dependsOf(data), ...(soft[name] ?? [])];
    for (const other of depends) add(other, name);
    picked.set(name, { name, data: stripDebug(data, name), depends });
  };
  for (const name of wanted) add(name.replaceAll('-', '_'), 'modules.txt');
  return [...picked.values()];
}

/** The file modules.dep for busybox's modprobe: each line names all modules needed, the first to load rightmost. */
export function modulesDep(modules: readonly Module[]): string {
  const byName = new Map(modules.map((module) => [module.name, module]));
  const line = (module: Module): string => {
    const order: string[] = [];
    const visit = (name: string): void => {
      for (const other of byName.get(name)?.depends ?? []) visit(other);
      if (!order.includes(name)) order.push(name);
    };
    visit(module.name);
    const needed = order.slice(0, -1).reverse();
    return `${module.name}.ko:${needed.map((name) => ` ${name}.ko`).join('')}\n`;
  };
  return modules.map(line).join('');
}

function moduleName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1, -'.ko'.length).replaceAll('-', '_');
}

function dependsOf(data: Buffer): string[] {
  const at = data.indexOf('\0depends=') + 1;
  if (at === 0) return [];
  const text = data.toString('latin1', at + 'depends='.length, data.indexOf(0, at));
  return text
    .split(',')
    .filter(Boolean)
    .map((name) => name.replaceAll('-', '_'));
}

/** The same relocatable ELF file without debugging sections and without an appended signature. */
export function stripDebug(data: Buffer, name: string): Buffer {
  const fail = (): never => {
    throw new Error(`kernel module ${name} is not an intact 32-bit ELF file`);
  };
  if (data.length < 52 || data.readUInt32BE(0) !== 0x7f454c46 || data[4] !== 1) fail();
  const table = data.readUInt32LE(0x20);
  const count = data.readUInt16LE(0x30);
  if (data.readUInt16LE(0x2e) !== 40 || table + count * 40 > data.length) fail();
  const headers = Buffer.from(data.subarray(table, table + count * 40));
  const namesAt = data.readUInt16LE(0x32) * 40;
  if (namesAt >= headers.length) fail();
  const names = headers.readUInt32LE(namesAt + 16);
  const pieces: Buffer[] = [Buffer.from(data.subarray(0, 52))];
  let size = 52;
  const put = (piece: Buffer, align: number): number => {
    const padding = (align - (size % align)) % align;
    pieces.push(Buffer.alloc(padding), piece);
    size += padding + piece.length;
    return size - piece.length;
  };
  for (let at = 40; at < headers.length; at += 40) {
    const start = names + headers.readUInt32LE(at);
    const section = data.toString('latin1', start, data.indexOf(0, start));
    const type = headers.readUInt32LE(at + 4);
    if (/^(\.rel)?\.(debug_|comment$|note\.GNU-stack$)/.test(section)) {
      headers.fill(0, at + 4, at + 40); // type 0: an inactive section
    } else if (type !== 0 && type !== 8) {
      const from = headers.readUInt32LE(at + 16);
      const to = from + headers.readUInt32LE(at + 20);
      if (to > data.length) fail();
      headers.writeUInt32LE(put(data.subarray(from, to), headers.readUInt32LE(at + 32) || 1), at + 16);
    }
  }
  const moved = put(headers, 4);
  (pieces[0] as Buffer).writeUInt32LE(moved, 0x20);
  return Buffer.concat(pieces);
}
