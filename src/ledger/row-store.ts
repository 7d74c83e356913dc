/**
 * The rows that an embedded ledger keeps, and its one transaction; the port under `GroupLedger`.
 *
 * Invariant: synchronous. What is read between `begin` and `commit` is what nobody else can change meanwhile.
 */
import type { KeyRow, RecordRow, SessionRow } from '../once/admission.ts'
import type { SessionId } from '../once/frame.ts'
import type { Outcome } from '../once/outcome.ts'

/** A session with what is counted of it. */
export interface StoredSession extends SessionRow {
  /** Records not below firstUnacked. */
  readonly liveRecords: number
  readonly leaseMs: number
}

/** Whose key it is, of what, and its name. */
export interface KeyName {
  readonly principal: string
  readonly method: string
  readonly key: string
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
  session(id: SessionId): StoredSession | undefined
  putSession(id: SessionId, row: StoredSession): void
  deleteSession(id: SessionId): void
  record(session: SessionId, number: number): RecordRow | undefined
  putRecord(session: SessionId, number: number, record: { outcome: Outcome; fingerprint: Uint8Array | undefined }): void
  /** Deletes the records below; answers how many there were. */
  prune(session: SessionId, below: number): number
  key(name: KeyName): KeyRow | undefined
  putKey(name: KeyName, row: KeyRow): void
  close(): void
}
