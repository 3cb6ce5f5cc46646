/**
 * The entry of a replica process: compile the emulator, wait for a role, play it.
 *
 * Invariant: a process plays one role for one VM, though a backup may become a primary; when its machine is halted,
 * or its fleet is gone, it ends.
 */
import { flushCompileCache } from 'node:module';
import { LeaseArbiter } from '../datastore/leases.ts';
import { Primary } from '../ft/primary.ts';
import { loadCore } from '../machine/v86.ts';
import { FaultyTransport } from '../transport/faulty.ts';
import { connectParent } from '../transport/parent.ts';
import type { Transport } from '../transport/transport.ts';
import { WatchedTransport } from '../transport/watched.ts';
import { BackupRunner } from './backup-runner.ts';
import { buildMachine } from './build-machine.ts';
import { orderCrash } from './crash-points.ts';
import type { FromReplica, LinkName, ReplicaSpec, ToReplica } from './messages.ts';
import { NicPort } from './nic-port.ts';
import { openOwnDisks, prepareOwnDisk } from './own-disks.ts';
import { PrimaryRunner, type PrimaryParts } from './primary-runner.ts';
import { restoreState } from './restore-state.ts';

/** Time for the last words to reach the fleet, in milliseconds. */
const LAST_WORDS_MS = 200;

const parent = connectParent<FromReplica, ToReplica, LinkName>();
let primary: PrimaryRunner | null = null;
let backup: BackupRunner | null = null;
/** What to do with the link that comes next, and a link that came first. */
let awaitLink: ((transport: Transport) => void) | null = null;
let earlyLink: Transport | null = null;
/** Messages are handled one after the other, also where one takes its time. */
let tail: Promise<void> = Promise.resolve();
let watching = false;
/** The link to the peer, for faults made on purpose. */
let peer: FaultyTransport | null = null;
/** The guest's cable to the network, for whichever role this process plays. */
const nic = new NicPort();
const fence = Promise.withResolvers<void>();

function end(code: number): void {
  setTimeout(() => process.exit(code), LAST_WORDS_MS);
}

function failed(error: Error): void {
  const message: FromReplica = { type: 'failed', message: error.message };
  parent.send(message);
  process.stderr.write(`${error.stack ?? error.message}\n`);
  end(1);
}

async function parts(spec: ReplicaSpec, role: 'primary' | 'backup'): Promise<PrimaryParts> {
  process.title = `lockstep replica ${spec.name}`;
  const machine = await buildMachine(spec, role);
  const arbiter = new LeaseArbiter(spec.datastore, spec.vm, spec.holder, spec.disk?.slot);
  const send = (message: FromReplica): void => parent.send(message);
  return { spec, machine, arbiter, nic, send, halted: () => end(0), fenced: fence.promise };
}

function nextLink(take: (transport: Transport) => void): void {
  const early = earlyLink;
  earlyLink = null;
  if (early) take(early);
  else awaitLink = take;
}

async function boot({ spec, generation, state }: Extract<ToReplica, { type: 'boot' }>): Promise<void> {
  // What is in the removable drives comes with a saved state, as it does for a backup.
  const made = await parts(spec, state === undefined ? 'primary' : 'backup');
  if (state !== undefined) await restoreState(made.machine, spec, state, made.send);
  const start = { generation, lastInput: 0, paused: state !== undefined };
  primary = await PrimaryRunner.start(made, (env, outside) => new Primary(env, outside, start));
  if (watching) primary.watch(true);
  parent.send({ type: 'started', role: 'primary' });
}

async function standBy({ spec, peer: pid }: Extract<ToReplica, { type: 'standBy' }>): Promise<void> {
  await prepareOwnDisk(spec);
  const made = await parts(spec, 'backup');
  const disks = await openOwnDisks(made);
  nextLink((transport) => {
    const take = (promoted: PrimaryRunner): void => {
      backup = null;
      primary = promoted;
      if (watching) promoted.watch(true);
    };
    backup = new BackupRunner(made, new WatchedTransport(transport, pid), take, disks);
  });
  parent.send({ type: 'started', role: 'backup' });
}

/** A backup may be on its way to be a primary. */
function toPrimary(act: (runner: PrimaryRunner) => void): void {
  if (primary) act(primary);
  else backup?.whenPromoted(act);
}

/** The other messages do not wait for the file. */
function record(file: string): void {
  if (primary) {
    void primary.record(file);
    return;
  }
  const why = 'the virtual machine has no primary at this moment';
  parent.send({ type: 'recording', event: { state: 'failed', file, why } });
}

async function handle(message: Exclude<ToReplica, { type: 'crash' }>): Promise<void> {
  switch (message.type) {
    case 'boot':
      return boot(message);
    case 'standBy':
      return standBy(message);
    case 'protect':
      nextLink((transport) => primary?.protect(new WatchedTransport(transport, message.peer), message.settings));
      return undefined;
    case 'endProtection':
      primary?.endProtection();
      return undefined;
    case 'powerOff':
      if (primary) primary.powerOff();
      else end(0);
      return undefined;
    case 'pause':
      toPrimary((runner) => runner.pause(message.paused));
      return undefined;
    case 'peerDied':
      primary?.peerDied(message.why);
      backup?.lostPrimary(message.why);
      return undefined;
    case 'input':
      toPrimary((runner) => runner.input(message.sequence, message.input));
      return undefined;
    case 'confirm':
      toPrimary((runner) => runner.confirm(message.epoch, message.index));
      return undefined;
    case 'fenced':
      fence.resolve();
      return undefined;
    case 'channelFault':
      peer?.setFault(message.fault);
      return undefined;
    case 'watch':
      watching = message.watching;
      primary?.watch(watching);
      return undefined;
    case 'picture':
      toPrimary((runner) => runner.picture());
      return undefined;
    case 'record':
      record(message.file);
      return undefined;
    case 'save':
      toPrimary((runner) => runner.save(message.order));
      return undefined;
    case 'stopRecording':
      void primary?.stopRecording();
      return undefined;
    case 'primaryWaits':
      backup?.primaryWaits(message.waits);
      return undefined;
    case 'corrupt':
      backup?.corrupt();
  }
}

parent.onMessage((message) => {
  // It waits for nothing that takes its time, so that it holds before what the fleet does next.
  if (message.type === 'crash') {
    orderCrash(message.at);
    return;
  }
  tail = tail.then(() => handle(message)).catch(failed);
});
parent.onLink((name, transport) => {
  if (name === 'nic') {
    nic.attach(transport);
    return;
  }
  peer = new FaultyTransport(transport);
  const take = awaitLink;
  awaitLink = null;
  if (take) take(peer);
  else earlyLink = peer;
});
process.on('uncaughtException', failed);

const startedAt = performance.now();
loadCore();
parent.send({ type: 'ready', compileMs: performance.now() - startedAt });
// A replica seldom ends in an orderly way; the next one takes over what V8 made of these sources.
flushCompileCache();
