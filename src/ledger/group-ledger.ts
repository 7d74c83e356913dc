/**
 * A ledger on one synchronous writer. The calls of one turn of the loop share a transaction, a savepoint each, and one
 * commit (group commit without a timer).
 *
 * Invariant: rules are decided on rows read inside the transaction that executes, and no answer leaves before its commit
 * has returned (protocol section 2, H1, H7).
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import {
  admit,
  type Admission,
  keyKeeps,
  mayEnd,
  openSession,
  raisedFirstUnacked,
  resolve,
  type Rows,
} from '../once/admission.ts'
import type { SessionId } from '../once/frame.ts'
import type { HandlerEnd, Ledger, LedgerCall, OpenedSession, OpenSession } from '../once/ledger.ts'
import { type Answer, type Outcome, tombstone } from '../once/outcome.ts'
import type { RowStore, StoredSession } from './row-store.ts'

/** Calls of one transaction; more wait for the next. */
const groupMax = 256
/** Milliseconds of handlers' work after which a group commits. */
const groupMs = 5

/** One thing to do inside the transaction, and whom to tell when it is durable. */
interface Work {
  run(): unknown
  resolve(value: never): void
  reject(error: unknown): void
}

type Resolved = Pick<LedgerCall, 'session' | 'number' | 'epoch' | 'firstUnacked' | 'principal'>

export interface GroupLedgerOptions {
  readonly id: string
  readonly window: number
  readonly recordsMax: number
  readonly keyRetentionMs: number
}

export class GroupLedger<Tx> implements Ledger<Tx> {
  readonly id: string
  readonly limits: { readonly window: number; readonly recordsMax: number }
  readonly keyRetentionMs: number
  private readonly store: RowStore<Tx>
  private queue: Work[] = []
  private isDue = false
  private isInGroup = false
  /** Sessions read or changed in the transaction that is open. */
  private readonly touched = new Map<SessionId, { row: StoredSession; isChanged: boolean }>()
  private stopped: OncewireError | undefined

  constructor(store: RowStore<Tx>, options: GroupLedgerOptions) {
    this.store = store
    this.id = options.id
    this.limits = { window: options.window, recordsMax: options.recordsMax }
    this.keyRetentionMs = options.keyRetentionMs
  }

  /** A handler runs right now inside the transaction. */
  get isExecuting(): boolean {
    return this.isInGroup
  }

  open(request: OpenSession): Promise<OpenedSession> {
    return this.enqueue(() => {
      const { resume } = request
      const held = resume === undefined ? undefined : this.session(resume)
      const opening = openSession(held, request)
      if (opening.kind === 'refused') return opening
      const liveRecords = opening.kind === 'created' ? 0 : (held?.liveRecords ?? 0)
      this.change(opening.id, { ...opening.row, liveRecords, leaseMs: request.leaseMs })
      return { kind: 'opened', id: opening.id, epoch: opening.row.epoch }
    })
  }

  execute(call: LedgerCall, handler: (tx: Tx) => HandlerEnd | Promise<HandlerEnd>): Promise<Answer> {
    return this.enqueue(() => {
      const rows = this.rows(call)
      const verdict = admit(rows, call, this.limits)
      if (verdict.kind === 'execute') return this.perform(call, handler)
      return this.known(verdict, call)
    })
  }

  resolve(call: Resolved): Promise<Answer> {
    return this.enqueue(() => {
      const verdict = resolve(this.rows(call), call, this.limits)
      if (verdict.kind !== 'bury') return this.known(verdict, call)
      this.record(call, tombstone)
      return verdict.answer
    })
  }

  acknowledge(request: { session: SessionId; epoch: number; firstUnacked: number; principal: string }): Promise<void> {
    return this.enqueue(() => this.raise(request))
  }

  bye(request: { session: SessionId; epoch: number; highest: number; principal: string }): Promise<void> {
    return this.enqueue(() => {
      const row = this.session(request.session)
      if (row === undefined || !mayEnd(row, row.liveRecords, request)) return
      this.touched.delete(request.session)
      this.store.deleteSession(request.session)
    })
  }

  countRecords(session: SessionId): Promise<number> {
    return this.enqueue(() => this.session(session)?.liveRecords ?? 0)
  }

  async close(): Promise<void> {
    this.commitGroups()
    this.stopped ??= new OncewireError('ledger-failed', 'unknown', 'the ledger is closed')
    this.store.close()
  }

  private enqueue<T>(run: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.stopped !== undefined) return reject(this.stopped)
      this.queue.push({ run, resolve, reject })
      if (this.isDue) return
      this.isDue = true
      setImmediate(() => this.commitGroups())
    })
  }

  private commitGroups(): void {
    this.isDue = false
    while (this.queue.length > 0 && this.stopped === undefined) this.commitGroup()
    const left = this.queue
    this.queue = []
    for (const work of left) work.reject(this.stopped)
  }

  /** One transaction. Whatever goes wrong in it, every caller of it is told, and none is told a success. */
  private commitGroup(): void {
    const done: { readonly work: Work; readonly value: unknown }[] = []
    const taken: Work[] = []
    try {
      this.isInGroup = true
      this.store.begin()
      const endMs = performance.now() + groupMs
      do {
        const work = this.queue.shift() as Work
        taken.push(work)
        done.push({ work, value: work.run() })
      } while (this.queue.length > 0 && taken.length < groupMax && performance.now() < endMs)
      for (const [id, { row, isChanged }] of this.touched) if (isChanged) this.store.putSession(id, row)
      this.store.commit()
    } catch (error) {
      this.abandon(taken, error)
      return
    } finally {
      this.touched.clear()
      this.isInGroup = false
    }
    for (const { work, value } of done) work.resolve(value as never)
  }

  private abandon(taken: readonly Work[], cause: unknown): void {
    const why = cause instanceof Error ? cause.message : String(cause)
    const failed = new OncewireError('ledger-failed', 'unknown', `the ledger could not commit: ${why}`, { cause })
    try {
      this.store.rollback()
    } catch (error) {
      // After a commit that may or may not have reached the disk nothing more can be promised (section 6).
      const message = `the ledger stopped: a commit failed and could not be rolled back: ${why}`
      this.stopped = new OncewireError('ledger-failed', 'unknown', message, { cause: error })
    }
    for (const work of taken) work.reject(failed)
    if (taken.length === 0) {
      // Not even begun: those who wait would only wait for the same.
      for (const work of this.queue.splice(0)) work.reject(failed)
    }
  }

  private perform(call: LedgerCall, handler: (tx: Tx) => HandlerEnd | Promise<HandlerEnd>): Answer {
    this.store.savepoint()
    const { outcome, keepsEffects } = this.runHandler(handler)
    if (!keepsEffects) this.store.rollbackToSavepoint()
    this.store.release()
    this.record(call, outcome)
    if (call.idempotency !== undefined && keyKeeps(outcome)) {
      const { key, fingerprint } = call.idempotency
      this.store.putKey({ principal: call.principal, method: call.method, key }, { outcome, fingerprint })
    }
    return { kind: 'outcome', outcome, isReplay: false }
  }

  private runHandler(handler: (tx: Tx) => HandlerEnd | Promise<HandlerEnd>): HandlerEnd {
    const open = this.store.openTx()
    try {
      const end = handler(open.tx)
      if (!(end instanceof Promise)) return end
      end.catch(() => {}) // Its effects are rolled back; how it ends no longer matters.
      return failed(
        'the handler of an exactly-once method answered a promise, and a SQLite transaction cannot wait: keep the ledger in PostgreSQL, or do the asynchronous work before the call, in an interceptor',
      )
    } catch (error) {
      return failed(`the handler threw: ${error instanceof Error ? error.message : String(error)}`)
    } finally {
      open.end()
    }
  }

  /** Acts on a verdict that does not execute. */
  private known(verdict: Exclude<Admission, { kind: 'execute' }>, call: LedgerCall | Resolved): Answer {
    // Nothing is seen here before it is committed, so there is nothing to attach to.
    if (verdict.kind === 'attach') throw new Error('a record without an outcome')
    if (verdict.record !== undefined) this.record(call, verdict.record)
    return verdict.answer
  }

  private rows(call: LedgerCall | Resolved): Rows {
    const { session } = call
    const idempotency = 'idempotency' in call ? call.idempotency : undefined
    const key =
      idempotency === undefined || !('method' in call)
        ? undefined
        : this.store.key({ principal: call.principal, method: call.method, key: idempotency.key })
    if (session === undefined) return { session, record: undefined, key, liveRecords: 0, principalRecords: 0 }
    this.raise({ ...call, session })
    const row = this.session(session)
    return {
      key,
      session: row,
      record: row === undefined ? undefined : this.store.record(session, call.number),
      liveRecords: row?.liveRecords ?? 0,
      principalRecords: row?.liveRecords ?? 0,
    }
  }

  /** Section 3: what is acknowledged may be forgotten. */
  private raise(frame: {
    session: SessionId
    epoch: number
    firstUnacked: number
    principal: string
    number?: number
  }): void {
    const row = this.session(frame.session)
    if (row === undefined) return
    const firstUnacked = raisedFirstUnacked(row, frame)
    if (firstUnacked === row.firstUnacked) return
    const pruned = this.store.prune(frame.session, firstUnacked)
    const highest = Math.max(row.highest, firstUnacked - 1)
    this.change(frame.session, { ...row, firstUnacked, highest, liveRecords: row.liveRecords - pruned })
  }

  private record(call: LedgerCall | Resolved, outcome: Outcome): void {
    const { session, number } = call
    const row = session === undefined ? undefined : this.session(session)
    if (session === undefined || row === undefined) return
    const fingerprint = 'fingerprint' in call ? call.fingerprint : undefined
    this.store.putRecord(session, number, { outcome, fingerprint })
    this.change(session, { ...row, liveRecords: row.liveRecords + 1, highest: Math.max(row.highest, number) })
  }

  private session(id: SessionId): StoredSession | undefined {
    const touched = this.touched.get(id)
    if (touched !== undefined) return touched.row
    const row = this.store.session(id)
    if (row !== undefined) this.touched.set(id, { row, isChanged: false })
    return row
  }

  private change(id: SessionId, row: StoredSession): void {
    this.touched.set(id, { row, isChanged: true })
  }
}

function failed(message: string): HandlerEnd {
  return { outcome: { kind: 'failure', code: 'internal-error', executed: 'never', message }, keepsEffects: false }
}
