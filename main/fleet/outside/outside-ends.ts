/**
 * The outside ends of a VM: serial port, sound, screen, and the line of what is typed and clicked. They outlive every
 * failover.
 *
 * Invariants: what has arrived is confirmed to whoever is the primary, all that came before it included, since outputs
 * come in order; what a new primary lacks of the input is sent to it again.
 */
import { encodeScreen } from '../../../preload/contract/screen.ts';
import { comparePositions, type Position } from '../../ft/output.ts';
import type { OutsideInput, ReplicaOutput, ToReplica } from '../../replica/messages.ts';
import { InputLine } from './input-line.ts';
import { ScreenHub } from './screen-hub.ts';
import { SerialPort } from './serial-port.ts';
import { SoundHub } from './sound-hub.ts';

/** Confirmations of outputs are collected for this long, in milliseconds. */
const CONFIRM_MS = 20;
const NOTHING: Position = { epoch: 0, index: -1 };

export class OutsideEnds {
  readonly serial = new SerialPort();
  readonly sound = new SoundHub();
  readonly screen: ScreenHub;
  readonly #inputs = new InputLine();
  /** To the present primary. */
  readonly #send: (message: ToReplica) => void;
  #confirmDue = false;
  /** The last output that arrived, of any device. */
  #last: Position = NOTHING;

  constructor(send: (message: ToReplica) => void) {
    this.#send = send;
    this.screen = new ScreenHub(send);
  }

  receive(message: ReplicaOutput): void {
    if (message.type === 'screen') return this.screen.receive(message.full, message.data);
    if (message.type === 'committed') return this.#inputs.committed(message.sequence);
    if (message.type === 'serial') this.serial.receive(message, message.data);
    else this.sound.receive(message, message.data);
    if (comparePositions(message, this.#last) > 0) this.#last = { epoch: message.epoch, index: message.index };
    return this.#confirmSoon();
  }

  /** False when too much is waiting already. */
  input(input: OutsideInput): boolean {
    const message = this.#inputs.push(input);
    if (message) this.#send(message);
    return message !== null;
  }

  /** Resolves when more input may be given. */
  inputRoom(): Promise<void> {
    return this.#inputs.room();
  }

  /** A primary runs for the first time. */
  started(): void {
    this.screen.resume();
  }

  /** There is a new primary, whose state includes the input `lastInput` and all before it. */
  failedOver(lastInput: number): void {
    for (const message of this.#inputs.resume(lastInput)) this.#send(message);
    this.screen.resume();
    this.#confirmSoon();
  }

  /** The VM is off: the next machine counts anew. */
  reset(): void {
    this.#inputs.reset();
    this.#last = NOTHING;
    this.serial.reset();
    this.sound.reset();
    this.screen.reset(encodeScreen({ kind: 'blank', full: true }));
  }

  /** Tells the primary what has arrived, a few times a second at most. */
  #confirmSoon(): void {
    if (this.#confirmDue) return;
    this.#confirmDue = true;
    setTimeout(() => {
      this.#confirmDue = false;
      this.#send({ type: 'confirm', ...this.#last });
    }, CONFIRM_MS);
  }
}
