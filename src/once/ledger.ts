/**
 * What a ledger does for exactly-once calls; the port that memory, SQLite and PostgreSQL implement.
 *
 * Invariant: rules 1 to 4 of protocol section 2 are decided inside the transaction that executes, and
 * nothing leaves before it is durable.
 */
import type { KeyClaim, SessionId } from './frame.ts'
import type { IntentLedger } from './intent.ts'
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

/** What the rules look at of a CALL or a RESOLVE. `session` is undefined for callers without one (plain Thrift, HTTP). */
export interface Asked {
  readonly session: SessionId | undefined
  readonly number: number
  readonly epoch: number
  readonly firstUnacked: number
  readonly principal: string
  /** SHA-256 over method and argument bytes; undefined: a RESOLVE that claims nothing. */
  readonly fingerprint: Uint8Array | undefined
  readonly idempotency: KeyClaim | undefined
}

/** One delivery of an exactly-once call. */
export interface LedgerCall extends Asked {
  readonly method: string
  readonly fingerprint: Uint8Array
  /** From the third attempt on a call runs alone, and its starts are counted (section 2, H14). */
  readonly attempt: number
  /** Of this process's own clock; a call whose turn comes later is refused. */
  readonly deadlineAtMs: number
  /**
   * Service and key, where the IDL names one (`key = "account"`). Handlers with the same never overlap, whatever servers
   * they are on; a ledger that runs one handler at a time need not look.
   */
  readonly object: string | undefined
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

export interface LedgerLimits {
  /** Live records of one session. */
  readonly window: number
  /** Records of one principal, over all its sessions. */
  readonly recordsMax: number
  /** Bytes of their outcomes. */
  readonly recordBytesMax: number
  /** How long an idempotency key is remembered. */
  readonly keyRetentionMs: number
}

/** How much a ledger keeps. */
export interface HeldRows {
  readonly sessions: number
  readonly records: number
  readonly keys: number
  /** Those that are over among them. */
  readonly intents: number
}

/**
 * `Tx` is what a handler gets. A synchronous ledger runs `handler` to its end before anything else of that
 * ledger; it never calls it for a call that the rules replay or refuse. One on a database server
 *
 * - takes a shared lock on the session (an advisory one, or `FOR SHARE`; a foreign key's is not enough) in every
 *   transaction that executes, and the exclusive one where firstUnacked is raised, the epoch is raised, or it ends;
 * - lets one transaction of a call run at a time: a lock on its xid and key, or its record inserted first. The unique key
 *   is the last word between servers, and the loser begins again from rule 1 in a new snapshot; `object`, if any, is
 *   locked before that, so "accepted" means that the lock was granted (H13);
 * - tries transient failures again (serialization, busy, a lost connection) until the deadline; after a COMMIT whose
 *   answer was lost an absent record proves nothing: begin again from rule 1, or reject (H4);
 * - ends leases and forgets keys by the database's clock, a few rows at a time.
 */
export interface Ledger<Tx> extends IntentLedger {
  /** Stands for the database: 32 hexadecimal digits, made once, kept in it. */
  readonly id: string
  readonly limits: LedgerLimits
  open(request: OpenSession): Promise<OpenedSession>
  /** Never rejects but with `ledger-failed`: then nothing is known of the call. */
  execute(call: LedgerCall, handler: (tx: Tx) => HandlerEnd | Promise<HandlerEnd>): Promise<Answer>
  /** Rules 1 to 5 without executing; where no record is found, writes a tombstone. */
  resolve(asked: Asked): Promise<Answer>
  /** Raises firstUnacked and forgets below it. */
  acknowledge(request: { session: SessionId; epoch: number; firstUnacked: number; principal: string }): Promise<void>
  bye(request: { session: SessionId; epoch: number; highest: number; principal: string }): Promise<void>
  /** What is kept of a principal's calls: records that are not forgotten, over all its sessions. */
  keptOf(principal: string): Promise<{ readonly records: number; readonly bytes: number }>
  /** What is kept altogether, for operators: it may take long. */
  held(): Promise<HeldRows>
  close(): Promise<void>
}
