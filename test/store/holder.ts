// A child process that holds a data folder, as a host does, until it is ended.

import { openDataFolder } from '../../main/store/database.ts';

openDataFolder(process.argv[2] ?? '');
process.send?.('open');
// Keeps the process alive: without a listener nothing would.
process.on('message', () => {});
