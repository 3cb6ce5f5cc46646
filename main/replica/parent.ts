/**
 * The replica's way to the fleet, and how it gets its links: under Electron by its parent port and message ports,
 * under the headless host by Node's IPC and local sockets.
 *
 * Invariant: when the fleet is gone, so is this process. A replica without a fleet has nobody to tell and nobody to
 * serve.
 */
import net from 'node:net';
import { portTransport, type PortLike } from '../transport/port.ts';
import { socketTransport } from '../transport/socket.ts';
import type { Transport } from '../transport/transport.ts';
import type { FromReplica, LinkName, ToReplica } from './messages.ts';

export interface Parent {
  send(message: FromReplica): void;
  onMessage(listener: (message: ToReplica) => void): void;
  onLink(listener: (name: LinkName, transport: Transport) => void): void;
}

/** How the headless host hands over a link: one side listens, tells so, and the other connects. */
export type LinkInstruction =
  | { readonly link: LinkName; readonly listen: string }
  | { readonly link: LinkName; readonly connect: string };
/** The answer of the side that listens. */
export interface LinkListening {
  readonly listening: string;
}

/** Electron's `process.parentPort`, as far as it is used here. */
interface ParentPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { data: unknown; ports: PortLike[] }) => void): unknown;
}

export function connectParent(): Parent {
  const parentPort = (process as unknown as { parentPort?: ParentPort }).parentPort;
  return parentPort ? electronParent(parentPort) : nodeParent();
}

function electronParent(parentPort: ParentPort): Parent {
  let onMessage: (message: ToReplica) => void = () => {};
  let onLink: (name: LinkName, transport: Transport) => void = () => {};
  parentPort.on('message', ({ data, ports }) => {
    const [port] = ports;
    if (port) onLink((data as { link: LinkName }).link, portTransport(port));
    else onMessage(data as ToReplica);
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

function nodeParent(): Parent {
  let onMessage: (message: ToReplica) => void = () => {};
  let onLink: (name: LinkName, transport: Transport) => void = () => {};
  const linked = (name: LinkName, socket: net.Socket): void => onLink(name, socketTransport(socket));
  const follow = (instruction: LinkInstruction): void => {
    if ('connect' in instruction) {
      const socket = net.connect(instruction.connect);
      linked(instruction.link, socket);
      return;
    }
    const server = net.createServer((socket) => {
      server.close();
      linked(instruction.link, socket);
    });
    const answer: LinkListening = { listening: instruction.listen };
    server.listen(instruction.listen, () => process.send?.(answer));
  };
  process.on('message', (message: ToReplica | LinkInstruction) => {
    if ('link' in message) follow(message);
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
