// Captures frames into the file it is told, until that fails, and says why. Started with a limit of file size.

import { Capture } from '../../main/gateway/capture.ts';

const [file = ''] = process.argv.slice(2);
const capture = await Capture.start(file, 'limited', (why) => {
  process.stdout.write(`${why}\n`);
  clearInterval(timer);
});
const timer = setInterval(() => capture.add(new Uint8Array(10_000), 'in', Date.now()), 1);
