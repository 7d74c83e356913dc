/**
 * What the ledger on PostgreSQL takes of the process that it runs in: time and chance. One object, so that a simulated
 * server can stand in for all of it.
 *
 * Invariant: nothing of the ledger reads a clock, sets a timer or draws a random number elsewhere.
 */
import { randomBytes } from 'node:crypto'
import { toHex } from '../std/bytes.ts'

export interface PostgresHost {
  /** Milliseconds of a clock that never steps back. */
  nowMs(): number
  wait(ms: number): Promise<void>
  /** Later, if the process still lives for other reasons. */
  later(ms: number, act: () => void): void
  /** In [0, 1). */
  random(): number
  randomHex(bytes: number): string
}

export const realHost: PostgresHost = {
  nowMs: () => performance.now(),
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  later: (ms, act) => void setTimeout(act, ms).unref(),
  random: Math.random,
  randomHex: (bytes) => toHex(randomBytes(bytes)),
}
