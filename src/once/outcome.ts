/**
 * How a call ended, as the ledger keeps it and a reply carries it.
 *
 * Invariant: an outcome never changes; every reply of an xid carries the same one (I3).
 */
import type { ErrorCode } from '../errors/codes.ts'

/**
 * `reply` and `exception` carry the result struct in the binary codec (the exception's effects were rolled
 * back); `failure` is a verdict of the server on the call. A tombstone is a `withdrawn` failure.
 */
export type Outcome =
  | { readonly kind: 'reply'; readonly bytes: Uint8Array }
  | { readonly kind: 'exception'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'failure'
      readonly code: ErrorCode
      readonly executed: 'never' | 'once'
      readonly message: string
    }

/**
 * What is remembered under an xid or a key: how the call ended; that it may still run (`running`: an entry in memory, an
 * open intent in a ledger); or that a crash hit the window of its external effect and nobody could say (`unknown`).
 */
export type Remembered = Outcome | { readonly kind: 'running' } | { readonly kind: 'unknown' }

/** What a server says of one delivery of a call: its outcome, or that this delivery is refused. */
export type Answer =
  | { readonly kind: 'outcome'; readonly outcome: Outcome; readonly isReplay: boolean }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly message: string }

/** The verdict that a call which has not run never will (protocol section 4). */
export const tombstone: Outcome = {
  kind: 'failure',
  code: 'withdrawn',
  executed: 'never',
  message: 'the caller gave the call up before it ran; it never will',
}

/** The verdict on a call whose every execution ended with the server's crash (section 2, H14). */
export const poisoned: Outcome = {
  kind: 'failure',
  code: 'poisoned',
  executed: 'never',
  message: 'the server crashed each time it ran the call; it will not run it again',
}

/** The verdict on a call whose turn on its object came after its deadline: it is over, and did not run. */
export const tooLate: Outcome = {
  kind: 'failure',
  code: 'deadline',
  executed: 'never',
  message: 'the deadline passed before its turn came; it never runs',
}

export const running: Remembered = { kind: 'running' }

/** What an outcome takes of its principal's quota. */
export function outcomeBytes(outcome: Outcome): number {
  return outcome.kind === 'failure' ? outcome.message.length : outcome.bytes.length
}
