/**
 * Inputs waiting for the next head.
 *
 * Invariant: inputs are delivered in the order in which they came, each once; a head takes no more than the protocol's
 * limits allow, the rest waits for the next one.
 */
import { assert } from '../ft/assert.ts';
import { HEAD_BYTES_MAX, HEAD_INPUTS_MAX } from '../ft/constants.ts';
import type { Input } from '../ft/entry.ts';

export class InputQueue {
  #waiting: Input[] = [];
  #waitingBytes = 0;
  readonly #wake: () => void;

  /** `wake` is called when an input arrives: a sleeping guest must not keep it waiting. */
  constructor(wake: () => void) {
    this.#wake = wake;
  }

  push(input: Input): void {
    this.#waiting.push(input);
    this.#waitingBytes += input.data.length;
    this.#wake();
  }

  get empty(): boolean {
    return this.#waiting.length === 0;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** The inputs of the next head. */
  take(): readonly Input[] {
    if (this.empty) return this.#waiting;
    let bytes = 0;
    let count = 0;
    for (const input of this.#waiting) {
      bytes += input.data.length;
      if (count > 0 && (bytes > HEAD_BYTES_MAX || count >= HEAD_INPUTS_MAX)) break;
      count += 1;
    }
    const taken = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    for (const input of taken) this.#waitingBytes -= input.data.length;
    assert(count > 0 && count <= HEAD_INPUTS_MAX, 'a head takes some inputs, within the limit');
    assert(!this.empty || this.#waitingBytes === 0, 'where no input waits no bytes do');
    return taken;
  }
}
