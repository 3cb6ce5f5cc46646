// A child process that claims leases as a replica does: for each VM it is told, its claim's result.

import { LeaseArbiter } from '../../main/datastore/leases.ts';

const [folder = '', holder = ''] = process.argv.slice(2);

process.on('message', (vm: string) => {
  void new LeaseArbiter(folder, vm, holder).claim(1).then((result) => process.send?.(result));
});
process.send?.('ready');
