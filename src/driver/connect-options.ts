/**
 * What a user may tell `connect`.
 */
import type { Limits } from './limits.ts'

/** How `connect` goes about it; every field may be left out. */
export interface ConnectOptions {
  /** A file of this process alone, in which exactly-once calls survive its crash. */
  readonly journal?: string | undefined
  /** Shown to the server's `authenticate`. */
  readonly token?: string | undefined
  readonly limits?: Partial<Limits> | undefined
  readonly retransmission?: RetransmissionOptions | undefined
  /** How long `connect` waits for the server, in milliseconds; 5,000 if absent. */
  readonly connectMs?: number | undefined
  /** Time of a call that does not say otherwise, in milliseconds; 30,000 if absent. */
  readonly deadlineMs?: number | undefined
}

export interface RetransmissionOptions {
  /** Time of the first attempt in milliseconds, doubled by each retransmission; 1,000 if absent. */
  readonly attemptMs?: number | undefined
  /** No attempt waits longer; 30,000 if absent. */
  readonly attemptMsMax?: number | undefined
  /** Silence after which an open call asks whether the server lives; 5,000 if absent. */
  readonly pingMs?: number | undefined
}
