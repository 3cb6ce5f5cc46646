/**
 * Assertions for programmer errors. They stay on in production: a replica that is wrong about itself must stop, because
 * its peer can go on without it.
 */

/** @throws {AssertionError} when the condition does not hold. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** For the branch of an exhaustive switch that cannot be reached. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`);
}

export class AssertionError extends Error {
  override name = 'AssertionError';
}
