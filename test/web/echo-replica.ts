// What stands in for a replica process: it answers its parent, and tells what comes over its link.

import type { FromReplica, LinkName, ToReplica } from '../../main/replica/messages.ts';
import { connectParent } from '../../main/transport/parent.ts';

const parent = connectParent<FromReplica, ToReplica, LinkName>();
const tell = (message: string): void => parent.send({ type: 'failed', message } satisfies FromReplica);

parent.onMessage((message) => {
  if (message.type === 'peerDied') tell(`heard: ${message.why}`);
  if (message.type === 'input' && message.input.device === 'serial')
    tell(`${message.input.data.constructor.name} ${[...message.input.data].join()}`);
  if (message.type === 'powerOff') process.exit(3);
});
parent.onLink((name, transport) => {
  transport.onMessage((message) => tell(`over ${name}: ${Buffer.from(message).toString()}`));
  transport.onClose((why) => tell(`${name} closed: ${why}`));
  transport.send(Buffer.from(`greetings from ${process.pid}`));
});
parent.send({ type: 'ready', compileMs: 0 });
