/**
 * The discs that the guest reads: each request names its own, and the file of the last one stays open.
 *
 * Invariant: what is read comes from the disc that was asked, or is an error. To be called for one read after the
 * other.
 */
import { openDisc } from '../datastore/disc.ts';
import type { DiskImage } from '../datastore/image.ts';
import type { Disc } from '../machine/machine.ts';

export class Discs {
  #open: { readonly disc: Disc; readonly image: DiskImage } | null = null;
  #closed = false;

  /** @throws {Error} when the disc cannot be read, or its file holds another one by now. */
  async read(disc: Disc, offset: number, length: number): Promise<Uint8Array> {
    const { image } = sameDisc(this.#open?.disc ?? null, disc) && this.#open ? this.#open : await this.#change(disc);
    return image.read(offset, length);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#forget();
  }

  async #change(disc: Disc): Promise<{ readonly image: DiskImage }> {
    await this.#forget();
    const image = await openDisc(disc);
    if (this.#closed) {
      await image.close();
      throw new Error('the drives are closed');
    }
    this.#open = { disc, image };
    return this.#open;
  }

  async #forget(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    await open?.image.close();
  }
}

export function sameDisc(one: Disc | null, other: Disc | null): boolean {
  if (one === null || other === null) return one === other;
  return one.path === other.path && one.bytes === other.bytes && one.identity === other.identity;
}
