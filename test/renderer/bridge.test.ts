// The page's end of a door, against a host in memory.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CommandError } from '../../preload/contract/contract.ts';
import { decodeBytes, encodeBytes } from '../../preload/contract/messages.ts';
import {
  backOff,
  createBridge,
  LOST_MESSAGE,
  NOT_CONNECTED_MESSAGE,
  type ConnectionPhase,
} from '../../renderer/host/bridge.ts';
import { socketAddress } from '../../renderer/host/pipes.ts';
import { MemoryHost } from './fake/memory-pipe.ts';

let host: MemoryHost;
let phases: ConnectionPhase[];

function bridge() {
  return createBridge({ connect: host.connect, onPhase: (phase) => phases.push(phase), backOff: () => 100 });
}

beforeEach(() => {
  vi.useFakeTimers();
  host = new MemoryHost();
  phases = [];
});
afterEach(() => void vi.useRealTimers());

describe('calls', () => {
  test('a call settles with the answer that has its number', async () => {
    const page = bridge();
    host.open();
    const first = page.call('vm.show', { vm: 'a' });
    const firstId = host.last('call').id;
    const second = page.call('vm.delete', { vm: 'b' });
    host.tell({ kind: 'result', id: host.last('call').id, result: null });
    host.tell({ kind: 'result', id: firstId, result: { name: 'a' } });
    expect(await second).toBeNull();
    expect(await first).toEqual({ name: 'a' });
  });

  test("an error keeps the host's code and words", async () => {
    const page = bridge();
    host.open();
    const call = page.call('power.on', { vm: 'a' });
    host.tell({ kind: 'error', id: host.last('call').id, error: { code: 'refused', message: 'not now' } });
    await expect(call).rejects.toEqual(new CommandError('refused', 'not now'));
  });

  test('a call without a connection is refused at once and never sent', async () => {
    const page = bridge();
    await expect(page.call('vm.list', {})).rejects.toThrow(NOT_CONNECTED_MESSAGE);
    host.open();
    expect(host.received).toEqual([]);
  });

  test('a call under way when the connection is lost fails, and a late answer changes nothing', async () => {
    const page = bridge();
    host.open();
    const call = page.call('ft.on', { vm: 'a' });
    const { id } = host.last('call');
    host.lose();
    await expect(call).rejects.toThrow(LOST_MESSAGE);
    host.tell({ kind: 'result', id, result: null });
  });
});

describe('subscriptions', () => {
  test('one made before the connection is there begins when it is', () => {
    const data = vi.fn();
    bridge().subscribe('inventory', {}, { data });
    host.open();
    host.tell({ kind: 'data', subscription: host.last('subscribe').subscription, data: { vms: [] } });
    expect(data).toHaveBeenCalledExactlyOnceWith({ vms: [] });
  });

  test('after a reconnection they are made again under new numbers, with the arguments of now', () => {
    let since = 0;
    const begin = vi.fn();
    const data = vi.fn();
    bridge().subscribe('events', () => ({ since }), { begin, data });
    host.open();
    const old = host.last('subscribe').subscription;
    since = 42;
    host.lose();
    vi.advanceTimersByTime(100);
    host.open();
    const again = host.last('subscribe');
    expect(again.args).toEqual({ since: 42 });
    expect(again.subscription).not.toBe(old);
    expect(begin).toHaveBeenCalledTimes(2);
    host.tell({ kind: 'data', subscription: old, data: [] });
    expect(data).not.toHaveBeenCalled();
  });

  test('bytes go both ways with their number', () => {
    const bytes = vi.fn();
    const serial = bridge().subscribe('serial', { vm: 'a' }, { bytes });
    host.open();
    const { subscription } = host.last('subscribe');
    host.tell(encodeBytes(subscription, Uint8Array.of(1, 2)));
    expect(bytes).toHaveBeenCalledExactlyOnceWith(Uint8Array.of(1, 2));
    serial.send(Uint8Array.of(3));
    expect(decodeBytes(host.received.at(-1) as Uint8Array)).toEqual({ subscription, bytes: Uint8Array.of(3) });
  });

  test('one that the host ended sends nothing any more and does not come back', () => {
    const end = vi.fn();
    const serial = bridge().subscribe('serial', { vm: 'a' }, { end });
    host.open();
    host.tell({ kind: 'end', subscription: host.last('subscribe').subscription, error: null });
    expect(end).toHaveBeenCalledExactlyOnceWith(null);
    const sent = host.received.length;
    serial.send(Uint8Array.of(1));
    serial.cancel();
    host.lose();
    vi.advanceTimersByTime(100);
    host.open();
    expect(host.received.length).toBe(sent);
  });

  test('one that was cancelled tells the host and hears nothing more', () => {
    const data = vi.fn();
    const metrics = bridge().subscribe('metrics', { vm: 'a' }, { data });
    host.open();
    const { subscription } = host.last('subscribe');
    metrics.cancel();
    expect(host.last('unsubscribe').subscription).toBe(subscription);
    host.tell({ kind: 'data', subscription, data: {} });
    expect(data).not.toHaveBeenCalled();
  });
});

describe('the connection', () => {
  test('is tried again after it was lost', () => {
    bridge();
    host.open();
    host.lose();
    expect(host.connections).toBe(1);
    vi.advanceTimersByTime(100);
    expect(host.connections).toBe(2);
    host.open();
    expect(phases).toEqual(['connecting', 'open', 'lost', 'open']);
  });

  test('is not tried again when the host refuses the session', () => {
    bridge();
    host.lose(true);
    vi.advanceTimersByTime(60_000);
    expect(host.connections).toBe(1);
    expect(phases).toEqual(['connecting', 'refused']);
  });

  test('is not tried again after the page closed it', () => {
    const page = bridge();
    host.open();
    page.close();
    host.lose();
    vi.advanceTimersByTime(60_000);
    expect(host.connections).toBe(1);
  });

  test('waits longer after each failure, but never beyond five seconds', () => {
    const waits = [0, 1, 2, 10, 1000].map(backOff);
    expect(waits).toEqual([250, 500, 1000, 5000, 5000]);
  });

  test("goes to the page's own origin, encrypted when the page is", () => {
    expect(socketAddress({ protocol: 'http:', host: '127.0.0.1:80' })).toBe('ws://127.0.0.1:80/socket');
    expect(socketAddress({ protocol: 'https:', host: 'lab' })).toBe('wss://lab/socket');
  });
});
