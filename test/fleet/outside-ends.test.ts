// The outside ends of a VM that outlive its failovers: serial port, input line, screen; and the warm spare.

import fc from 'fast-check';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { INPUT_BYTES_MAX, InputLine } from '../../main/fleet/outside/input-line.ts';
import { ScreenHub } from '../../main/fleet/outside/screen-hub.ts';
import { SERIAL_HISTORY_BYTES, SerialPort } from '../../main/fleet/outside/serial-port.ts';
import { Spares } from '../../main/fleet/pair/spares.ts';
import type { ToReplica } from '../../main/replica/messages.ts';
import { FakeProcesses } from '../support/fake-processes.ts';
import { holds } from '../support/random.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const typed = (text: string): { device: 'serial'; data: Uint8Array } => ({ device: 'serial', data: bytes(text) });

function useFakeTimers(): void {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
}

describe('a serial port', () => {
  test('passes on what each of many replicas sends again, exactly once and in order', () => {
    // Each replica sends from somewhere at or before the last output seen, to somewhere.
    const lives = fc.array(fc.tuple(fc.nat(10), fc.nat(30)), { minLength: 1, maxLength: 6 });
    holds(
      fc.property(lives, (replicas) => {
        const port = new SerialPort();
        let heard = '';
        port.attach({ data: (data) => (heard += Buffer.from(data).toString()), end: () => {} });
        let seen = 0;
        for (const [back, count] of replicas) {
          const from = Math.max(0, seen - back);
          for (let number = from; number < from + count; number++) {
            const position = { epoch: number >> 1, index: number & 1 };
            expect(port.receive(position, bytes(`${number},`))).toBe(number >= seen);
            seen = Math.max(seen, number + 1);
          }
        }
        expect(heard).toBe(Array.from({ length: seen }, (_, number) => `${number},`).join(''));
        expect(Buffer.from(port.history()).toString()).toBe(heard);
      }),
    );
  });

  test('says which output it had seen before', () => {
    const port = new SerialPort();
    expect(port.receive({ epoch: 3, index: 1 }, bytes('x'))).toBe(true);
    expect(port.receive({ epoch: 3, index: 1 }, bytes('x'))).toBe(false);
    expect(port.receive({ epoch: 3, index: 0 }, bytes('y'))).toBe(false);
    expect(port.receive({ epoch: 3, index: 2 }, bytes('z'))).toBe(true);
    expect(Buffer.from(port.history()).toString()).toBe('xz');
  });

  test('keeps the newest output for those who come later, and no more', () => {
    const port = new SerialPort();
    const text = Array.from({ length: 3000 }, (_, line) => `line ${line} ${'.'.repeat(line % 50)}\n`);
    for (const [epoch, line] of text.entries()) port.receive({ epoch, index: 0 }, bytes(line));
    port.receive({ epoch: 5000, index: 0 }, bytes('€'.repeat(10)));
    const all = Buffer.from(`${text.join('')}${'€'.repeat(10)}`);
    expect(Buffer.from(port.history())).toEqual(all.subarray(all.length - SERIAL_HISTORY_BYTES));
  });

  test('ends for its listeners at power-off, and counts anew', () => {
    const port = new SerialPort();
    const story: string[] = [];
    const listen = (name: string) => ({
      data: () => void story.push(name),
      end: () => void story.push(`${name} ended`),
    });
    const detach = port.attach(listen('gone'));
    port.attach(listen('a'));
    detach();
    port.receive({ epoch: 900, index: 0 }, bytes('x'));
    port.reset();
    expect(port.receive({ epoch: 1, index: 0 }, bytes('y'))).toBe(true);
    expect(story).toEqual(['a', 'a ended']);
    expect(Buffer.from(port.history()).toString()).toBe('y');
  });
});

describe('an input line', () => {
  const sequences = (messages: readonly ToReplica[]): number[] =>
    messages.flatMap((message) => (message.type === 'input' ? [message.sequence] : []));

  test('numbers inputs from 1 and keeps them until they are safe', () => {
    const line = new InputLine();
    for (const text of ['a', 'b', 'c']) line.push(typed(text));
    expect(sequences(line.resume(0))).toEqual([1, 2, 3]);
    line.committed(2);
    expect(line.resume(0)).toEqual([{ type: 'input', sequence: 3, input: typed('c') }]);
  });

  test('gives a new primary exactly what its state lacks, whatever was safe before', () => {
    holds(
      fc.property(fc.array(fc.oneof(fc.constant('push'), fc.nat(40)), { maxLength: 60 }), fc.nat(40), (steps, has) => {
        const line = new InputLine();
        let [pushed, safe] = [0, 0];
        for (const step of steps) {
          if (step === 'push') {
            expect(line.push(typed('x'))).toMatchObject({ sequence: ++pushed });
          } else {
            line.committed(Math.min(step as number, pushed));
            safe = Math.max(safe, Math.min(step as number, pushed));
          }
        }
        const included = Math.max(safe, Math.min(has, pushed));
        expect(sequences(line.resume(included))).toEqual(
          Array.from({ length: pushed - included }, (_, index) => included + 1 + index),
        );
      }),
    );
  });

  test('refuses more than a guest can have waiting, and takes more when some of it is safe', async () => {
    const line = new InputLine();
    const quarter = new Uint8Array(INPUT_BYTES_MAX / 4 - 16);
    for (let i = 0; i < 4; i++) expect(line.push({ device: 'serial', data: quarter })).not.toBeNull();
    expect(line.push(typed(''))).toBeNull();
    let room = false;
    const waited = line.room().then(() => (room = true));
    line.committed(2);
    await Promise.resolve();
    expect(room).toBe(false);
    line.committed(3);
    await waited;
    expect(line.push(typed('more'))).toMatchObject({ sequence: 5 });
  });

  test('takes console inputs, each for a little', () => {
    const line = new InputLine();
    const key = { device: 'console', input: { kind: 'keys', codes: Uint8Array.of(1) } } as const;
    let count = 0;
    while (line.push(key)) count += 1;
    expect(count).toBe(INPUT_BYTES_MAX / 16);
  });

  test('forgets everything at power-off, and lets those who wait go on', async () => {
    const line = new InputLine();
    line.push({ device: 'serial', data: new Uint8Array(INPUT_BYTES_MAX - 16) });
    const room = line.room();
    line.reset();
    await room;
    expect(line.resume(0)).toEqual([]);
    expect(line.push(typed('x'))).toMatchObject({ sequence: 1 });
  });
});

describe('a screen', () => {
  function hub(): { screen: ScreenHub; sent: ToReplica[] } {
    const sent: ToReplica[] = [];
    return { screen: new ScreenHub((message) => sent.push(message)), sent };
  }
  const watching = (on: boolean): ToReplica => ({ type: 'watch', watching: on });
  const whole: ToReplica = { type: 'picture' };

  test('is taken pictures of only while somebody looks', () => {
    const { screen, sent } = hub();
    const stop = [screen.watch(() => {}), screen.watch(() => {})];
    expect(sent).toEqual([watching(true), whole]);
    stop[0]?.();
    expect(sent).toHaveLength(2);
    stop[1]?.();
    stop[1]?.();
    expect(sent).toEqual([watching(true), whole, watching(false)]);
  });

  test('shows each watcher a whole picture first', () => {
    const { screen } = hub();
    const seen: { [name: string]: string[] } = { early: [], late: [] };
    const watch = (name: string) => screen.watch((message) => seen[name]?.push(Buffer.from(message).toString()));
    watch('early');
    screen.receive(false, bytes('part 0'));
    screen.receive(true, bytes('whole 1'));
    watch('late');
    screen.receive(false, bytes('part 1'));
    screen.receive(true, bytes('whole 2'));
    screen.receive(false, bytes('part 2'));
    expect(seen).toEqual({ early: ['whole 1', 'part 1', 'whole 2', 'part 2'], late: ['whole 2', 'part 2'] });
  });

  test('is asked for one picture, which is a whole one', async () => {
    const { screen, sent } = hub();
    const picture = screen.picture();
    screen.receive(false, bytes('part'));
    screen.receive(true, bytes('whole'));
    expect([sent, Buffer.from((await picture) ?? []).toString()]).toEqual([[whole], 'whole']);
  });

  test('that gives no picture in ten seconds gives none', async () => {
    useFakeTimers();
    const picture = hub().screen.picture();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await picture).toBeNull();
  });

  test('is asked again for all that was wanted when there is a new primary', () => {
    useFakeTimers();
    const { screen, sent } = hub();
    screen.resume();
    expect(sent).toEqual([]);
    screen.watch(() => {});
    void screen.picture();
    sent.length = 0;
    screen.resume();
    expect(sent).toEqual([watching(true), whole]);
  });

  test('is blank at power-off, also for whoever waits for a picture, and begins with a whole one after', async () => {
    const { screen } = hub();
    const seen: string[] = [];
    screen.watch((message) => seen.push(Buffer.from(message).toString()));
    screen.receive(true, bytes('whole 1'));
    const picture = screen.picture();
    screen.reset(bytes('blank'));
    screen.receive(false, bytes('part'));
    screen.receive(true, bytes('whole 2'));
    expect([await picture, seen]).toEqual([null, ['whole 1', 'blank', 'whole 2']]);
  });
});

describe('the spare', () => {
  test('is made when there is nothing more urgent, and taken where it lives', async () => {
    useFakeTimers();
    const processes = new FakeProcesses();
    const spares = new Spares(processes);
    expect(processes.forked).toEqual([]);
    await vi.advanceTimersByTimeAsync(0);
    expect(processes.forked).toHaveLength(1);
    expect(spares.take().process).toBe(processes.forked[0]);

    await vi.advanceTimersByTimeAsync(4999);
    expect(processes.forked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(processes.forked).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(processes.forked).toHaveLength(2);
  });

  test('is not made while a secondary is on its way, nor while that settles', async () => {
    useFakeTimers();
    const processes = new FakeProcesses();
    const spares = new Spares(processes);
    await vi.advanceTimersByTimeAsync(0);
    spares.take(true);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(processes.forked).toHaveLength(1);
    spares.refill();
    await vi.advanceTimersByTimeAsync(2999);
    expect(processes.forked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(processes.forked).toHaveLength(2);
  });

  test('that died is not handed out', async () => {
    useFakeTimers();
    const processes = new FakeProcesses();
    const spares = new Spares(processes);
    await vi.advanceTimersByTimeAsync(0);
    processes.forked[0]?.exits('killed by the OOM killer');
    const taken = spares.take();
    expect([taken.alive, taken.process]).toEqual([true, processes.forked[1]]);
  });

  test('is forked at once where there is none', () => {
    useFakeTimers();
    const processes = new FakeProcesses();
    const spares = new Spares(processes);
    const [a, b] = [spares.take(), spares.take()];
    expect([a.process, b.process]).toEqual(processes.forked);
  });

  test('ends with the fleet, and none is made after that', async () => {
    useFakeTimers();
    const processes = new FakeProcesses();
    const spares = new Spares(processes);
    await vi.advanceTimersByTimeAsync(0);
    spares.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([processes.forked.length, processes.living.length]).toEqual([1, 0]);
  });
});
