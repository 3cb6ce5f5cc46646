/**
 * The entry of the gateway's process: the networks of the guests, commanded by the fleet, linked to replicas.
 *
 * Invariant: it holds nothing that the fleet could not tell it again; when the fleet is gone, so is it. What a guest
 * sends cannot end it: an exception here is a programmer's error, is told, and ends the process, which the fleet
 * starts again.
 */
import { connectParent } from '../transport/parent.ts';
import { hostGateway, TICK_MS } from './host.ts';
import type { FromGateway, GatewayLinkName, ToGateway } from './messages.ts';

const REPORT_MS = 1000;
/** Time for the last words to reach the fleet, in milliseconds. */
const LAST_WORDS_MS = 200;

const parent = connectParent<FromGateway, ToGateway, GatewayLinkName>();

process.title = 'lockstep gateway';
process.on('uncaughtException', (error) => {
  parent.send({ type: 'failed', message: error.message });
  process.stderr.write(`${error.stack ?? error.message}\n`);
  setTimeout(() => process.exit(1), LAST_WORDS_MS);
});

const gateway = hostGateway((message) => parent.send(message));

parent.onMessage((message) => gateway.handle(message));
parent.onLink((name, transport) => gateway.link(name.slice('nic:'.length), transport));
setInterval(() => gateway.tick(), TICK_MS);
setInterval(() => {
  const report = gateway.report();
  if (report) parent.send(report);
}, REPORT_MS);
parent.send({ type: 'ready' });
