/** A link may be used before its other end has come. */
import { expect, test } from 'vitest';
import { LateTransport } from '../../main/transport/late.ts';
import { portTransport } from '../../main/transport/port.ts';
import { eventually } from '../support/eventually.ts';
import { ports } from './ports.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);

test('what was sent before the other end came arrives first', async () => {
  const [near, far] = ports();
  const late = new LateTransport(() => {});
  const heard: string[] = [];
  late.onMessage((message) => heard.push(Buffer.from(message).toString()));
  late.send(bytes('one'));
  late.send(bytes('two'));
  expect(late.unsentBytes()).toBe(6);
  let drained = false;
  void late.drained().then(() => (drained = true));
  await Promise.resolve();
  expect(drained).toBe(false);

  late.attach(portTransport(near));
  late.send(bytes('three'));
  const other = portTransport(far);
  const arrived: string[] = [];
  other.onMessage((message) => arrived.push(Buffer.from(message).toString()));
  other.send(bytes('answer'));
  await eventually(() => expect([arrived, heard]).toEqual([['one', 'two', 'three'], ['answer']]));
  await eventually(() => expect(drained).toBe(true));

  const closed: string[] = [];
  late.onClose((why) => closed.push(why));
  other.close();
  await eventually(() => expect(closed).toHaveLength(1));
});

test('one that is given up before closes the end that comes nevertheless', async () => {
  const [near, far] = ports();
  let givenUp = 0;
  const late = new LateTransport(() => (givenUp += 1));
  const closed: string[] = [];
  late.onClose((why) => closed.push(why));
  late.send(bytes('lost'));
  late.close();
  late.close();
  late.send(bytes('lost, too'));
  expect([late.unsentBytes(), closed]).toEqual([0, ['closed by this side']]);
  expect(givenUp).toBeGreaterThan(0);
  await late.drained();
  late.attach(portTransport(near));
  let ended = false;
  portTransport(far).onClose(() => (ended = true));
  await eventually(() => expect(ended).toBe(true));
});
