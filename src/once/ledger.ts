/**
 * What a ledger does for exactly-once calls; the port that memory, SQLite and PostgreSQL implement.
 *
 * Invariant: rules 1 to 4 of protocol section 2 are decided inside the transaction that executes, and
 * nothing leaves before it is durable.
 */
import type { SessionId } from './frame.ts'
import type { Answer, Outcome } from './outcome.ts'

/** Opens (`resume` undefined) or takes over a durable session. */
export interface OpenSession {
  readonly resume: SessionId | undefined
  /** The identity to give a new session. */
  readonly fresh: SessionId
  readonly principal: string
  readonly epoch: number
  readonly instance: string
  readonly highest: number
  readonly leaseMs: number
}

export type OpenedSession =
  | { readonly kind: 'opened'; readonly id: SessionId; readonly epoch: number }
  | {
      readonly kind: 'refused'
      readonly code: 'session-expired' | 'denied' | 'fenced' | 'journal-behind'
      readonly message: string
    }

/** One delivery of an exactly-once call. `session` is undefined for callers without one (plain Thrift, HTTP). */
export interface LedgerCall {
  readonly session: SessionId | undefined
  readonly number: number
  readonly epoch: number
  readonly firstUnacked: number
  readonly principal: string
  readonly method: string
  /** SHA-256 over method and argument bytes. */
  readonly fingerprint: Uint8Array
  readonly idempotency: { readonly key: string; readonly fingerprint: Uint8Array } | undefined
}

/** How the handler ended, told by whoever ran it inside the transaction; `keep` false rolls its effects back. */
export interface HandlerEnd {
  readonly outcome: Outcome
  readonly keepsEffects: boolean
}

declare const synchronous: unique symbol

/** A transaction on the one writer of an embedded database: a handler that awaits would hold it for everybody. */
export interface SynchronousTx {
  readonly [synchronous]?: true
}

/**
 * `Tx` is what a handler gets. A synchronous ledger runs `handler` to its end before anything else of that
 * ledger; it never calls it for a call that the rules replay or refuse.
 */
export interface Ledger<Tx> {
  /** Stands for the database: 32 hexadecimal digits, made once, kept in it. */
  readonly id: string
  readonly limits: { readonly window: number; readonly recordsMax: number }
  /** How long an idempotency key is remembered, in milliseconds; Infinity: as long as the ledger. */
  readonly keyRetentionMs: number
  open(request: OpenSession): Promise<OpenedSession>
  /** Never rejects but with `ledger-failed`: then nothing is known of the call. */
  execute(call: LedgerCall, handler: (tx: Tx) => HandlerEnd | Promise<HandlerEnd>): Promise<Answer>
  /** Rules 1 to 4 without executing; where no record is found, writes a tombstone. */
  resolve(call: Pick<LedgerCall, 'session' | 'number' | 'epoch' | 'firstUnacked' | 'principal'>): Promise<Answer>
  /** Raises firstUnacked and forgets below it. */
  acknowledge(request: { session: SessionId; epoch: number; firstUnacked: number; principal: string }): Promise<void>
  bye(request: { session: SessionId; epoch: number; highest: number; principal: string }): Promise<void>
  /** Live records (not below firstUnacked), tombstones included. */
  countRecords(session: SessionId): Promise<number>
  close(): Promise<void>
}
