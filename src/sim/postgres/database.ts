/**
 * A simulated PostgreSQL: its tables, its backends, and who waits for whom.
 *
 * Invariant: what is committed stays, whatever dies; what was not is gone with its backend. A cycle of waits is ended by
 * one of those in it, after the deadlock time-out.
 */
import { AdvisoryLocks } from './advisory.ts'
import { Backend, type Transaction } from './backend.ts'
import { DatabaseError } from './errors.ts'
import type { Meaning } from './execution.ts'
import { type Row, Table } from './versions.ts'

/** Time, as the database needs it. */
export interface DatabaseClock {
  dateMs(): number
  after(ms: number, act: () => void): void
}

export interface DatabaseSettings {
  readonly lockTimeoutMs: number
  readonly deadlockTimeoutMs: number
}

export class Database {
  readonly settings: DatabaseSettings
  readonly advisory: AdvisoryLocks = new AdvisoryLocks()
  /** Is shown what commits, before what it replaced is forgotten. */
  onCommit: (transaction: Transaction) => void = () => {}
  /** So many transactions that wrote something have committed. */
  commits = 0
  /** Numbers given by sequences; no rollback takes them back. */
  readonly sequences: { sid: number; intent: number } = { sid: 0, intent: 0 }
  private readonly clock: DatabaseClock
  private readonly meanings: ReadonlyMap<string, Meaning>
  private readonly tables = new Map<string, Table>()
  private backends: Backend[] = []
  /** In the order in which they began to. */
  private waiting: Backend[] = []
  private isWaking = false
  private pids = 0

  constructor(clock: DatabaseClock, meanings: ReadonlyMap<string, Meaning>, settings: DatabaseSettings) {
    this.clock = clock
    this.meanings = meanings
    this.settings = settings
  }

  dateMs(): number {
    return this.clock.dateMs()
  }

  table(name: string): Table {
    let table = this.tables.get(name)
    if (table === undefined) {
      table = new Table(name)
      this.tables.set(name, table)
    }
    return table
  }

  /** What is committed in a table. */
  committed(name: string): Row[] {
    return [...this.table(name).committed()]
  }

  connect(): Backend {
    const backend = new Backend(this, ++this.pids)
    this.backends.push(backend)
    return backend
  }

  /** What a statement means: by its text, or by the name under which the ledger prepares it. */
  meaningOf(text: string, name: string | undefined): Meaning | undefined {
    return this.meanings.get(text) ?? (name === undefined ? undefined : this.meanings.get(name))
  }

  /** As a power switch would: every backend is gone. What was committed was synced before it was said. */
  crash(): void {
    // None goes on because another is gone.
    this.isWaking = true
    for (const backend of this.backends.slice()) backend.end()
    this.isWaking = false
    this.waiting = []
  }

  ended(backend: Backend): void {
    this.backends = this.backends.filter((one) => one !== backend)
    this.changed()
  }

  backendsOf(transactions: readonly Transaction[]): Backend[] {
    return this.backends.filter(({ transaction }) => transaction !== undefined && transactions.includes(transaction))
  }

  /** No statement sees less than this. */
  get oldestSnapshot(): number {
    return this.waiting.reduce((oldest, { statement }) => Math.min(oldest, statement?.snapshot ?? oldest), this.commits)
  }

  /** A statement has begun to wait. */
  waits(backend: Backend): void {
    const { wait } = backend
    this.waiting.push(backend)
    const isOver = (): boolean => backend.wait !== wait
    const { deadlockTimeoutMs } = this.settings
    this.clock.after(deadlockTimeoutMs, () => {
      if (!isOver()) this.breakDeadlock(backend)
    })
    const lockTimeoutMs = backend.transaction?.lockTimeoutMs ?? 0
    if (lockTimeoutMs === 0) return
    this.clock.after(lockTimeoutMs, () => {
      if (!isOver()) backend.fail(new DatabaseError('55P03', 'canceling statement due to lock timeout'))
    })
  }

  /** Somebody released something: those who waited for it go on, the first come first. */
  changed(): void {
    if (this.isWaking) return
    this.isWaking = true
    for (let i = 0; i < this.waiting.length;) {
      const backend = this.waiting[i] as Backend
      if (backend.wait === undefined) this.waiting.splice(i, 1)
      else if (backend.wait.blockers().length > 0) i++
      else {
        this.waiting.splice(i, 1)
        backend.resume()
        i = 0
      }
    }
    this.isWaking = false
  }

  private breakDeadlock(backend: Backend): void {
    const cycle = this.cycleFrom(backend)
    if (cycle === undefined) return
    if (cycle.some((one) => one.wait?.goesFirst?.() === true)) return this.changed()
    backend.fail(new DatabaseError('40P01', 'deadlock detected'))
  }

  /** Backends that wait for each other in a ring, `first` among them. */
  private cycleFrom(first: Backend): Backend[] | undefined {
    const path: Backend[] = []
    const seen = new Set<Backend>()
    const search = (backend: Backend): boolean => {
      path.push(backend)
      for (const next of backend.wait?.blockers() ?? []) {
        if (next === first) return true
        if (seen.has(next)) continue
        seen.add(next)
        if (search(next)) return true
      }
      path.pop()
      return false
    }
    return search(first) ? path : undefined
  }
}
