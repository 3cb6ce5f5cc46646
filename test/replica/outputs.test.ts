/** Outputs find their receivers, and the protocol hears when they have arrived; with a real cable between. */
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { comparePositions, type Position } from '../../main/ft/output.ts';
import { Confirmations } from '../../main/replica/confirmations.ts';
import { InputQueue } from '../../main/replica/inputs.ts';
import type { FromReplica } from '../../main/replica/messages.ts';
import { NicPort } from '../../main/replica/nic-port.ts';
import { Outputs } from '../../main/replica/outputs.ts';
import { decodeToGateway, encodeToReplica, type ToGatewayFrame } from '../../main/transport/frames.ts';
import { socketTransport } from '../../main/transport/socket.ts';
import type { Transport } from '../../main/transport/transport.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryFolder } from '../support/folder.ts';

describe('confirmations of several receivers', () => {
  function watched(): { confirmations: Confirmations; told: Position[] } {
    const told: Position[] = [];
    return { confirmations: new Confirmations((position) => told.push(position)), told };
  }

  test('an output counts as arrived only when all before it have, whoever takes them', () => {
    const { confirmations, told } = watched();
    confirmations.left({ epoch: 1, index: 0 }, 'fleet');
    confirmations.left({ epoch: 1, index: 1 }, 'gateway');
    confirmations.left({ epoch: 2, index: 0 }, 'fleet');
    confirmations.arrived('fleet', { epoch: 2, index: 0 });
    expect(told).toEqual([{ epoch: 1, index: 0 }]);
    confirmations.arrived('gateway', { epoch: 1, index: 1 });
    expect(told.at(-1)).toEqual({ epoch: 2, index: 0 });
  });

  test('what can never arrive holds nothing up', () => {
    const { confirmations, told } = watched();
    confirmations.left({ epoch: 1, index: 0 }, 'gateway');
    confirmations.left({ epoch: 1, index: 1 }, 'gateway');
    confirmations.left({ epoch: 1, index: 2 }, 'fleet');
    confirmations.lost('gateway', { epoch: 1, index: 1 });
    expect(told).toEqual([]);
    confirmations.arrived('fleet', { epoch: 1, index: 2 });
    confirmations.gone('gateway');
    expect(told).toEqual([{ epoch: 1, index: 2 }]);
  });

  test('many outputs: what is told rises, and in the end everything has arrived', () => {
    const { confirmations, told } = watched();
    for (let epoch = 0; epoch < 1000; epoch += 1) {
      const receiver = epoch % 3 === 0 ? 'gateway' : 'fleet';
      confirmations.left({ epoch, index: 0 }, receiver);
      if (epoch % 7 === 0) confirmations.arrived('fleet', { epoch, index: 0 });
      if (epoch % 11 === 0) confirmations.arrived('gateway', { epoch, index: 0 });
    }
    confirmations.gone('gateway');
    confirmations.arrived('fleet', { epoch: 999, index: 0 });
    expect(told.at(-1)).toEqual({ epoch: 999, index: 0 });
    expect(told.every((position, at) => at === 0 || comparePositions(position, told[at - 1] as Position) > 0)).toBe(
      true,
    );
  });
});

describe('the cable to the gateway', () => {
  interface World {
    readonly nic: NicPort;
    readonly outputs: Outputs;
    readonly inputs: InputQueue;
    readonly confirmed: Position[];
    readonly sent: FromReplica[];
    plug(): Promise<{ gateway: Transport; heard: ToGatewayFrame[] }>;
  }

  function world(): World {
    const nic = new NicPort();
    const inputs = new InputQueue(() => {});
    const [confirmed, sent] = [[] as Position[], [] as FromReplica[]];
    const outputs = new Outputs({
      nic,
      inputs,
      send: (message) => void sent.push(message),
      confirmed: (position) => void confirmed.push(position),
    });
    onTestFinished(() => nic.close());
    const plug = async (): Promise<{ gateway: Transport; heard: ToGatewayFrame[] }> => {
      const server = net.createServer().listen(path.join(temporaryFolder(), 'cable.sock'));
      await once(server, 'listening');
      const near = net.connect(server.address() as string);
      const [far] = (await once(server, 'connection')) as [net.Socket];
      server.close();
      nic.attach(socketTransport(near));
      const gateway = socketTransport(far);
      const heard: ToGatewayFrame[] = [];
      gateway.onMessage((message) => heard.push(decodeToGateway(message) as ToGatewayFrame));
      onTestFinished(() => gateway.close());
      return { gateway, heard };
    };
    return { nic, outputs, inputs, confirmed, sent, plug };
  }

  const frame = (epoch: number, fill = 1) =>
    ({ epoch, index: 0, output: { device: 'nic', data: new Uint8Array(60).fill(fill) } }) as const;

  test('frames go to the gateway with their positions, everything else to the fleet', async () => {
    const { nic, outputs, sent, confirmed, plug } = world();
    const { gateway, heard } = await plug();
    nic.live(3);
    outputs.emit(frame(7, 9));
    outputs.emit({ epoch: 8, index: 0, output: { device: 'serial', data: new Uint8Array(1) } });
    await eventually(() => expect(heard).toHaveLength(2));
    expect(heard).toEqual([
      { kind: 'live', generation: 3 },
      { kind: 'frame', epoch: 7, index: 0, data: Buffer.alloc(60, 9) },
    ]);
    expect(sent).toEqual([{ type: 'serial', epoch: 8, index: 0, data: new Uint8Array(1) }]);
    outputs.confirm({ epoch: 8, index: 0 });
    expect(confirmed).toEqual([]);
    gateway.send(encodeToReplica({ kind: 'confirm', epoch: 7, index: 0 }));
    await eventually(() => expect(confirmed).toEqual([{ epoch: 8, index: 0 }]));
  });

  test('without a cable frames are lost, as on any wire, and nobody waits for them', async () => {
    const { nic, outputs, confirmed, plug } = world();
    outputs.emit(frame(1));
    expect(confirmed).toEqual([{ epoch: 1, index: 0 }]);
    const { gateway } = await plug();
    outputs.emit(frame(2));
    gateway.close();
    await eventually(() => expect(confirmed.at(-1)).toEqual({ epoch: 2, index: 0 }));
    nic.live(4);
    const { heard } = await plug();
    outputs.emit(frame(3));
    await eventually(() => expect(heard.map(({ kind }) => kind)).toEqual(['live', 'frame']));
  });

  test('frames for the guest are inputs; what it does not take waits in the gateway', async () => {
    const { nic, inputs, plug } = world();
    const { gateway } = await plug();
    for (let count = 0; count < 4000; count += 1) {
      gateway.send(encodeToReplica({ kind: 'frame', data: new Uint8Array(1500).fill(count) }));
    }
    await eventually(() => expect(inputs.waitingBytes).toBeGreaterThan(500_000));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(inputs.waitingBytes).toBeLessThan(1_500_000);
    let seen = 0;
    await eventually(() => {
      for (const input of inputs.take()) {
        expect(input).toMatchObject({ device: 'nic', sequence: 0 });
        expect(input.data[0]).toBe(seen % 256);
        seen += 1;
      }
      nic.taken(inputs.waitingBytes);
      expect(seen).toBe(4000);
    });
  });

  test('a gateway that says nonsense is unplugged', async () => {
    const { plug } = world();
    const { gateway } = await plug();
    const closed = new Promise((resolve) => gateway.onClose(resolve));
    gateway.send(Uint8Array.of(99, 1, 2));
    await closed;
  });
});
