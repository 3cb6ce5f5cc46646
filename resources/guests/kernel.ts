// Repacks a Debian bzImage so that the kernel need not unpack itself inside the guest, which is most of a boot's time.
// The uncompressed kernel is placed at its physical addresses behind the setup sectors, with a stub that jumps to it at
// 1 MiB, where v86's `bzimage` option puts everything after the setup sectors. Offsets are from the Linux x86 boot
// protocol (Documentation/arch/x86/boot.rst) and the ELF specification.
// Invariant: every offset and size is checked against the file before it is used.

/** Turns the kernel's xz payload into the ELF image of the kernel. */
export type Unpack = (payload: Uint8Array) => Promise<Buffer>;

const loadAddress = 0x100000;
const kernelSpace = 0xc0000000; // virtual minus physical address of a 32-bit kernel
const largestKernel = 256 * 1024 * 1024;
const xzMagic = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);

interface Setup {
  readonly size: number;
  readonly payload: Buffer;
}

interface Segment {
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

/** The repacked kernel. Throws an error that names the file and the remedy if it is not such a kernel. */
export async function repackKernel(image: Buffer, name: string, unpack: Unpack): Promise<Buffer> {
  const fail = (what: string): never => {
    throw new Error(
      `${name} is not a kernel that can be repacked: ${what}. Remove resources/guests/cache and run ` +
        '"npm run guests -- --force", or give your own kernel with LOCKSTEP_GUESTS or "vm create --bzimage FILE".',
    );
  };
  const setup = readSetup(image, fail);
  const elf = await unpack(setup.payload).catch((error: unknown): never =>
    fail(`its payload cannot be unpacked (${error instanceof Error ? error.message : String(error)})`),
  );
  // The kernel's own build appends the unpacked size to the compressed data.
  const expected = setup.payload.readUInt32LE(setup.payload.length - 4);
  if (elf.length !== expected) fail(`its payload unpacks to ${elf.length} bytes instead of ${expected}`);
  const { entry, segments } = readElf(elf, fail);
  const end = Math.max(...segments.map((segment) => segment.address + segment.size));
  const body = Buffer.alloc(Math.ceil((end - loadAddress) / 16) * 16);
  for (const { offset, address, size } of segments) elf.copy(body, address - loadAddress, offset, offset + size);
  writeStub(body, entry);
  const header = Buffer.from(image.subarray(0, setup.size));
  header.writeUInt32LE(body.length / 16, 0x1f4); // syssize, in 16-byte units
  return Buffer.concat([header, body]);
}

function readSetup(image: Buffer, fail: (what: string) => never): Setup {
  if (image.length < 0x268) fail(`it has only ${image.length} bytes`);
  if (image.readUInt16LE(0x1fe) !== 0xaa55 || image.toString('latin1', 0x202, 0x206) !== 'HdrS') {
    fail('it has no setup header (HdrS)');
  }
  const protocol = image.readUInt16LE(0x206);
  if (protocol < 0x208) fail(`its boot protocol ${protocol.toString(16)} is older than 2.08`);
  const size = ((image[0x1f1] || 4) + 1) * 512;
  const from = size + image.readUInt32LE(0x248);
  const to = from + image.readUInt32LE(0x24c);
  if (size > image.length || from >= to || to > image.length) {
    fail(`its payload (${from} to ${to}) lies outside the ${image.length} bytes; it is truncated`);
  }
  const payload = image.subarray(from, to);
  if (!payload.subarray(0, xzMagic.length).equals(xzMagic)) {
    fail(`its payload is not compressed with xz (it begins with ${payload.toString('hex', 0, 6)})`);
  }
  return { size, payload };
}

function readElf(elf: Buffer, fail: (what: string) => never): { entry: number; segments: Segment[] } {
  if (elf.length < 52 || elf.readUInt32BE(0) !== 0x7f454c46 || elf[4] !== 1 || elf[5] !== 1) {
    fail('its payload is not a 32-bit ELF file');
  }
  if (elf.readUInt16LE(18) !== 3) fail('its payload is not for i386');
  const table = elf.readUInt32LE(0x1c);
  const entrySize = elf.readUInt16LE(0x2a);
  const count = elf.readUInt16LE(0x2c);
  if (entrySize !== 32 || count === 0 || table + count * 32 > elf.length) fail('its program headers are broken');
  const segments: Segment[] = [];
  for (let at = table; at < table + count * 32; at += 32) {
    const size = elf.readUInt32LE(at + 16);
    if (elf.readUInt32LE(at) !== 1 || size === 0) continue; // only PT_LOAD
    const segment = { offset: elf.readUInt32LE(at + 4), address: elf.readUInt32LE(at + 12), size };
    if (segment.offset + size > elf.length) fail('a segment lies outside its payload');
    if (segment.address < loadAddress + 16 || segment.address + size > loadAddress + largestKernel) {
      fail(`a segment wants the address 0x${segment.address.toString(16)}, ${size} bytes`);
    }
    segments.push(segment);
  }
  const raw = elf.readUInt32LE(0x18);
  const entry = raw >= kernelSpace ? raw - kernelSpace : raw;
  if (!segments.some(({ address, size }) => entry >= address && entry < address + size)) {
    fail(`its entry 0x${raw.toString(16)} lies in no segment`);
  }
  return { entry, segments };
}

/** cli; cld; jmp entry. The boot parameters stay in esi, as the kernel expects. */
function writeStub(body: Buffer, entry: number): void {
  body.set([0xfa, 0xfc, 0xe9], 0);
  body.writeInt32LE(entry - (loadAddress + 7), 3);
}
