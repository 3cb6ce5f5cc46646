/**
 * Where a primary's outputs go: frames to the gateway, all else to the fleet.
 *
 * Invariant: what the protocol is told to have arrived has been confirmed by its receiver, or can never arrive.
 */
import type { Output } from '../ft/entry.ts';
import type { Position, Positioned } from '../ft/output.ts';
import { Confirmations } from './confirmations.ts';
import type { InputQueue } from './inputs.ts';
import type { FromReplica } from './messages.ts';
import type { NicPort } from './nic-port.ts';

export interface OutputParts {
  readonly nic: NicPort;
  readonly send: (message: FromReplica) => void;
  /** Frames for the guest are inputs. */
  readonly inputs: InputQueue;
  /** Every output up to here has arrived. */
  readonly confirmed: (position: Position) => void;
}

export class Outputs {
  readonly #parts: OutputParts;
  readonly #confirmations: Confirmations;

  constructor(parts: OutputParts) {
    this.#parts = parts;
    this.#confirmations = new Confirmations(parts.confirmed);
    const { nic, inputs } = parts;
    nic.use({
      receive: (frame) => {
        inputs.push({ device: 'nic', sequence: 0, data: frame });
        return inputs.waitingBytes;
      },
      arrived: (position) => this.#confirmations.arrived('gateway', position),
      lost: () => this.#confirmations.gone('gateway'),
    });
  }

  emit({ epoch, index, output }: Positioned<Output>): void {
    const { nic, send } = this.#parts;
    const { device, data } = output;
    if (device !== 'nic') {
      this.#confirmations.left({ epoch, index }, 'fleet');
      send({ type: device, epoch, index, data });
      return;
    }
    this.#confirmations.left({ epoch, index }, 'gateway');
    // The wire has lost it: the frames before it, which may be on their way, are confirmed by the next one.
    if (!nic.send({ epoch, index }, data)) this.#confirmations.lost('gateway', { epoch, index });
  }

  /** The fleet has its outputs up to here. */
  confirm(position: Position): void {
    this.#confirmations.arrived('fleet', position);
  }
}
