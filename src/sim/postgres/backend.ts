/**
 * The process of a simulated PostgreSQL that serves one connection: its transaction, its savepoints, the statement that it
 * carries out, and what that waits for.
 *
 * Invariant: a statement is carried out at one moment, but where it waits for another transaction: then it goes on at the
 * moment when that has ended, with the snapshot that it began with. READ COMMITTED: each statement has its own.
 */
import type { Database } from './database.ts'
import { DatabaseError } from './errors.ts'
import { Execution, type Meaning, type Wait } from './execution.ts'
import type { Row, Xact } from './versions.ts'

export interface Done {
  readonly rows: readonly Row[]
  readonly rowCount: number
  readonly command: string
}

export type Told = (done: Done | DatabaseError) => void

interface Statement {
  readonly meaning: Generator<Wait, readonly Row[], void>
  readonly told: Told
  readonly command: string
  readonly snapshot: number
  wait: Wait | undefined
}

export interface Transaction extends Xact {
  /** What is released at its end, however it ends. */
  readonly releases: (() => void)[]
  readonly savepoints: { readonly name: string; readonly undone: number }[]
  /** BEGIN was said; else it is over with its one statement. */
  readonly isExplicit: boolean
  hasFailed: boolean
  lockTimeoutMs: number
}

export class Backend {
  readonly pid: number
  isGone = false
  transaction: Transaction | undefined
  statement: Statement | undefined
  private readonly database: Database
  /** Locks that no transaction releases. */
  private readonly sessionReleases: (() => void)[] = []

  constructor(database: Database, pid: number) {
    this.database = database
    this.pid = pid
  }

  get wait(): Wait | undefined {
    return this.statement?.wait
  }

  /** Carries out one statement; `told` may be called later, when what it waits for has ended. */
  run(
    text: string,
    { values, meaning }: { values: readonly unknown[]; meaning: Meaning | undefined },
    told: Told,
  ): void {
    const command = /^[a-z]+/i.exec(text)?.[0].toUpperCase() ?? ''
    const control = this.control(command, text)
    if (control !== undefined) return told(control)
    if (meaning === undefined) throw new TypeError(`the simulated PostgreSQL does not know this statement: ${text}`)
    if (this.transaction?.hasFailed === true) return told(inFailed)
    const transaction = (this.transaction ??= this.fresh(false))
    const execution = new Execution(this.database, { backend: this, transaction, values })
    const { snapshot } = execution
    this.statement = { meaning: meaning(execution), told, command, snapshot, wait: undefined }
    this.advance()
  }

  /** Goes on, until it waits again. */
  advance(): void {
    const { statement } = this
    if (statement === undefined) return
    try {
      for (;;) {
        const next = statement.meaning.next()
        if (next.done === true) {
          this.statement = undefined
          if (this.transaction?.isExplicit === false) this.commit()
          return statement.told(done(next.value, statement.command))
        }
        if (next.value.blockers().length === 0) continue
        statement.wait = next.value
        return this.database.waits(this)
      }
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error
      this.fail(error)
    }
  }

  /** What it waits for has ended. */
  resume(): void {
    if (this.statement === undefined) return
    this.statement.wait = undefined
    this.advance()
  }

  /** The statement that it carries out fails, or the next one would have. */
  fail(error: DatabaseError, told: Told | undefined = this.statement?.told): void {
    const { statement, transaction } = this
    this.statement = undefined
    statement?.wait?.leave()
    statement?.meaning.return([])
    if (transaction?.isExplicit === true) {
      // Up to the last savepoint at once; the rest when it is rolled back.
      transaction.hasFailed = true
      const savepoint = transaction.savepoints.at(-1)
      this.takeBack(transaction, savepoint?.undone ?? 0)
      if (savepoint === undefined) this.releaseAll(transaction)
    } else this.rollback()
    told?.(error)
    this.database.changed()
  }

  /** The connection is gone, or the database ends this process. */
  end(): void {
    if (this.isGone) return
    this.isGone = true
    const { statement } = this
    this.statement = undefined
    statement?.wait?.leave()
    this.rollback()
    for (const release of this.sessionReleases.splice(0)) release()
    this.database.ended(this)
  }

  /** At the end of its transaction, or, without one, of the session. */
  release(how: 'transaction' | 'session', release: () => void): void {
    if (how === 'session') return void this.sessionReleases.push(release)
    this.transaction?.releases.push(release)
    this.transaction?.undo.push(release)
  }

  private control(command: string, text: string): Done | DatabaseError | undefined {
    const { transaction } = this
    const [, savepoint] = /SAVEPOINT (\w+)$/i.exec(text) ?? []
    switch (command) {
      case 'BEGIN':
        this.transaction ??= this.fresh(true)
        return done([], 'BEGIN')
      case 'COMMIT':
        if (transaction?.hasFailed === true) {
          this.rollback()
          return done([], 'ROLLBACK')
        }
        this.commit()
        return done([], 'COMMIT')
      case 'SAVEPOINT':
        if (transaction?.hasFailed === true) return inFailed
        if (transaction?.isExplicit !== true) return new DatabaseError('25P01', 'SAVEPOINT outside of a transaction')
        transaction.savepoints.push({ name: savepoint as string, undone: transaction.undo.length })
        return done([], 'SAVEPOINT')
      case 'ROLLBACK':
        if (savepoint === undefined) this.rollback()
        else return this.rollbackTo(savepoint)
        return done([], 'ROLLBACK')
      case 'SET':
        return this.set(text)
      default:
        return undefined
    }
  }

  private rollbackTo(name: string): Done | DatabaseError {
    const { transaction } = this
    const at = transaction?.savepoints.findLastIndex((savepoint) => savepoint.name === name) ?? -1
    if (transaction === undefined || at < 0) return new DatabaseError('3B001', `savepoint "${name}" does not exist`)
    transaction.savepoints.length = at + 1
    this.takeBack(transaction, transaction.savepoints[at]?.undone as number)
    transaction.hasFailed = false
    this.database.changed()
    return done([], 'ROLLBACK')
  }

  private set(text: string): Done | DatabaseError {
    const ms = /^SET LOCAL lock_timeout = (\d+)$/.exec(text)?.[1]
    if (ms === undefined) throw new TypeError(`the simulated PostgreSQL does not know this setting: ${text}`)
    if (this.transaction?.hasFailed === true) return inFailed
    if (this.transaction !== undefined) this.transaction.lockTimeoutMs = Number(ms)
    return done([], 'SET')
  }

  private fresh(isExplicit: boolean): Transaction {
    const { lockTimeoutMs } = this.database.settings
    const lists = { undo: [], releases: [], savepoints: [], touched: new Set<never>() }
    return { ...lists, commitOrder: undefined, isExplicit, hasFailed: false, lockTimeoutMs }
  }

  private commit(): void {
    const { transaction } = this
    if (transaction === undefined) return
    this.transaction = undefined
    if (transaction.touched.size > 0) {
      transaction.commitOrder = ++this.database.commits
      this.database.onCommit(transaction)
    }
    this.releaseAll(transaction)
    this.database.changed()
  }

  private rollback(): void {
    const { transaction } = this
    if (transaction === undefined) return
    this.transaction = undefined
    this.takeBack(transaction, 0)
    this.releaseAll(transaction)
    this.database.changed()
  }

  private takeBack({ undo }: Transaction, length: number): void {
    while (undo.length > length) undo.pop()?.()
  }

  private releaseAll(transaction: Transaction): void {
    for (const release of transaction.releases.splice(0)) release()
    const { oldestSnapshot } = this.database
    for (const slot of transaction.touched) slot.settle(transaction, oldestSnapshot)
    transaction.touched.clear()
  }
}

const inFailed = new DatabaseError(
  '25P02',
  'current transaction is aborted, commands ignored until end of transaction block',
)

function done(rows: readonly Row[], command: string): Done {
  return { rows, rowCount: rows.length, command }
}
