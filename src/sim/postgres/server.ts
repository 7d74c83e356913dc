/**
 * The simulated PostgreSQL of a world, which several servers share: it crashes and starts again, servers die, and what it
 * holds is looked at from outside.
 *
 * Invariant: nothing is asked of the code under test; rows are counted where they lie.
 */
import type { PostgresHost } from '../../ledger/postgres-host.ts'
import { openOn, type PostgresLedger, type PostgresOptions } from '../../ledger/postgres.ts'
import type { Clock, Process } from '../clock.ts'
import type { Faults } from '../faults.ts'
import type { Transaction } from './backend.ts'
import { Database } from './database.ts'
import type { Meaning } from './execution.ts'
import { type PoolOptions, SimPool } from './pool.ts'
import { ledgerStatements } from './statements.ts'

const settings = { lockTimeoutMs: 5000, deadlockTimeoutMs: 1000 }

export interface SimPostgresOptions {
  /** The database's own date. */
  dateMs(): number
  /** What statements of the application mean, by their text. */
  readonly statements: ReadonlyMap<string, Meaning>
}

export class SimPostgres {
  readonly database: Database
  /** Kills a process. */
  onKill: (process: Process) => void = () => {}
  /** What never goes down and did (I12). */
  readonly wentDown: string[] = []
  private readonly clock: Clock
  private readonly faults: Faults
  private readonly pools = new Map<Process, SimPool>()
  private upAtMs = 0

  constructor(clock: Clock, faults: Faults, { dateMs, statements }: SimPostgresOptions) {
    this.clock = clock
    this.faults = faults
    const time = { dateMs, after: clock.after.bind(clock) }
    this.database = new Database(time, new Map([...ledgerStatements(), ...statements]), settings)
    this.database.onCommit = (transaction) => this.look(transaction)
  }

  poolFor(process: Process, options: PoolOptions): SimPool {
    const { clock, faults, database } = this
    const isDown = (): boolean => clock.nowMs < this.upAtMs
    const kill = (): void => this.onKill(process)
    const pool = new SimPool(process, { clock, faults, database, isDown, kill }, options)
    this.pools.set(process, pool)
    return pool
  }

  /** The production ledger in that process. */
  open(process: Process, pool: PoolOptions, options: PostgresOptions): Promise<PostgresLedger> {
    return openOn(hostOf(process), this.poolFor(process, pool), options)
  }

  processDied(process: Process): void {
    this.pools.get(process)?.died()
    this.pools.delete(process)
  }

  /** As a power switch would; it is back after so long. */
  crash(downMs: number): void {
    this.clock.note(() => 'the database crashes')
    this.upAtMs = this.clock.nowMs + downMs
    this.database.crash()
    for (const pool of this.pools.values()) pool.cut()
  }

  held(): { readonly sessions: number; readonly records: number } {
    const count = (name: string): number => this.database.committed(name).length
    return { sessions: count('oncewire_session'), records: count('oncewire_record') }
  }

  private look({ touched, commitOrder }: Transaction): void {
    for (const { table, versions } of touched) {
      if (table.name !== 'oncewire_session') continue
      const before = versions.find(({ removedBy }) => removedBy?.commitOrder === commitOrder)
      const now = versions.find(
        ({ madeBy, removedBy }) => madeBy.commitOrder === commitOrder && removedBy === undefined,
      )
      if (before === undefined || now === undefined) continue
      for (const column of ['epoch', 'first_unacked']) {
        const [was, is] = [Number(before.row[column]), Number(now.row[column])]
        if (is < was) this.wentDown.push(`I12 session ${String(now.row['id'])}: ${column} ${was} -> ${is}`)
      }
    }
  }
}

export function hostOf(process: Process): PostgresHost {
  const later = (ms: number, act: () => void): void => void process.wakeAt(process.nowMs() + ms, act)
  return {
    nowMs: () => process.nowMs(),
    wait: (ms) => new Promise((resolve) => later(ms, resolve)),
    later,
    random: process.random,
    randomHex: (bytes) => process.randomHex(bytes),
  }
}
