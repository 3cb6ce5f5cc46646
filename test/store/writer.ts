// A child process that writes events as fast as it can, and tells the id of each when it is kept.

import { writeSync } from 'node:fs';
import { openDataFolder } from '../../main/store/database.ts';
import { EventTable } from '../../main/store/events.ts';

const events = new EventTable<string>(openDataFolder(process.argv[2] ?? '').database);
for (let number = 1; ; number++) {
  const { id } = events.add({
    vm: null,
    kind: 'test.written',
    severity: 'info',
    message: `number ${number}`,
    data: { number },
  });
  writeSync(1, `${id}\n`);
}
