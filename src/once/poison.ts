/**
 * Calls that crash the server each time it runs them (protocol section 2, H14).
 *
 * Invariant: what is not sure to have crashed is not counted.
 */
import type { LedgerCall } from './ledger.ts'

/** The first two attempts cost nothing: what crashes a server comes again. */
const countedFrom = 3
const startsMax = 5

/** Whether a start is written down before it happens. A caller without a session has no attempts. */
export function isCounted({ attempt, session }: Pick<LedgerCall, 'attempt' | 'session'>): boolean {
  // Rule 2 (start-counted)
  if (attempt >= countedFrom && session !== undefined) return true
  return false
}

/** `starts`: begun, and not ended by anything but a crash. */
export function isPoisoned(starts: number): boolean {
  // Rule 2 (poisoned)
  if (starts >= startsMax) return true
  return false
}
