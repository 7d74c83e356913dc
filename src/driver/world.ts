/**
 * Everything that a driver takes from the world outside: time, chance, hashes. One object, so that a simulator
 * can stand in for all of it.
 *
 * Invariant: no driver reads a clock, sets a timer or draws a random number elsewhere.
 */
import { createHash, randomBytes } from 'node:crypto'
import { toHex } from '../std/bytes.ts'

export interface World {
  /** Milliseconds of a clock that never steps back; read once a turn of the loop. */
  nowMs(): number
  /** Milliseconds since 1970. */
  dateMs(): number
  /** Calls `wake` once at `atMs` of `nowMs`; answers how to take that back. */
  wakeAt(atMs: number, wake: () => void): () => void
  /** Settles when everything that is due now has happened. */
  nextTurn(): Promise<void>
  /** In [0, 1); for jitter, not for secrets. */
  random(): number
  /** That many random bytes of a good source, as lower-case hexadecimal. */
  randomHex(bytes: number): string
  /** SHA-256 over the parts, one after the other. */
  sha256(...parts: readonly (string | Uint8Array)[]): Uint8Array
}

/** Timers longer than this fire at once in Node; such a wish is cut and asked again. */
const timerMsMax = 2 ** 31 - 1

let turnMs = -1

function nowMs(): number {
  if (turnMs < 0) {
    turnMs = performance.now()
    setImmediate(forgetTurn)
  }
  return turnMs
}

function forgetTurn(): void {
  turnMs = -1
}

/** The world as it is. */
export const realWorld: World = {
  nowMs,
  dateMs: () => Date.now(),
  wakeAt(atMs, wake) {
    const timer = setTimeout(
      () => {
        forgetTurn()
        wake()
      },
      Math.min(timerMsMax, Math.max(0, Math.ceil(atMs - nowMs()))),
    )
    return () => clearTimeout(timer)
  },
  nextTurn: () => new Promise((resolve) => setImmediate(resolve)),
  random: Math.random,
  randomHex: (bytes) => toHex(randomBytes(bytes)),
  sha256(...parts) {
    const hash = createHash('sha256')
    for (const part of parts) hash.update(part)
    return hash.digest()
  },
}
