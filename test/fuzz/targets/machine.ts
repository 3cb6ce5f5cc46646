/** A real machine whose head carries inputs that nobody meant. */
import { createMachine } from '../../../main/machine/emulated.ts';
import { encodeDiskInput } from '../../../main/machine/devices/disk.ts';
import { encodeMediumInput } from '../../../main/machine/devices/medium.ts';
import { encodeMouseInput } from '../../../main/machine/devices/mouse.ts';
import { MachineError } from '../../../main/machine/errors.ts';
import type { Input } from '../../../main/ft/entry.ts';
import { driveOf, MAC, testGuest } from '../../machine/guest.ts';
import { Runner } from '../../machine/guest.ts';
import { Mutator } from '../mutator.ts';
import { joined } from '../random.ts';
import type { Target } from '../target.ts';

const DEVICES: readonly Input['device'][] = ['serial', 'keyboard', 'mouse', 'nic', 'disk', 'medium'];
const DISC = { path: '/iso/disc.iso', bytes: 8 * 2048, identity: '0123456789abcdef'.repeat(4) };

export const machine: Target = {
  name: 'machine',
  about: 'a real machine, of the test guest with a card, a disk and drives, that is given inputs of all devices',
  async samples() {
    const of = (device: Input['device'], data: Uint8Array): Uint8Array =>
      joined(Uint8Array.of(DEVICES.indexOf(device)), data);
    const mouse = { dx: 500, dy: -500, wheel: 3, buttons: 7 };
    return [
      of('serial', Buffer.from('bbb')),
      of('serial', new Uint8Array(5000).fill(98)),
      of('keyboard', Uint8Array.of(0xe0, 0x4b, 0x1e, 0x9e)),
      of('mouse', encodeMouseInput(mouse)),
      of('disk', encodeDiskInput({ id: 0, status: 'ok', data: new Uint8Array(512) })),
      of('medium', encodeMediumInput({ drive: 'cdrom', medium: DISC })),
      of('medium', encodeMediumInput({ drive: 'fda', medium: new Uint8Array(1440 << 10) })),
      of('medium', encodeMediumInput({ drive: 'fda', medium: null })),
      ...new Mutator(1, [{ mac: MAC, address: '10.77.0.11' }]).honest(0).map((frame) => of('nic', frame)),
    ];
  },
  allocation: { fixed: 64 << 20, factor: 64 },
  async open() {
    const config = testGuest({ nic: { type: 'ne2k', mac: MAC }, drives: { hda: driveOf(new Uint8Array(1 << 20)) } });
    const runner = await Runner.start(config);
    runner.untilSerial('LOCKSTEP TEST GUEST');
    const snapshot = runner.machine.capture();
    let target = runner.machine;
    return {
      async run(bytes) {
        const device = DEVICES[(bytes[0] ?? 0) % DEVICES.length] ?? 'serial';
        const input = { device, sequence: 0, data: bytes.subarray(1) };
        try {
          target.execute({ advanceUs: 100, rate: 3072, slices: 1, inputs: [input] });
          return true;
        } catch (error) {
          if (!(error instanceof MachineError)) throw error;
          target = await createMachine(config);
          target.restore(snapshot);
          return false;
        }
      },
    };
  },
};
