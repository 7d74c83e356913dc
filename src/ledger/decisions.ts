/**
 * What one call's decision reads and writes, inside the transaction of its group.
 *
 * Invariant: any answer that claims something about a call is a row first (H8).
 */
import { type Admission, keyKeeps, type Resolution, type Rows } from '../once/admission.ts'
import { keyExpiryMs } from '../once/idempotency-key.ts'
import type { KeyClaim } from '../once/frame.ts'
import type { Asked, LedgerCall, LedgerLimits } from '../once/ledger.ts'
import { type Answer, type Outcome, poisoned } from '../once/outcome.ts'
import { isPoisoned } from '../once/poison.ts'
import type { RowStore } from './row-store.ts'
import type { SessionTable } from './session-table.ts'

export class Decisions {
  private readonly store: RowStore<unknown>
  private readonly sessions: SessionTable
  private readonly limits: LedgerLimits
  private readonly nowMs: () => number
  /** Keys written since some were forgotten. */
  private keysWritten = 0

  constructor(
    store: RowStore<unknown>,
    sessions: SessionTable,
    options: LedgerLimits & { readonly nowMs: () => number },
  ) {
    this.store = store
    this.sessions = sessions
    this.limits = options
    this.nowMs = options.nowMs
  }

  /** What the rules look at; raises firstUnacked by what the frame carries. */
  rows(asked: Asked): Rows {
    const { session: id, number, principal, idempotency } = asked
    const key = idempotency === undefined ? undefined : this.store.key({ principal, ...idempotency })
    const { dateMs } = this.sessions
    const nowMs = this.nowMs()
    if (id === undefined) {
      return { session: undefined, record: undefined, key, liveRecords: 0, principal: nothingKept, dateMs, nowMs }
    }
    this.sessions.raiseLazily({ ...asked, session: id })
    const session = this.sessions.get(id)
    return {
      key,
      session,
      record: session === undefined ? undefined : this.store.record(id, number),
      liveRecords: session?.liveRecords ?? 0,
      principal: session === undefined ? nothingKept : this.sessions.kept(session.principal),
      dateMs,
      nowMs,
    }
  }

  /** Acts on a verdict that does not execute. */
  known(verdict: Exclude<Admission | Resolution, { kind: 'execute' | 'bury' }>, asked: Asked): Answer {
    if (verdict.kind === 'attach') return stillRunning
    const { record, answer } = verdict
    if (record !== undefined) this.sessions.addRecord(asked, record, { fingerprint: asked.fingerprint })
    return answer
  }

  /** How a call ended: under its xid, and under its key if that keeps it. */
  record(call: LedgerCall, outcome: Outcome): Answer {
    const { idempotency, fingerprint } = call
    this.sessions.addRecord(call, outcome, { fingerprint })
    if (idempotency !== undefined && keyKeeps(outcome)) this.keepKey({ ...call, idempotency }, outcome)
    return { kind: 'outcome', outcome, isReplay: false }
  }

  keepKey(
    { principal, idempotency }: { readonly principal: string; readonly idempotency: KeyClaim },
    outcome: Outcome,
  ): void {
    // Crash point ledger:before-key
    const expiresMs = keyExpiryMs(idempotency.key, this.sessions.dateMs, this.limits.keyRetentionMs)
    this.store.putKey({ principal, ...idempotency }, { outcome, fingerprint: idempotency.fingerprint }, expiresMs)
    this.keysWritten++
  }

  /** Each key written pays for two forgotten: cheap, and never behind. */
  forgetKeys(): void {
    if (this.keysWritten < 64) return
    this.store.forgetKeys(this.keysWritten * 2)
    this.keysWritten = 0
  }

  /** Counts a start, durable before it happens; answers the call instead if it has killed too many servers (H14). */
  countStart({ session, number, ...call }: LedgerCall): Answer | undefined {
    if (session === undefined) return undefined
    const starts = this.store.starts(session, number)
    if (isPoisoned(starts)) return this.record({ ...call, session, number }, poisoned)
    this.store.putStarts(session, number, starts + 1)
    return undefined
  }

  /** Any end but a crash takes the start back. */
  uncountStart({ session, number }: LedgerCall): void {
    if (session === undefined) return
    this.store.putStarts(session, number, Math.max(0, this.store.starts(session, number) - 1))
  }
}

const nothingKept = { records: 0, bytes: 0 }

/** Nothing is seen here before it is committed, so what runs is an effect whose intent is open, here or elsewhere. */
const stillRunning: Answer = {
  kind: 'refused',
  code: 'still-running',
  message: 'the effect of the call is under way, or its server crashed and has not started again; ask again later',
}
