/**
 * Every limit of a client and a server, with its default, in one place.
 *
 * Invariant: what a peer may make us hold is bounded by one of these.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import { valueBytesMax } from '../wire/weight.ts'

export interface Limits {
  /** Largest frame, both ways, in bytes; Apache Thrift's default. */
  readonly frameBytesMax: number
  /** Memory that the arguments of one call take on a server once they are read, as estimated, in bytes. */
  readonly argumentBytesMax: number
  /** The same of all calls that run there at once; one more is refused. */
  readonly runningBytesMax: number
  /** Largest reply of a handler, in bytes. */
  readonly replyBytesMax: number
  /** Unacknowledged calls of one session. */
  readonly window: number
  /** Calls of one client that wait for the window or for a session; towards a server that is not ours, for their reply. */
  readonly queuedMax: number
  /** Records in memory of one principal (a ledger has limits of its own). */
  readonly recordsMax: number
  /** Bytes of their outcomes. */
  readonly recordBytesMax: number
  readonly connectionsMax: number
  /** What a server keeps for all its peers, in bytes: messages that are not whole, answers that are not taken. */
  readonly heldBytesMax: number
  /** Sessions that a server remembers in memory. */
  readonly sessionsMax: number
  /** Milliseconds in which a frame that was begun must be complete. */
  readonly frameMs: number
}

export const defaultLimits: Limits = {
  frameBytesMax: 16_384_000,
  argumentBytesMax: valueBytesMax,
  runningBytesMax: 2 * valueBytesMax,
  replyBytesMax: 4 * 1024 * 1024,
  window: 1024,
  queuedMax: 10_000,
  recordsMax: 100_000,
  recordBytesMax: 64 * 1024 * 1024,
  connectionsMax: 20_000,
  heldBytesMax: 256 * 1024 * 1024,
  sessionsMax: 100_000,
  frameMs: 30_000,
}

/** Fills in the defaults. @throws {OncewireError} invalid-argument for a limit that is no positive whole number */
export function withDefaults(limits: Partial<Limits> | undefined): Limits {
  for (const [name, value] of Object.entries(limits ?? {})) {
    if (!(name in defaultLimits))
      throw invalid(`limits.${name} is no limit; there are ${Object.keys(defaultLimits).join(', ')}`)
    if (!Number.isSafeInteger(value) || value < 1)
      throw invalid(`limits.${name} must be a whole number from 1, not ${String(value)}`)
  }
  return { ...defaultLimits, ...limits }
}

function invalid(message: string): OncewireError {
  return new OncewireError('invalid-argument', 'never', message)
}
