/** Small encodings: what devices take, what screens and loudspeakers get, frames on links, and the wire's protocols. */
import assert from 'node:assert/strict';
import { StreamFrames, serializeStreamFrame } from '../../../main/gateway/wire/stream.ts';
import { parseTcp } from '../../../main/gateway/wire/tcp.ts';
import { decodeDiskInput, encodeDiskInput } from '../../../main/machine/devices/disk.ts';
import { decodeKeyboardInput } from '../../../main/machine/devices/keyboard.ts';
import { decodeMediumInput, encodeMediumInput } from '../../../main/machine/devices/medium.ts';
import { decodeMouseInput, encodeMouseInput } from '../../../main/machine/devices/mouse.ts';
import { decodeNicInput } from '../../../main/machine/devices/nic.ts';
import { decodeSerialInput } from '../../../main/machine/devices/serial.ts';
import { decodeToGateway, decodeToReplica, encodeToGateway, encodeToReplica } from '../../../main/transport/frames.ts';
import { MessageAssembler } from '../../../main/transport/socket.ts';
import { decodeConsoleInput, encodeConsoleInput } from '../../../preload/contract/input.ts';
import { decodeBytes } from '../../../preload/contract/messages.ts';
import { ScreenModel } from '../../../preload/contract/screen-model.ts';
import { decodeScreen, encodeScreen } from '../../../preload/contract/screen.ts';
import { decodeSound, encodeSound } from '../../../preload/contract/sound.ts';
import { CODECS } from '../../support/packets.ts';
import { Runner, testGuest } from '../../machine/guest.ts';
import { Mutator } from '../mutator.ts';
import { joined } from '../random.ts';
import { refusable, type Target } from '../target.ts';

const DISC = { path: '/iso/disc.iso', bytes: 8 * 2048, identity: '0123456789abcdef'.repeat(4) };

/** The first byte says which decoder is meant. */
const DECODERS: readonly ((bytes: Uint8Array) => unknown)[] = [
  decodeDiskInput,
  decodeMediumInput,
  decodeMouseInput,
  decodeKeyboardInput,
  decodeNicInput,
  decodeSerialInput,
  decodeConsoleInput,
  decodeBytes,
  decodeSound,
];

const tagged = (tag: number, bytes: Uint8Array): Uint8Array => joined(Uint8Array.of(tag), bytes);

export const inputs: Target = {
  name: 'inputs',
  about: 'inputs of devices, of consoles, and sound',
  samples: async () => [
    tagged(0, encodeDiskInput({ id: 7, status: 'ok', data: new Uint8Array(512) })),
    tagged(0, encodeDiskInput({ id: 7, status: 'error', data: new Uint8Array() })),
    tagged(1, encodeMediumInput({ drive: 'cdrom', medium: DISC })),
    tagged(1, encodeMediumInput({ drive: 'fda', medium: new Uint8Array(1024) })),
    tagged(1, encodeMediumInput({ drive: 'fda', medium: null })),
    tagged(2, encodeMouseInput({ dx: 5, dy: -5, wheel: 1, buttons: 4 })),
    tagged(3, Uint8Array.of(0xe0, 0x4b, 0xe0, 0xcb)),
    tagged(4, new Uint8Array(60)),
    tagged(5, Buffer.from('hello')),
    tagged(6, encodeConsoleInput({ kind: 'keys', codes: Uint8Array.of(30, 158) })),
    tagged(6, encodeConsoleInput({ kind: 'mouse', dx: 3, dy: 4, wheel: -1, buttons: 1 })),
    tagged(7, Uint8Array.of(1, 0, 0, 0, 65, 66)),
    tagged(8, encodeSound({ kind: 'samples', startMs: 5, rate: 44_100, samples: new Int16Array(200) })),
    tagged(8, encodeSound({ kind: 'tone', startMs: 5, hertz: 440 })),
  ],
  open: async () => ({
    run: (bytes) => refusable(() => DECODERS[(bytes[0] ?? 0) % DECODERS.length]?.(bytes.subarray(1)), RangeError),
  }),
};

export const screen: Target = {
  name: 'screen',
  about: 'display messages, of the real test guest, drawn',
  async samples() {
    const runner = await Runner.start(testGuest());
    runner.untilSerial('LOCKSTEP TEST GUEST');
    const whole = runner.machine.screen(true);
    runner.steps(20);
    const change = runner.machine.screen(false);
    const tile = { x: 3, y: 4, width: 8, height: 2, rgba: new Uint8Array(64).fill(255) };
    const picture = { kind: 'graphics', full: true, width: 64, height: 48, tiles: [tile, tile] } as const;
    const updates = [whole, change, picture, { kind: 'blank', full: true } as const];
    return updates.flatMap((update) => (update ? [encodeScreen(update)] : []));
  },
  // The picture that a whole message begins: 2560 by 1600 pixels, and drawn once more.
  allocation: { fixed: 64 << 20, factor: 64 },
  open: async () => ({
    run: (bytes) =>
      refusable(() => {
        const model = new ScreenModel();
        model.apply(decodeScreen(bytes));
        model.text();
        if (bytes.length % 16 === 0) model.pixels();
      }, RangeError),
  }),
};

export const link: Target = {
  name: 'link',
  about: 'frames between a replica and the gateway, and the messages of a socket, cut at any places',
  samples: async () => [
    encodeToGateway({ kind: 'frame', epoch: 2 ** 40, index: 3, data: new Uint8Array(60) }),
    encodeToGateway({ kind: 'live', generation: 4 }),
    encodeToReplica({ kind: 'frame', data: new Uint8Array(60) }),
    encodeToReplica({ kind: 'confirm', epoch: 77, index: 2 }),
    Uint8Array.of(3, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0, 1, 0, 0, 0, 9),
  ],
  open: async () => ({
    run(bytes) {
      const [gateway, replica] = [decodeToGateway(bytes), decodeToReplica(bytes)];
      if (gateway) assert.deepEqual(Buffer.from(encodeToGateway(gateway)), Buffer.from(bytes));
      if (replica) assert.deepEqual(Buffer.from(encodeToReplica(replica)), Buffer.from(bytes));
      let told = 0;
      const assembler = new MessageAssembler((message) => (told += message.length + 4));
      const whole = refusable(() => {
        for (let at = 0; at < bytes.length; at += 7) assembler.push(Buffer.from(bytes.subarray(at, at + 7)));
      }, RangeError);
      assert(told <= bytes.length);
      return gateway !== null || replica !== null || whole;
    },
  }),
};

export const stream: Target = {
  name: 'stream',
  about: 'the stream of frames from an uplink, cut at any places',
  async samples() {
    const frames = new Mutator(1, GUESTS).honest(0).map(serializeStreamFrame);
    return [joined(...frames), ...frames, serializeStreamFrame(new Uint8Array(65_550))];
  },
  // Each piece is an object, and some are of one byte.
  allocation: { fixed: 8 << 20, factor: 512 },
  open: async () => ({
    run(bytes) {
      const frames = new StreamFrames();
      const piece = 1 + (((bytes[0] ?? 0) + bytes.length) % 97);
      let told = 0;
      for (let at = 0; at < bytes.length; at += piece) {
        const got = frames.push(bytes.subarray(at, at + piece));
        if (!got) return false;
        told += got.reduce((sum, frame) => sum + frame.length + 4, 0);
      }
      assert(told <= bytes.length);
      return true;
    },
  }),
};

const GUESTS = [{ mac: '02:00:00:00:00:01', address: '10.77.0.11' }];

export const wire: Target = {
  name: 'wire',
  about: 'the parsers of Ethernet, ARP, IPv4, ICMP, UDP, TCP, DHCP, DNS and NTP, from any layer on',
  async samples() {
    const honest = new Mutator(1, GUESTS).honest(0);
    return [...honest, ...honest.map((frame) => frame.slice(14)), ...honest.map((frame) => frame.slice(42))];
  },
  open: async () => ({
    run(bytes) {
      let read = 0;
      for (const { parse } of CODECS) if (parse(bytes) !== null) read += 1;
      if (parseTcp(bytes, 1, 2) !== null) read += 1;
      return read > 0;
    },
  }),
};
