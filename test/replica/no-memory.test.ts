/** Where there is no memory for a copy of the machine, nothing is lost but the attempt. */
import { expect, test } from 'vitest';
import type { Pieces } from '../../main/machine/pieces.ts';
import type { Room } from '../../main/machine/room.ts';
import type { FromReplica } from '../../main/replica/messages.ts';
import { SaveSession, type SaveSurroundings } from '../../main/replica/save-session.ts';
import { SecondaryStart, type StartSurroundings } from '../../main/replica/secondary-start.ts';
import type { Transport } from '../../main/transport/transport.ts';
import { eventually } from '../support/eventually.ts';
import { ToyMachine } from '../support/toy-machine.ts';

const WORDS = 'there is no memory for a copy of the machine (Array buffer allocation failed)';

class CrowdedMachine extends ToyMachine {
  // oxlint-disable-next-line require-yield -- the system refuses before the first piece is done.
  override *room(): Pieces<Room> {
    throw new RangeError('Array buffer allocation failed');
  }
}

/** What neither comes to before it needs memory. */
const later = {} as never;

test('a state is not saved, which is told, and the next may be', async () => {
  const told: FromReplica[] = [];
  const machine = new CrowdedMachine();
  const around: SaveSurroundings = {
    spec: later,
    machine,
    disks: later,
    send: (message) => void told.push(message),
    primary: () => later,
    quiesce: () => {},
  };
  const save = new SaveSession(around);
  for (const id of ['first', 'second']) {
    save.start({ id, file: '/nowhere' });
    await eventually(() => expect(told.at(-1)).toEqual({ type: 'save', event: { state: 'failed', id, why: WORDS } }));
    expect(save.waiting).toBe(false);
  }
});

test('a secondary is given up, which is told', async () => {
  const lost: string[] = [];
  const machine = new CrowdedMachine();
  machine.execute({ advanceUs: 0, rate: 1024, slices: 1, inputs: [] });
  const around: StartSurroundings = {
    machine,
    disks: { image: () => undefined } as never,
    primary: () => later,
    send: () => {},
    quiesce: () => {},
    lost: (_peer, why) => void lost.push(why),
  };
  const start = new SecondaryStart(around);
  start.begin({} as Transport, false);
  await eventually(() => expect(lost).toEqual([WORDS]));
  expect(start.waiting).toBe(false);
});
