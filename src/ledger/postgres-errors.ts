/**
 * What an error of PostgreSQL or of the connection to it means for the transaction in which it came.
 *
 * Invariant: only what another attempt may mend is transient.
 */
import { OncewireError } from '../errors/oncewire-error.ts'

/** SQLSTATE: serialization failures and deadlocks, lock time-outs, a server that stops or starts, a standby, lost connections. */
const transient = /^(?:40|08|55P03|57P0[123]|25P03|25006|53300)/
/** Another transaction wrote the same row of ours first: the rules will see it. */
const uniqueViolation = '23505'

export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof OncewireError || isOurMistake(error)) return false
  const { code, table } = error as { readonly code?: unknown; readonly table?: unknown }
  if (isStalePlan(error)) return true
  if (typeof code === 'string' && isSqlState(code))
    return transient.test(code) || (code === uniqueViolation && String(table).startsWith('oncewire_'))
  // What has no SQLSTATE was not said by the database: the connection could not be made, or died.
  return true
}

/** A table was changed after a statement on it had been prepared: this connection cannot carry it out any more. */
export function isStalePlan(error: unknown): boolean {
  const { code, routine } = error as { readonly code?: unknown; readonly routine?: unknown }
  return code === '0A000' && routine === 'RevalidateCachedQuery'
}

function isSqlState(code: string): boolean {
  return /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code)
}

function isOurMistake(error: Error): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError
}
