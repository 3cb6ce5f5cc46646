// A child process that is a host with one running VM, until it is killed, or told to close while somebody waits.

import { carryOut } from '../../main/fleet/commands.ts';
import { Fleet } from '../../main/fleet/fleet.ts';
import { FakeProcesses, wellBehaved } from '../support/fake-processes.ts';
import { makeGuests } from '../support/guests.ts';

const [dataFolder = '', guestsFolder = ''] = process.argv.slice(2);
const processes = new FakeProcesses(wellBehaved);
const fleet = new Fleet({ dataFolder, version: '9.9.9', processes, guests: makeGuests(guestsFolder) });
const vm = fleet.create({ name: 'web', sample: 'linux' });
await vm.powerOn();
vm.setFt('on');
process.on('message', () => {
  carryOut(fleet, 'ft.wait', { vm: 'web', for: 'notConfigured', timeoutSeconds: 3600 }).catch(() => {});
  void fleet.close().then(() => process.disconnect());
});
process.send?.('running');
