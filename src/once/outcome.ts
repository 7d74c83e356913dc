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
