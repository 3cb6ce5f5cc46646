// Messages over message ports: node:worker_threads' own, and ports that wrap messages in events, as Electron's do.

import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import { portTransport, type PortLike } from '../../main/transport/port.ts';
import { MESSAGE_BYTES_MAX, type Transport } from '../../main/transport/transport.ts';
import { eventually, moment } from '../support/eventually.ts';
import { ports } from './ports.ts';

function linked(): [Transport, Transport] {
  const [near, far] = ports();
  return [portTransport(near), portTransport(far)];
}

function collect(transport: Transport): string[] {
  const texts: string[] = [];
  transport.onMessage((message) => texts.push(Buffer.from(message).toString()));
  return texts;
}

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

describe('messages', () => {
  test('arrive whole and in order, in both directions', async () => {
    const [near, far] = linked();
    const [atNear, atFar] = [collect(near), collect(far)];
    for (const text of ['one', '', 'three']) near.send(bytes(text));
    far.send(bytes('answer'));
    await eventually(() => expect([atFar, atNear]).toEqual([['one', '', 'three'], ['answer']]));
  });

  test('wait for whoever listens late', async () => {
    const [near, far] = linked();
    near.send(bytes('early'));
    await moment();
    expect(collect(far)).toEqual(['early']);
  });

  test('wait while the listener pauses, exactly from where it paused', async () => {
    const [near, far] = linked();
    const got: string[] = [];
    far.onMessage((message) => {
      got.push(Buffer.from(message).toString());
      if (got.length === 1) far.pause(true);
    });
    for (const text of ['one', 'two', 'three']) near.send(bytes(text));
    await moment();
    expect(got).toEqual(['one']);
    far.pause(false);
    expect(got).toEqual(['one', 'two', 'three']);
  });

  test('in events are unwrapped, as Electron sends them', () => {
    const port = Object.assign(new EventEmitter(), { postMessage: () => {}, start: () => {}, close: () => {} });
    const got = collect(portTransport(port as PortLike));
    port.emit('message', { data: bytes('wrapped'), ports: [] });
    expect(got).toEqual(['wrapped']);
  });
});

describe('closing', () => {
  test('is told once to each side, with who did it, and nothing arrives after it', async () => {
    const [near, far] = linked();
    const told: string[] = [];
    const atFar = collect(far);
    near.onClose((why) => told.push(`near: ${why}`));
    far.onClose((why) => told.push(`far: ${why}`));
    near.send(bytes('last words'));
    near.close();
    near.close();
    near.send(bytes('too late'));
    await eventually(() => expect(told).toEqual(['near: closed by this side', 'far: the link was closed']));
    expect(atFar).toEqual(['last words']);
  });

  test('is told to whoever asks afterwards', () => {
    const [near] = linked();
    near.close();
    const told: string[] = [];
    near.onClose((why) => told.push(why));
    expect(told).toEqual(['closed by this side']);
  });

  test('follows something that is no message, or is longer than any', async () => {
    for (const nonsense of ['text', { length: 3 }, null, new Uint8Array(MESSAGE_BYTES_MAX + 1)]) {
      const [raw, far] = ports();
      const why = new Promise<string>((resolve) => portTransport(far).onClose(resolve));
      raw.postMessage(nonsense);
      expect(await why).toBe('the peer sent something that is no message');
    }
  });
});

describe('pressure', () => {
  test('counts what the other side has not taken, and is gone when it has', async () => {
    const [near, far] = linked();
    let received = 0;
    far.onMessage((message) => (received += message.length));
    far.pause(true);
    for (let i = 0; i < 8; i++) near.send(new Uint8Array(1 << 18));
    let drained = false;
    const room = near.drained().then(() => (drained = true));
    await moment();
    expect([near.unsentBytes(), drained]).toEqual([8 << 18, false]);

    far.pause(false);
    await room;
    await eventually(() => expect([near.unsentBytes(), received]).toEqual([0, 8 << 18]));
  });

  test('is no reason to wait on a link that is closed', async () => {
    const [near, far] = linked();
    far.pause(true);
    for (let i = 0; i < 8; i++) near.send(new Uint8Array(1 << 18));
    const room = near.drained();
    near.close();
    await room;
    await near.drained();
  });
});
