/**
 * Our own mistakes, found where they happen. On in production: a wrong answer costs more than a crash.
 */

/** Throws an `AssertionFailed` that quotes `message`. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailed(message)
}

/** Reached only when a union grew and a switch did not. */
export function unreachable(value: never): never {
  throw new AssertionFailed(`unreachable: ${JSON.stringify(value)}`)
}

/** A defect of Oncewire itself; please report it. */
export class AssertionFailed extends Error {
  override readonly name = 'AssertionFailed'
}
