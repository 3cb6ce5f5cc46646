/**
 * Turns a counter that somebody reads now and then into a rate.
 *
 * Invariant: pure; whoever asks, and however often, gets the rate over the last interval of at least MIN_MS; a counter
 * that is gone, or went back, has no rate until it was read twice again.
 */
const MIN_MS = 900;

export class Rate {
  #from: { readonly at: number; readonly count: number } | null = null;
  #perSecond: number | null = null;

  /** Reads the counter at `now`, in milliseconds. @returns by how much it rises in a second; null: unknown. */
  read(now: number, count: number | null): number | null {
    const before = this.#from;
    if (count === null || before === null || count < before.count || now < before.at) {
      this.#from = count === null ? null : { at: now, count };
      this.#perSecond = null;
    } else if (now - before.at >= MIN_MS) {
      this.#perSecond = ((count - before.count) * 1000) / (now - before.at);
      this.#from = { at: now, count };
    }
    return this.#perSecond;
  }
}

/** Of a network card. */
export class BitRates {
  readonly #in = new Rate();
  readonly #out = new Rate();

  /** Null while one of them is unknown. */
  read(
    now: number,
    counters: { readonly bytesIn: number; readonly bytesOut: number } | null,
  ): { readonly bitsInPerSecond: number; readonly bitsOutPerSecond: number } | null {
    const bitsInPerSecond = this.#in.read(now, counters && counters.bytesIn * 8);
    const bitsOutPerSecond = this.#out.read(now, counters && counters.bytesOut * 8);
    return bitsInPerSecond === null || bitsOutPerSecond === null ? null : { bitsInPerSecond, bitsOutPerSecond };
  }
}
