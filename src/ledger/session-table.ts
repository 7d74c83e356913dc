/**
 * Sessions, records and what is kept of a principal, as one transaction sees and changes them: each row is read once and
 * written once a group.
 *
 * Invariant: what is counted (live records, bytes, a principal's quota) is what the rows say.
 */
import { type Kept, leaseHasEnded, raisedFirstUnacked, type SessionRow } from '../once/admission.ts'
import type { SessionId } from '../once/frame.ts'
import type { LedgerLimits } from '../once/ledger.ts'
import { outcomeBytes, type Remembered } from '../once/outcome.ts'
import type { RowStore, StoredSession } from './row-store.ts'

interface Touched<Row> {
  row: Row
  isChanged: boolean
}

/** As much of a frame as moves firstUnacked. */
interface Acknowledging {
  readonly session: SessionId
  readonly epoch: number
  readonly firstUnacked: number
  readonly principal: string
  readonly number?: number
}

export class SessionTable {
  /** Of the transaction that is open. */
  dateMs = 0
  private readonly store: RowStore<unknown>
  private readonly limits: LedgerLimits
  private readonly sessions = new Map<SessionId, Touched<StoredSession>>()
  private readonly principals = new Map<string, Touched<Kept>>()
  /** So many dead records are worth deleting. */
  private readonly slack: number

  constructor(store: RowStore<unknown>, limits: LedgerLimits) {
    this.store = store
    this.limits = limits
    this.slack = Math.min(64, limits.window >> 1)
  }

  begin(): void {
    this.sessions.clear()
    this.principals.clear()
    this.dateMs = this.store.dateMs()
  }

  /** Before the commit. */
  write(): void {
    for (const [id, { row, isChanged }] of this.sessions) if (isChanged) this.store.putSession(id, row)
    for (const [name, { row, isChanged }] of this.principals) if (isChanged) this.store.putKept(name, row)
  }

  get(id: SessionId): StoredSession | undefined {
    const touched = this.sessions.get(id)
    if (touched !== undefined) return touched.row
    const row = this.store.session(id)
    if (row === undefined) return undefined
    this.sessions.set(id, { row, isChanged: false })
    if (leaseHasEnded(row, this.dateMs) && this.forgetSilent(id, row)) return undefined
    return row
  }

  /** Written at once: its records lie under the number that the store gives it. */
  create(id: SessionId, row: SessionRow, leaseMs: number): void {
    const made = { ...row, leaseMs, liveRecords: 0, recordBytes: 0 }
    this.store.putSession(id, made)
    this.sessions.set(id, { row: { ...made, seenMs: this.dateMs }, isChanged: false })
  }

  put(id: SessionId, row: StoredSession): void {
    this.sessions.set(id, { row, isChanged: true })
  }

  /** Forgets some whose lease has ended. */
  sweep(): void {
    for (const id of this.store.leaseEnded()) this.get(id)
  }

  /** Forgets a session with all its records. */
  end(id: SessionId, row: StoredSession): void {
    // Crash point ledger:before-session-end
    this.sessions.delete(id)
    this.store.deleteSession(id)
    this.count(row.principal, -row.liveRecords, -row.recordBytes)
  }

  kept(principal: string): Kept {
    const touched = this.principals.get(principal)
    if (touched !== undefined) return touched.row
    const row = this.store.kept(principal)
    this.principals.set(principal, { row, isChanged: false })
    return row
  }

  /** `session` undefined: the caller has none, and nothing is kept of its call. */
  addRecord(
    { session, number }: { readonly session: SessionId | undefined; readonly number: number },
    outcome: Remembered,
    { fingerprint, bytes = sizeOf(outcome) }: { fingerprint: Uint8Array | undefined; bytes?: number },
  ): void {
    const row = session === undefined ? undefined : this.get(session)
    if (session === undefined || row === undefined) return
    this.store.addRecord(session, number, { outcome, fingerprint, bytes })
    this.put(session, {
      ...row,
      liveRecords: row.liveRecords + 1,
      recordBytes: row.recordBytes + bytes,
      highest: Math.max(row.highest, number),
    })
    this.count(row.principal, 1, bytes)
  }

  /** What an open intent's record says from now on; it may be gone with its session. */
  replaceRecord(
    { session, number }: { readonly session: SessionId | undefined; readonly number: number },
    outcome: Remembered,
  ): void {
    const row = session === undefined ? undefined : this.get(session)
    if (session === undefined || row === undefined) return
    const record = this.store.record(session, number)
    if (record === undefined) return
    const bytes = sizeOf(outcome)
    this.store.replaceRecord(session, number, { outcome, fingerprint: record.fingerprint, bytes })
    this.put(session, { ...row, recordBytes: row.recordBytes + bytes - record.bytes })
    this.count(row.principal, 0, bytes - record.bytes)
  }

  /**
   * Section 3: what is acknowledged may be forgotten. Lazily: a call's firstUnacked moves the session's only when there
   * is something to gain, so that a call in ten or a hundred deletes, and not each.
   */
  raiseLazily(frame: Acknowledging): void {
    const row = this.get(frame.session)
    if (row === undefined || frame.firstUnacked <= row.firstUnacked) return
    if (frame.firstUnacked - row.firstUnacked >= this.slack || this.isFull(row)) this.raise(frame)
  }

  /** Raising firstUnacked and deleting below it are one. */
  raise(frame: Acknowledging): void {
    const row = this.get(frame.session)
    if (row === undefined) return
    const firstUnacked = raisedFirstUnacked(row, frame)
    if (firstUnacked === row.firstUnacked) return
    // Crash point ledger:before-prune
    const { records, bytes } = this.store.prune(frame.session, firstUnacked)
    this.put(frame.session, {
      ...row,
      firstUnacked,
      highest: Math.max(row.highest, firstUnacked - 1),
      liveRecords: row.liveRecords - records,
      recordBytes: row.recordBytes - bytes,
    })
    this.count(row.principal, -records, -bytes)
  }

  private isFull({ principal, liveRecords }: StoredSession): boolean {
    const { window, recordsMax, recordBytesMax } = this.limits
    const { records, bytes } = this.kept(principal)
    return liveRecords >= window || records >= recordsMax || bytes >= recordBytesMax
  }

  /** One with an open intent is kept: somebody will want to know how that ended. */
  private forgetSilent(id: SessionId, row: StoredSession): boolean {
    // Rule 3 (lease-waits)
    if (this.store.hasOpenIntent(id)) return false
    this.end(id, row)
    return true
  }

  private count(principal: string, records: number, bytes: number): void {
    if (records === 0 && bytes === 0) return
    const kept = this.kept(principal)
    const row = { records: kept.records + records, bytes: kept.bytes + bytes }
    this.principals.set(principal, { row, isChanged: true })
  }
}

function sizeOf(outcome: Remembered): number {
  return outcome.kind === 'running' || outcome.kind === 'unknown' ? 0 : outcomeBytes(outcome)
}
