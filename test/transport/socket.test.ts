// Messages over real sockets.

import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { MessageAssembler, socketTransport } from '../../main/transport/socket.ts';
import { MESSAGE_BYTES_MAX, type Transport } from '../../main/transport/transport.ts';
import { eventually, moment } from '../support/eventually.ts';
import { temporaryFolder } from '../support/folder.ts';
import { holds } from '../support/random.ts';

/** Two connected sockets. */
async function sockets(): Promise<[net.Socket, net.Socket]> {
  const server = net.createServer();
  const address = path.join(temporaryFolder(), 'link.sock');
  server.listen(address);
  await once(server, 'listening');
  const near = net.connect(address);
  const [[far]] = (await Promise.all([once(server, 'connection'), once(near, 'connect')])) as [[net.Socket], unknown];
  server.close();
  onTestFinished(() => {
    near.destroy();
    far.destroy();
  });
  return [near, far];
}

async function linked(): Promise<[Transport, Transport]> {
  const [near, far] = await sockets();
  return [socketTransport(near), socketTransport(far)];
}

/** What arrives, as text. */
function collect(transport: Transport): string[] {
  const texts: string[] = [];
  transport.onMessage((message) => texts.push(Buffer.from(message).toString()));
  return texts;
}

const bytes = (text: string): Uint8Array => Buffer.from(text);

function announced(length: number): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt32LE(length);
  return header;
}

describe('messages', () => {
  test('arrive whole and in order, in both directions, the empty one too', async () => {
    const [near, far] = await linked();
    const [atNear, atFar] = [collect(near), collect(far)];
    for (const text of ['one', '', 'three']) near.send(bytes(text));
    far.send(bytes('answer'));
    await eventually(() => expect([atFar, atNear]).toEqual([['one', '', 'three'], ['answer']]));
  });

  test('wait for whoever listens late', async () => {
    const [near, far] = await linked();
    near.send(bytes('early'));
    await moment();
    const atFar = collect(far);
    await eventually(() => expect(atFar).toEqual(['early']));
  });

  test('that come in pieces of one byte, or many in one piece, are told apart', async () => {
    const [raw, far] = await sockets();
    const atFar = collect(socketTransport(far));
    const stream = Buffer.concat([announced(3), bytes('one'), announced(0), announced(3), bytes('two')]);
    raw.setNoDelay(true);
    for (const byte of stream) {
      raw.write(Uint8Array.of(byte));
      await new Promise(setImmediate);
    }
    raw.write(Buffer.concat([stream, stream]));
    await eventually(() => expect(atFar).toEqual(['one', '', 'two', 'one', '', 'two', 'one', '', 'two']));
  });

  test('of many megabytes arrive as they were', async () => {
    const [near, far] = await linked();
    const large = new Uint8Array(5 << 20).map((_, at) => (at * 31) >> 3);
    const arrived = new Promise<Uint8Array>((resolve) => far.onMessage(resolve));
    near.send(large);
    expect(Buffer.compare(await arrived, large)).toBe(0);
  });

  test('of the last moment arrive before the closing is told', async () => {
    const [near, far] = await linked();
    const story = collect(far);
    far.onClose((why) => story.push(`closed: ${why}`));
    near.send(bytes('last words'));
    near.close();
    await eventually(() => expect(story).toEqual(['last words', 'closed: the link was closed']));
  });
});

test('a stream cut at any places gives the same messages', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 8 });
  holds(
    fc.property(messages, fc.array(fc.nat(300)), (sent, cuts) => {
      const stream = Buffer.concat(sent.flatMap((message) => [announced(message.length), message]));
      const got: string[] = [];
      const assembler = new MessageAssembler((message) => got.push(Buffer.from(message).toString('hex')));
      const places = [...new Set([0, ...cuts.filter((cut) => cut < stream.length), stream.length])].toSorted(
        (a, b) => a - b,
      );
      places.forEach((place, index) => assembler.push(stream.subarray(place, places[index + 1] ?? stream.length)));
      expect(got).toEqual(sent.map((message) => Buffer.from(message).toString('hex')));
    }),
  );
});

describe('an absurd length', () => {
  test.each([MESSAGE_BYTES_MAX + 1, 2 ** 31, 2 ** 32 - 1])(
    'of %d closes the link before anything is allocated',
    async (length) => {
      const [raw, far] = await sockets();
      const transport = socketTransport(far);
      const atFar = collect(transport);
      const why = new Promise<string>((resolve) => transport.onClose(resolve));
      const before = process.memoryUsage().arrayBuffers;
      raw.write(announced(length));
      expect(await why).toBe(`the peer announced a message of ${length} bytes`);
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 << 20);
      expect(atFar).toEqual([]);
      await once(raw, 'close');
    },
  );

  test('just within the limit is awaited', async () => {
    const [raw, far] = await sockets();
    const transport = socketTransport(far);
    let closed = false;
    transport.onMessage(() => {});
    transport.onClose(() => (closed = true));
    raw.write(announced(MESSAGE_BYTES_MAX));
    await moment();
    expect(closed).toBe(false);
  });
});

describe('closing', () => {
  test('is told once to each side, with who did it', async () => {
    const [near, far] = await linked();
    const told: string[] = [];
    near.onMessage(() => {});
    far.onMessage(() => {});
    near.onClose((why) => told.push(`near: ${why}`));
    far.onClose((why) => told.push(`far: ${why}`));
    near.close();
    near.close();
    await eventually(() => expect(told).toHaveLength(2));
    expect(told.toSorted()).toEqual(['far: the link was closed', 'near: closed by this side']);
  });

  test('is told to whoever asks afterwards, and sending then does nothing', async () => {
    const [near] = await linked();
    near.close();
    near.send(bytes('too late'));
    const told: string[] = [];
    near.onClose((why) => told.push(why));
    expect(told).toEqual(['closed by this side']);
    await near.drained();
  });

  test('inside the handling of a message keeps the next ones of the same piece away', async () => {
    const [raw, far] = await sockets();
    const transport = socketTransport(far);
    const got: string[] = [];
    transport.onMessage((message) => {
      got.push(Buffer.from(message).toString());
      transport.close();
    });
    raw.write(Buffer.concat([announced(3), bytes('one'), announced(3), bytes('two')]));
    await once(raw, 'close');
    expect(got).toEqual(['one']);
  });

  test('of a link to nobody is told as an error of the connection', async () => {
    const transport = socketTransport(net.connect(path.join(temporaryFolder(), 'nobody.sock')));
    const why = await new Promise<string>((resolve) => transport.onClose(resolve));
    expect(why).toMatch('ENOENT');
  });
});

describe('pressure', () => {
  test('builds up while the other side does not read, and is gone when it reads again', async () => {
    const [near, far] = await linked();
    let received = 0;
    far.onMessage((message) => (received += message.length));
    far.pause(true);
    const piece = new Uint8Array(1 << 20);
    for (let i = 0; i < 8; i++) near.send(piece);
    let drained = false;
    const room = near.drained().then(() => (drained = true));
    await moment();
    expect(drained).toBe(false);
    expect(near.unsentBytes()).toBeGreaterThan(4 << 20);

    far.pause(false);
    await room;
    expect(near.unsentBytes()).toBeLessThanOrEqual(1 << 18);
    await eventually(() => expect(received).toBe(8 << 20));
  });

  test('is no reason to wait on a link that is closed', async () => {
    const [near, far] = await linked();
    far.pause(true);
    for (let i = 0; i < 8; i++) near.send(new Uint8Array(1 << 20));
    const room = near.drained();
    near.close();
    await room;
  });

  test('is none on a link with little to send', async () => {
    const [near] = await linked();
    near.send(bytes('a little'));
    await near.drained();
  });
});
