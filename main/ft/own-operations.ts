/**
 * The backup's book of the block requests that it carries out itself: reads that travel as references, and on
 * separate disks writes and flushes (Scales et al., 2010, sections 4.1 and 4.2).
 *
 * Invariants:
 * - A head that completes one of them is executed only after the backup's own one has completed, so what the guest is
 *   told is true of this disk as well.
 * - What this side has read is what the primary has read: lengths and checksums are compared, never assumed.
 */
import type { Checksum } from './bytes.ts';
import { isReference, type Head, type Input, type LoggedHead, type ReadReference } from './entry.ts';
import type { BlockRequest, CompletionOf, DiskModes } from './environment.ts';

export interface OwnDisk<R extends BlockRequest> {
  /** Carries the request out, after those before it; it is tried until it works. */
  readonly carryOut: (request: R) => void;
  /** A head has completed it otherwise: it need not be tried any longer, and nobody is to be told of its end. */
  readonly abandon: (id: number) => void;
}

interface Operation<R> {
  readonly request: R;
  completion: Input | null;
}

export class OwnOperations<R extends BlockRequest> {
  readonly #modes: DiskModes;
  readonly #disk: OwnDisk<R>;
  readonly #completionOf: CompletionOf;
  readonly #checksum: Checksum;
  readonly #operations = new Map<number, Operation<R>>();

  constructor(modes: DiskModes, disk: OwnDisk<R>, completionOf: CompletionOf, checksum: Checksum) {
    this.#modes = modes;
    this.#disk = disk;
    this.#completionOf = completionOf;
    this.#checksum = checksum;
  }

  /** The guest has made a request. */
  asked(request: R): void {
    const { diskMode, diskReads } = this.#modes;
    const mine = request.operation === 'read' ? diskReads === 'backup' : diskMode === 'separate';
    if (!mine) return;
    this.#operations.set(request.id, { request, completion: null });
    this.#disk.carryOut(request);
  }

  /** An own operation is done. `completion` is the input that would tell the guest so. */
  done(id: number, completion: Input): void {
    const operation = this.#operations.get(id);
    if (operation) operation.completion = completion;
  }

  /** Whether the head can be executed: all that it says is done is done here too. */
  ready(head: LoggedHead): boolean {
    if (this.#operations.size === 0) return true;
    return head.inputs.every((input) => {
      const operation = this.#operationOf(input);
      return !operation || operation.completion !== null || !this.#waitsFor(input, operation.request);
    });
  }

  /** The head with the data that did not travel; or, in words, why it cannot be had. */
  resolve(head: LoggedHead): Head | string {
    let why: string | null = null;
    const inputs = head.inputs.map((input): Input => {
      const operation = this.#operationOf(input);
      if (operation) this.#settle(operation);
      if (!isReference(input)) return input;
      const mine = operation?.completion;
      if (mine && this.#same(mine, input)) return mine;
      why = mine
        ? `what it has read for disk request ${input.id} itself differs from what the primary has read`
        : `the log refers to disk request ${input.id}, which this backup has not read itself`;
      return { device: 'disk', sequence: 0, data: mine?.data ?? new Uint8Array() };
    });
    return why ?? { ...head, inputs };
  }

  /** Whether this request is under way here, or done and not delivered. */
  has(id: number): boolean {
    return this.#operations.has(id);
  }

  /** What is done and was not delivered by a head, as inputs, oldest first. */
  undelivered(): Input[] {
    return [...this.#operations.values()].flatMap(({ completion }) => completion ?? []);
  }

  #operationOf(input: LoggedHead['inputs'][number]): Operation<R> | undefined {
    if (isReference(input)) return this.#operations.get(input.id);
    if (input.device !== 'disk' || this.#operations.size === 0) return undefined;
    const completion = this.#completionOf(input);
    return completion ? this.#operations.get(completion.id) : undefined;
  }

  /** What comes with its data, and what has failed, needs nothing from here. */
  #waitsFor(input: LoggedHead['inputs'][number], request: R): boolean {
    if (isReference(input)) return true;
    return request.operation !== 'read' && this.#completionOf(input)?.ok === true;
  }

  #settle({ request: { id }, completion }: Operation<R>): void {
    this.#operations.delete(id);
    if (completion === null) this.#disk.abandon(id);
  }

  #same(mine: Input, reference: ReadReference): boolean {
    return mine.data.length === reference.length && this.#checksum(mine.data) === reference.checksum;
  }
}
