/**
 * Calls on PostgreSQL: the rules, the handler and the record in one transaction.
 *
 * Invariant: rules are decided on rows read under the locks of the transaction that executes (protocol section 2, H1);
 * nothing is answered before its COMMIT was.
 */
import { type Admission, admit, keyKeeps, raisedFirstUnacked, type Resolution, resolve } from '../once/admission.ts'
import { keyExpiryMs } from '../once/idempotency-key.ts'
import type { Asked, HandlerEnd, LedgerCall, LedgerLimits } from '../once/ledger.ts'
import { type Answer, type Outcome, poisoned, tombstone } from '../once/outcome.ts'
import { isCounted, isPoisoned } from '../once/poison.ts'
import type { LockNumbers } from './postgres-locks.ts'
import type { Quotas } from './postgres-quota.ts'
import {
  addRecord,
  countDead,
  countKept,
  forgetKeys,
  putKey,
  type ReadRows,
  readRows,
  sizeOf,
  touch,
} from './postgres-rows.ts'
import type { Acknowledging, Sessions } from './postgres-sessions.ts'
import type { Transaction, Transactions } from './postgres-transactions.ts'
import type { Turns } from './postgres-turns.ts'
import { CallTx, type PostgresTx } from './postgres-tx.ts'

export type Handler = (tx: PostgresTx) => HandlerEnd | Promise<HandlerEnd>

export interface CallsOptions {
  readonly transactions: Transactions
  readonly sessions: Sessions
  readonly locks: LockNumbers
  readonly quotas: Quotas
  readonly turns: Turns
  readonly limits: LedgerLimits
  readonly nowMs: () => number
}

/** What was read, and what the rules say of it. */
export interface Verdict<V> {
  readonly rows: ReadRows
  readonly verdict: V
}

type Judge<A, V> = (rows: Parameters<typeof admit>[0], asked: A, limits: LedgerLimits) => V

/** First forget what the client has acknowledged, then ask again. */
const raiseFirst = { kind: 'raise' } as const
/** How long a RESOLVE waits for the call that it asks about. */
const resolveTriesMs = 30_000

export class Calls {
  private readonly options: CallsOptions
  /** So many dead records are worth holding up the session's calls for. */
  private readonly slack: number

  constructor(options: CallsOptions) {
    this.options = options
    this.slack = options.limits.window >> 1
  }

  async execute(call: LedgerCall, handler: Handler): Promise<Answer> {
    return this.inTurn(call, async () => {
      if (!isCounted(call)) return this.run(call, admit, (tx, found) => this.decide(tx, call, { ...found, handler }))
      const known = await this.countStart(call)
      if (known !== undefined) return known
      try {
        return await this.run(call, admit, (tx, found) => this.decide(tx, call, { ...found, handler }))
      } catch (error) {
        this.uncountLater(call)
        throw error
      }
    })
  }

  resolve(asked: Asked): Promise<Answer> {
    const deadlineAtMs = this.options.nowMs() + resolveTriesMs
    return this.run(
      { ...asked, deadlineAtMs },
      (rows) => resolve(rows, asked, this.options.limits),
      async (tx, found) => {
        const { verdict, rows } = found
        if (verdict.kind !== 'bury') return this.known(tx, asked, { verdict, rows })
        // Rule 4 (tombstone): without it a call that was told `never` runs when a late copy comes.
        this.addRecord(tx, asked, { rows, outcome: tombstone, fingerprint: undefined })
        await tx.commit()
        return verdict.answer
      },
    )
  }

  /** Calls that would wait for each other wait without a connection. */
  async inTurn<T>(call: LedgerCall, run: () => Promise<T>): Promise<T> {
    const { object, session, number, principal, idempotency } = call
    const names: string[] = []
    if (object !== undefined) names.push(`object ${object}`)
    if (session !== undefined) names.push(`call ${session} ${number}`)
    if (idempotency !== undefined) names.push(`key ${JSON.stringify([principal, idempotency.method, idempotency.key])}`)
    const leave = await this.options.turns.enter(names)
    try {
      return await run()
    } finally {
      leave()
    }
  }

  /** A transaction in which the rules have been asked. */
  async run<A extends Asked & { readonly deadlineAtMs: number; readonly object?: string | undefined }, V, T>(
    asked: A,
    judge: Judge<A, V>,
    act: (tx: Transaction, found: Verdict<V>) => Promise<T>,
  ): Promise<T> {
    const { transactions, sessions, locks } = this.options
    // Without a row to look for, a COMMIT that was not answered cannot be asked about.
    const mayFollowCommit = asked.session !== undefined || asked.idempotency !== undefined
    for (let mayRaise = true; ; mayRaise = false) {
      const ended = await transactions.run(
        async (tx) => {
          const rows = await readRows(tx, locks, asked)
          const principal = await this.keptOf(tx, rows)
          const isWorthRaising = this.isWorthRaising({ ...rows, principal }, asked)
          if (mayRaise && isWorthRaising) return raiseFirst
          const deadRecords = isWorthRaising ? await countDead(tx, rows.sid, asked) : 0
          const known = { ...rows, principal, deadRecords, nowMs: this.options.nowMs() }
          const verdict = judge(known, asked, this.options.limits)
          const value = await act(tx, { rows, verdict })
          // Or the sweep would find the session held, by us.
          if (rows.isOver && !tx.isCommitSent) await tx.rollback()
          return { kind: 'done', value, isOver: rows.isOver } as const
        },
        { untilMs: asked.deadlineAtMs, mayFollowCommit },
      )
      if (ended.kind === 'raise') await sessions.raiseFor(asked as Acknowledging)
      else {
        if (ended.isOver) await sessions.sweep()
        return ended.value
      }
    }
  }

  /** Acts on a verdict that does not execute. */
  async known(
    tx: Transaction,
    asked: Asked,
    { verdict, rows }: Verdict<Exclude<Admission | Resolution, { kind: 'execute' | 'bury' }>>,
  ): Promise<Answer> {
    if (verdict.kind === 'attach') return stillRunning
    const { record, answer } = verdict
    if (record !== undefined) {
      this.addRecord(tx, asked, { rows, outcome: record, fingerprint: asked.fingerprint })
      await tx.commit()
    }
    return answer
  }

  addRecord(
    tx: Transaction,
    { number, principal }: Pick<Asked, 'number' | 'principal'>,
    record: { readonly rows: ReadRows } & Omit<Parameters<typeof addRecord>[2], 'rows'>,
  ): void {
    const { rows, ...written } = record
    if (rows.sid === undefined) return
    if (rows.isStale) touch(tx, rows.sid)
    addRecord(tx, { sid: rows.sid, number }, written)
    this.options.quotas.added(principal, written.bytes ?? sizeOf(written.outcome))
  }

  /** The rules, and where they admit, the handler and the record. */
  private async decide(
    tx: Transaction,
    call: LedgerCall,
    { rows, verdict, handler }: Verdict<Admission> & { readonly handler: Handler },
  ): Promise<Answer> {
    if (verdict.kind !== 'execute') {
      if (isCounted(call)) this.uncountLater(call)
      return this.known(tx, call, { verdict, rows })
    }
    // Crash point postgres:before-handler
    const { outcome, keepsEffects } = await runHandler(tx, handler)
    // Crash point postgres:after-handler
    // Rule 2 (rollback): an exception leaves its record, and nothing else.
    if (!keepsEffects) tx.command('ROLLBACK TO SAVEPOINT oncewire_call')
    // Rule 2 (record-with-effect)
    this.record(tx, call, { rows, outcome })
    if (isCounted(call)) tx.send(uncountStart, [rows.sid, call.number])
    await tx.commit()
    return { kind: 'outcome', outcome, isReplay: false }
  }

  /** How a call ended: under its xid, and under its key if that keeps it. */
  private record(
    tx: Transaction,
    call: LedgerCall,
    { rows, outcome }: { readonly rows: ReadRows; readonly outcome: Outcome },
  ): void {
    const { idempotency, principal, fingerprint } = call
    this.addRecord(tx, call, { rows, outcome, fingerprint })
    if (idempotency === undefined || !keyKeeps(outcome)) return
    const expiresMs = keyExpiryMs(idempotency.key, rows.dateMs, this.options.limits.keyRetentionMs)
    // Rule 2.4 (key-kept)
    putKey(tx, { principal, idempotency }, { outcome, expiresMs })
    forgetKeys(tx)
  }

  /** Counts a start, durable before it happens; answers the call instead if it has killed too many servers (H14). */
  private countStart(call: LedgerCall): Promise<Answer | undefined> {
    return this.run(call, admit, async (tx, { rows, verdict }) => {
      if (verdict.kind !== 'execute') return this.known(tx, call, { verdict, rows })
      return this.countedStart(tx, call, rows)
    })
  }

  /** The same inside a transaction that has admitted the call, which it commits. */
  async countedStart(tx: Transaction, call: LedgerCall, rows: ReadRows): Promise<Answer | undefined> {
    const [row] = await tx.query(selectStarts, [rows.sid, call.number])
    if (isPoisoned(Number(row?.['starts'] ?? 0))) {
      this.record(tx, call, { rows, outcome: poisoned })
      await tx.commit()
      return { kind: 'outcome', outcome: poisoned, isReplay: false }
    }
    tx.send(addStart, [rows.sid, call.number])
    await tx.commit()
    return undefined
  }

  /** Any end but a crash takes the start back. A ledger that fails will not count either. */
  uncountLater({ session, number }: LedgerCall): void {
    const options = { untilMs: this.options.nowMs() + resolveTriesMs, mayFollowCommit: false }
    const uncount = async (tx: Transaction): Promise<void> => {
      tx.send(uncountOf, [session, number])
      await tx.commit()
    }
    this.options.transactions.run(uncount, options).catch(() => {})
  }

  private async keptOf(tx: Transaction, { session }: ReadRows): Promise<{ records: number; bytes: number }> {
    if (session === undefined) return { records: 0, bytes: 0 }
    const { quotas } = this.options
    const known = quotas.kept(session.principal)
    if (known !== undefined) return known
    const counted = await countKept(tx, session.principal)
    quotas.put(session.principal, counted)
    return counted
  }

  /** Section 3: raising firstUnacked holds up the session's calls, so it must gain something. */
  private isWorthRaising(
    { session, principal }: Pick<Parameters<typeof admit>[0], 'session' | 'principal'>,
    asked: Asked,
  ): boolean {
    if (session === undefined) return false
    const gained = raisedFirstUnacked(session, asked) - session.firstUnacked
    const { recordsMax, recordBytesMax } = this.options.limits
    const isFull = principal.records >= recordsMax || principal.bytes >= recordBytesMax
    return gained > 0 && (gained >= this.slack || isFull)
  }
}

async function runHandler(tx: Transaction, handler: Handler): Promise<HandlerEnd> {
  tx.command('SAVEPOINT oncewire_call')
  const callTx = new CallTx((sql, values) => tx.link.foreign(sql, values))
  let end: HandlerEnd
  try {
    end = await handler(callTx as unknown as PostgresTx)
  } catch (error) {
    end = failed(`the handler threw: ${error instanceof Error ? error.message : String(error)}`)
  } finally {
    await callTx.end()
  }
  const { failure } = callTx
  if (failure === undefined) return end
  // Rule 2 (transient-again): not an outcome of the call, which begins again.
  if (failure.isTransient) throw failure.error
  if (!end.keepsEffects) return end
  const why = failure.error instanceof Error ? failure.error.message : String(failure.error)
  return failed(
    `the handler went on after a statement had failed (${why}), and PostgreSQL carries out nothing after that: let the error through, or use ON CONFLICT`,
  )
}

function failed(message: string): HandlerEnd {
  return { outcome: { kind: 'failure', code: 'internal-error', executed: 'never', message }, keepsEffects: false }
}

/** Nothing is seen here before it is committed, so what runs is an effect whose intent is open, here or elsewhere. */
const stillRunning: Answer = {
  kind: 'refused',
  code: 'still-running',
  message: 'the effect of the call is under way, or its server crashed and has not started again; ask again later',
}

const selectStarts = {
  name: 'oncewire_select_starts',
  text: 'SELECT starts FROM oncewire_start WHERE sid = $1 AND number = $2',
}
const addStart = {
  name: 'oncewire_add_start',
  text: `INSERT INTO oncewire_start VALUES ($1, $2, 1)
    ON CONFLICT (sid, number) DO UPDATE SET starts = oncewire_start.starts + 1`,
}
const uncountStart = {
  name: 'oncewire_uncount_start',
  text: 'UPDATE oncewire_start SET starts = greatest(starts - 1, 0) WHERE sid = $1 AND number = $2',
}
const uncountOf = {
  name: 'oncewire_uncount_of',
  text: `UPDATE oncewire_start SET starts = greatest(starts - 1, 0)
    WHERE sid = (SELECT sid FROM oncewire_session WHERE id = $1) AND number = $2`,
}
