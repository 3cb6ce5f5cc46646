/**
 * A child process's way to the fleet, and how it gets its links: under Electron by its parent port and message ports,
 * under the headless host by Node's IPC and local sockets. Replicas and the gateway use the same.
 *
 * Invariants: when the fleet is gone, so is this process: a child without a fleet has nobody to tell and nobody to
 * serve. Links are there when the fleet says so, in the order of its messages, whether or not their other ends are. A
 * terminal's Ctrl+C, and that it is closed, goes to every process in front of it and is the host's to act on: it
 * suspends what runs, and needs its replicas for that.
 */
import net from 'node:net';
import { LateTransport } from './late.ts';
import { portTransport, type PortLike } from './port.ts';
import { socketTransport } from './socket.ts';
import type { Transport } from './transport.ts';

/** `Sent` is what the child says, `Received` what it hears, `Name` which links it may be given. */
export interface Parent<Sent, Received, Name extends string> {
  send(message: Sent): void;
  onMessage(listener: (message: Received) => void): void;
  onLink(listener: (name: Name, transport: Transport) => void): void;
}

/** How the headless host hands over a link: one side listens, tells so, and the other connects. */
export type LinkInstruction<Name extends string = string> =
  | { readonly link: Name; readonly listen: string }
  | { readonly link: Name; readonly connect: string };
/** The answer of the side that listens. */
export interface LinkListening {
  readonly listening: string;
}

/** Electron's `process.parentPort`, as far as it is used here. */
interface ParentPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { data: unknown; ports: PortLike[] }) => void): unknown;
}

export function connectParent<Sent, Received extends object, Name extends string>(): Parent<Sent, Received, Name> {
  const parentPort = (process as unknown as { parentPort?: ParentPort }).parentPort;
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
  return parentPort ? electronParent(parentPort) : nodeParent();
}

function electronParent<Sent, Received, Name extends string>(parentPort: ParentPort): Parent<Sent, Received, Name> {
  let onMessage: (message: Received) => void = () => {};
  let onLink: (name: Name, transport: Transport) => void = () => {};
  parentPort.on('message', ({ data, ports }) => {
    const [port] = ports;
    if (port) onLink((data as { link: Name }).link, portTransport(port));
    else onMessage(data as Received);
  });
  return {
    send: (message) => parentPort.postMessage(message),
    onMessage: (listener) => {
      onMessage = listener;
    },
    onLink: (listener) => {
      onLink = listener;
    },
  };
}

function nodeParent<Sent, Received extends object, Name extends string>(): Parent<Sent, Received, Name> {
  let onMessage: (message: Received) => void = () => {};
  let onLink: (name: Name, transport: Transport) => void = () => {};
  const follow = (instruction: LinkInstruction<Name>): void => {
    if ('connect' in instruction) {
      onLink(instruction.link, socketTransport(net.connect(instruction.connect)));
      return;
    }
    const server = net.createServer((socket) => {
      server.close();
      late.attach(socketTransport(socket));
    });
    const late = new LateTransport(() => server.close());
    onLink(instruction.link, late);
    const answer: LinkListening = { listening: instruction.listen };
    server.listen(instruction.listen, () => process.send?.(answer));
  };
  process.on('message', (message: Received | LinkInstruction<Name>) => {
    if ('link' in message) follow(message as LinkInstruction<Name>);
    else onMessage(message);
  });
  process.on('disconnect', () => process.exit(0));
  return {
    send: (message) => void process.send?.(message),
    onMessage: (listener) => {
      onMessage = listener;
    },
    onLink: (listener) => {
      onLink = listener;
    },
  };
}
