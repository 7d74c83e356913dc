/**
 * Transactions on a PostgreSQL pool: how many at a time, begun again after what another attempt may mend, and what a lost
 * COMMIT means.
 *
 * Invariant: `commit` resolves only when the database has said so. A transaction whose COMMIT was sent and not answered is
 * begun again only by those who ask the rules first (protocol section 2, H4).
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import { isStalePlan, isTransient } from './postgres-errors.ts'
import type { PostgresHost } from './postgres-host.ts'
import { Link, type PostgresPool, type Row, type Statement } from './postgres-pool.ts'

/** However late its deadline: after so long without a database a call is left unanswered, and asked for again. */
const triesForMs = 60_000
const pauseMinMs = 5
const pauseMaxMs = 500
/** Connections left to queries outside of transactions and to the lock of a server's name. */
const reserved = 2

/** One transaction. It is rolled back unless its work commits it. */
export class Transaction {
  readonly link: Link
  isCommitSent = false
  /** What failed first among the ledger's own statements: those behind it only say that the transaction is aborted. */
  failure: unknown
  private isOver = false
  /** What was sent and not waited for. */
  private readonly sent: Promise<unknown>[] = []

  constructor(link: Link) {
    this.link = link
    // Whatever the database's default: another level would read what was there before it waited for its locks.
    this.command('BEGIN ISOLATION LEVEL READ COMMITTED')
  }

  query(statement: Statement, values?: readonly unknown[]): Promise<readonly Row[]> {
    return this.noted(this.link.query(statement, values))
  }

  /** Sends what nobody waits for; `commit` finds out how it went. */
  send(statement: Statement, values?: readonly unknown[]): void {
    this.sent.push(this.query(statement, values))
  }

  command(sql: string): void {
    this.sent.push(this.noted(this.link.command(sql)))
  }

  /** Its failure is known, whoever looks at it, or nobody. */
  private noted<T>(promise: Promise<T>): Promise<T> {
    promise.catch((error: unknown) => {
      this.failure ??= error
    })
    return promise
  }

  /** Durable when it resolves. */
  async commit(): Promise<void> {
    // Crash point postgres:before-commit
    this.isCommitSent = true
    const committing = this.link.command('COMMIT')
    // Crash point postgres:commit-sent
    const said = await committing
    // Crash point postgres:after-commit
    this.isOver = true
    // Of a transaction in which something failed COMMIT makes ROLLBACK, and says so.
    if (said !== 'COMMIT') this.isCommitSent = false
    // Rule 2 (failed-is-failed): what failed among the statements that nobody waited for.
    await Promise.all(this.sent)
    if (said !== 'COMMIT') throw new Error(`the database answered COMMIT with ${said}`)
  }

  /** Its locks are free when it resolves. */
  async rollback(): Promise<void> {
    await this.link.command('ROLLBACK')
    this.isOver = true
  }

  /** Gives the connection back; what was not committed is rolled back, by the time that anybody else has it. */
  async end(error?: unknown): Promise<void> {
    if (this.isOver) return this.link.release()
    try {
      if (this.isCommitSent || (error !== undefined && isStalePlan(error))) throw error
      await this.link.command('ROLLBACK')
      this.link.release()
    } catch (reason) {
      this.link.release(reason instanceof Error ? reason : new Error(String(reason)))
    }
  }
}

export interface RunOptions {
  /** Of the ledger's clock: until then it is tried again. */
  readonly untilMs: number
  /** Its work decides by the rules, so it may run again after a COMMIT that was not answered. */
  readonly mayFollowCommit: boolean
}

export class Transactions {
  private readonly pool: PostgresPool
  private readonly host: PostgresHost
  private room: number
  private readonly waiting: (() => void)[] = []
  private readonly running = new Set<Promise<unknown>>()
  private isClosed = false

  constructor(pool: PostgresPool, host: PostgresHost) {
    this.pool = pool
    this.host = host
    this.room = Math.max(1, (pool.options?.max ?? 10) - reserved)
  }

  /** @throws {OncewireError} ledger-failed */
  run<T>(work: (tx: Transaction) => Promise<T>, options: RunOptions): Promise<T> {
    const run = this.tryUntil(work, options)
    const noted = run.catch(() => {}).then(() => void this.running.delete(noted))
    this.running.add(noted)
    return run
  }

  /** Takes no more; resolves when what runs has ended. */
  async close(): Promise<void> {
    this.isClosed = true
    await Promise.all(this.running)
  }

  private async tryUntil<T>(
    work: (tx: Transaction) => Promise<T>,
    { untilMs, mayFollowCommit }: RunOptions,
  ): Promise<T> {
    const { host } = this
    const lastMs = Math.min(untilMs, host.nowMs() + triesForMs)
    for (let pauseMs = pauseMinMs; ; pauseMs = Math.min(pauseMs * 2, pauseMaxMs)) {
      if (this.isClosed) throw failed('the ledger is closed')
      const tried = await this.once(work)
      if ('value' in tried) return tried.value
      const { error, isCommitSent } = tried
      // Rule 2 (lost-commit): nothing is known of it, and without a row to look for nobody can ask (H4).
      if (isCommitSent && !mayFollowCommit) throw failed('the answer to COMMIT was lost', error)
      if (!isTransient(error) || host.nowMs() + pauseMs > lastMs) throw failed('the database failed', error)
      await host.wait(pauseMs * (0.8 + 0.4 * host.random()))
    }
  }

  private async once<T>(
    work: (tx: Transaction) => Promise<T>,
  ): Promise<{ readonly value: T } | { readonly error: unknown; readonly isCommitSent: boolean }> {
    await this.enter()
    let tx: Transaction | undefined
    try {
      tx = new Transaction(await Link.open(this.pool))
      const value = await work(tx)
      void tx.end().finally(() => this.leave())
      return { value }
    } catch (thrown) {
      const error = tx?.failure ?? thrown
      if (tx === undefined) this.leave()
      else void tx.end(error).finally(() => this.leave())
      return { error, isCommitSent: tx?.isCommitSent ?? false }
    }
  }

  private async enter(): Promise<void> {
    if (this.room > 0) this.room--
    else await new Promise<void>((resolve) => this.waiting.push(resolve))
  }

  private leave(): void {
    const next = this.waiting.shift()
    if (next === undefined) this.room++
    else next()
  }
}

export function failed(what: string, cause?: unknown): OncewireError {
  if (cause instanceof OncewireError) return cause
  const why = cause instanceof Error ? `: ${cause.message}` : ''
  return new OncewireError('ledger-failed', 'unknown', what + why, { cause })
}
