/**
 * What a client writes down before it speaks; the port that `journal/` implements.
 *
 * Invariant: entries are durable in the order in which they were appended.
 */
import type { Delivery, SessionId } from './frame.ts'
import type { Outcome } from './outcome.ts'

/** One line of the client's memory. `number` is the one of the xid. */
export type JournalEntry =
  /** This journal now belongs to that durable session (principal '' for an anonymous one). */
  | { readonly kind: 'session'; readonly session: SessionId; readonly ledgerId: string; readonly principal: string }
  /** An opening of the journal: every number from here on is of this epoch. */
  | { readonly kind: 'opened'; readonly epoch: number }
  | { readonly kind: 'begun'; readonly number: number; readonly call: JournalledCall }
  /** Numbers up to here were used; what they were is no longer needed (a compacted journal). */
  | { readonly kind: 'highest'; readonly number: number }
  /** The application gave it up or saw its deadline: resolve it, do not replay it (H15). */
  | { readonly kind: 'given-up'; readonly number: number }
  /** Learnt; the application or `channel.recovered` has it or will. `unknown`: nobody will ever know. */
  | {
      readonly kind: 'ended'
      readonly number: number
      readonly outcome: Outcome | { readonly kind: 'unknown'; readonly code: string }
    }
  /** The application has taken this recovered outcome: nothing of the call is needed any more. */
  | { readonly kind: 'handed-over'; readonly number: number }

export interface JournalledCall {
  readonly method: string
  readonly delivery: Delivery
  readonly payload: Uint8Array
  readonly idempotencyKey: string | undefined
}

/** What the journal held when it was opened. */
export interface JournalState {
  readonly session: SessionId | undefined
  readonly ledgerId: string
  readonly principal: string
  /** Of the last opening; 0 for a new journal. */
  readonly epoch: number
  /** Highest number ever begun in the session; 0 if none. */
  readonly highest: number
  /** Begun and not ended, in order. */
  readonly open: readonly { readonly number: number; readonly call: JournalledCall; readonly isGivenUp: boolean }[]
  /** Ended, begun by an earlier opening, and not handed over yet. */
  readonly unclaimed: readonly {
    readonly number: number
    readonly call: JournalledCall
    readonly outcome: Outcome | { readonly kind: 'unknown'; readonly code: string }
  }[]
}

/** The client's own disk. */
export interface Journal {
  readonly state: JournalState
  /**
   * Takes an entry; `durable` (set once by the owner) is told how many entries of this opening are on disk.
   * Entries appended while a sync is under way share the next one.
   */
  append(entry: JournalEntry): void
  onDurable: (count: number) => void
  onFailed: (error: Error) => void
  close(): Promise<void>
}
