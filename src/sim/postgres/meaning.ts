/**
 * How the meaning of a statement is written down for the simulated PostgreSQL.
 */
import type { Execution, Meaning, Steps } from './execution.ts'
import type { Row } from './versions.ts'

/** A statement that never waits. */
export function read(rows: (s: Execution) => readonly Row[]): Meaning {
  // oxlint-disable-next-line require-yield -- a statement is a generator, and this one has nothing to wait for
  return function* (s) {
    return rows(s)
  }
}

/** A statement without rows. */
export function write(steps: (s: Execution) => Steps<unknown>): Meaning {
  return function* (s) {
    yield* steps(s)
    return []
  }
}

/** The row with those columns as PostgreSQL's bigint comes back. */
export function withBig(row: Row, columns: readonly string[]): Row {
  const given: Record<string, unknown> = { ...row }
  for (const name of columns)
    if (given[name] !== null && given[name] !== undefined) given[name] = BigInt(given[name] as number)
  return given
}
