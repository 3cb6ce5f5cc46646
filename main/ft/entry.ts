/**
 * The vocabulary of the log: what decides an epoch (its head), what may enter a machine, and what may leave it.
 *
 * Invariant: an epoch's result is a function of the machine's state and its head, and of nothing else. Whatever the
 * guest can observe is therefore either state or one of the fields below (Scales et al., 2010, section 2.1).
 */

/**
 * Where an input is delivered, and where an output comes from. The layout of `data` belongs to the device's own file.
 */
export type InputDevice = 'serial' | 'keyboard' | 'mouse' | 'nic' | 'disk' | 'medium';

/** Something from outside that the guest will be able to observe. */
export interface Input {
  readonly device: InputDevice;
  /**
   * The number the outside gave this input, rising by one from 1 for each VM; 0 where the replica itself made it (a
   * disk completion). It lets a new primary say which inputs it has, so that the others are sent again: exactly once.
   */
  readonly sequence: number;
  readonly data: Uint8Array;
}

/** All that decides the next epoch beyond the machine's state. Sent to the backup before the epoch is executed. */
export interface Head {
  /** How far the virtual clock moves forward before the epoch, in microseconds. A non-negative integer. */
  readonly advanceUs: number;
  /** Virtual nanoseconds that pass per 1024 executed instructions inside the epoch. A positive integer. */
  readonly rate: number;
  /** How many slices of about 100,000 instructions to execute at most; 0 only delivers the inputs. */
  readonly slices: number;
  readonly inputs: readonly Input[];
}

/**
 * Stands in a logged head for the completion of a disk read whose data do not travel: whoever executes the head has
 * read them itself.
 */
export interface ReadReference {
  readonly device: 'diskRead';
  /** The request's. */
  readonly id: number;
  /** Of the data of the input that it stands for: in bytes, and as a log entry's checksum. */
  readonly length: number;
  readonly checksum: number;
}

export type LoggedInput = Input | ReadReference;

/** A head as it stands in the log. */
export interface LoggedHead extends Omit<Head, 'inputs'> {
  readonly inputs: readonly LoggedInput[];
}

export function isReference(input: LoggedInput): input is ReadReference {
  return input.device === 'diskRead';
}

/** The head itself, where nothing was left out of it; null where something was. */
export function wholeHead(head: LoggedHead): Head | null {
  const inputs = head.inputs.filter((input) => !isReference(input));
  return inputs.length === head.inputs.length ? { ...head, inputs } : null;
}

/** Pages of 4096 bytes of a machine's memory: the first, and the one after the last. */
export interface PageRange {
  readonly first: number;
  readonly end: number;
}

/**
 * A part of a machine's state that has a hash of its own: the processor and the clock, everything that is not memory,
 * some pages of memory, or all of it.
 */
export type HashRegion = 'cpu' | 'devices' | 'full' | PageRange;

/** Devices whose outputs are seen outside and therefore wait in the output gate. */
export type OutputDevice = 'serial' | 'nic' | 'sound';

/** Something the guest sent. Its position is (epoch, index): the index counts the outputs of one epoch from 0. */
export interface Output {
  readonly device: OutputDevice;
  readonly data: Uint8Array;
}
