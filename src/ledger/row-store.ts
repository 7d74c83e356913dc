/**
 * The rows that an embedded ledger keeps, and its one transaction; the port under `GroupLedger`.
 *
 * Invariant: synchronous. What is read between `begin` and `commit` is what nobody else can change meanwhile.
 */
import type { Kept, KeyRow, RecordRow, SessionRow } from '../once/admission.ts'
import type { SessionId } from '../once/frame.ts'
import type { Intent, NewestIntent, ServerIdentity } from '../once/intent.ts'
import type { HeldRows } from '../once/ledger.ts'

/** A session with what is counted of it. */
export interface StoredSession extends SessionRow {
  /** Records not below firstUnacked. */
  readonly liveRecords: number
  /** What they take of the principal's quota. */
  readonly recordBytes: number
  readonly leaseMs: number
  /** When it was heard of last: set by `putSession`. */
  readonly seenMs: number
}

/** A record, and what it takes of its principal's quota. */
export interface StoredRecord extends RecordRow {
  readonly bytes: number
}

/** Whose key it is, of what, and its name. */
export interface KeyName {
  readonly principal: string
  readonly method: string
  readonly key: string
}

/** An intent, open or over, with what ties it to other rows. */
export interface StoredIntent extends Omit<Intent, 'id' | 'state' | 'begunMs'> {
  readonly state: Intent['state'] | 'over'
  readonly object: string | undefined
}

/** A transaction of one call, handed to its handler; `end` makes every later use an error. */
export interface OpenTx<Tx> {
  readonly tx: Tx
  end(): void
}

export interface RowStore<Tx> {
  begin(): void
  commit(): void
  /** Also after a failed commit. Throws if it is not certain that nothing of the transaction stays. */
  rollback(): void
  /** Around one call's effects. */
  savepoint(): void
  rollbackToSavepoint(): void
  release(): void
  openTx(): OpenTx<Tx>
  /** The database's own date in milliseconds since 1970. */
  dateMs(): number

  session(id: SessionId): StoredSession | undefined
  putSession(id: SessionId, row: Omit<StoredSession, 'seenMs'>): void
  /** With all its records. */
  deleteSession(id: SessionId): void
  /** Looks at a few sessions, other ones each time; answers those whose lease has ended. */
  leaseEnded(): readonly SessionId[]
  kept(principal: string): Kept
  putKept(principal: string, kept: Kept): void

  record(session: SessionId, number: number): StoredRecord | undefined
  addRecord(session: SessionId, number: number, record: StoredRecord): void
  /** In the place of the one that is there. */
  replaceRecord(session: SessionId, number: number, record: StoredRecord): void
  /** Deletes the records below; answers what they were. */
  prune(session: SessionId, below: number): Kept

  key(name: KeyName): KeyRow | undefined
  putKey(name: KeyName, row: KeyRow, expiresMs: number): void
  deleteKey(name: KeyName): void
  /** Deletes some keys whose time is over: at most so many. */
  forgetKeys(countMax: number): void

  /** How often a call was begun and not ended: by crashes (section 2, poison). */
  starts(session: SessionId, number: number): number
  putStarts(session: SessionId, number: number, starts: number): void

  /** The number of the last one that was ever begun. */
  lastIntent(): number
  addIntent(intent: StoredIntent): number
  intent(id: number): StoredIntent | undefined
  endIntent(id: number, state: 'unknown' | 'over'): void
  /** The newest on that object, over or not. */
  intentOn(object: string): NewestIntent
  hasOpenIntent(session: SessionId): boolean
  intents(): readonly Intent[]
  /** Deletes intents that are over, but for the last so many. */
  forgetIntents(keptMax: number): void
  putServer(server: ServerIdentity): void

  /** Rows of each kind. */
  held(): HeldRows

  /** Keeps other living processes from claiming that name; undefined: one has it. */
  lockName(name: string): (() => void) | undefined
  close(): void
}
