/**
 * One statement while a simulated PostgreSQL carries it out: what it sees, changes and locks, and where it waits. The
 * meanings of statements are written in these few words.
 *
 * Invariant: a row that another transaction holds is waited for, and then looked at again as it is now (PostgreSQL's
 * re-check of READ COMMITTED); nothing else of the statement sees what came meanwhile.
 */
import type { AdvisoryMode } from './advisory.ts'
import type { Backend, Transaction } from './backend.ts'
import type { Database } from './database.ts'
import { DatabaseError } from './errors.ts'
import { type Row, type RowMode, rowModesConflict, type Slot, type Table, type Version } from './versions.ts'

export interface Wait {
  /** Empty: it can go on. */
  blockers(): readonly Backend[]
  /** It waits no longer, whatever came of it. */
  leave(): void
  /** Breaks a cycle of waits, if it can, by going before others. */
  goesFirst?(): boolean
}

export type Steps<T> = Generator<Wait, T, void>
export type Meaning = (s: Execution) => Steps<readonly Row[]>
export type Where = (row: Row) => boolean
export type Change = (row: Row) => Row

interface Running {
  readonly backend: Backend
  readonly transaction: Transaction
  readonly values: readonly unknown[]
}

export class Execution {
  readonly database: Database
  readonly values: readonly unknown[]
  /** It sees what was committed before this, and what its own transaction did. */
  readonly snapshot: number
  private readonly backend: Backend
  private readonly transaction: Transaction

  constructor(database: Database, { backend, transaction, values }: Running) {
    this.database = database
    this.backend = backend
    this.transaction = transaction
    this.values = values
    this.snapshot = database.commits
  }

  /** `clock_timestamp()` in milliseconds. */
  get dateMs(): number {
    return this.database.dateMs()
  }

  text(n: number): string {
    return this.values[n - 1] as string
  }

  number(n: number): number {
    return Number(this.values[n - 1])
  }

  isNull(n: number): boolean {
    return this.values[n - 1] === null || this.values[n - 1] === undefined
  }

  /** The row under that primary key. */
  get(table: Table, ...key: readonly unknown[]): Row | undefined {
    return table.known(keyOf(key))?.seen(this.transaction, this.snapshot)?.row
  }

  find(table: Table, where: Where): Row | undefined {
    for (const row of this.rows(table, where)) return row
    return undefined
  }

  *rows(table: Table, where: Where = () => true): Generator<Row> {
    for (const slot of table.all()) {
      const row = slot.seen(this.transaction, this.snapshot)?.row
      if (row !== undefined && where(row)) yield row
    }
  }

  count(table: Table, where?: Where): number {
    let count = 0
    for (const _ of this.rows(table, where)) count++
    return count
  }

  /** UPDATE: of the row under that key, if `where` holds; answers how many. */
  *update(table: Table, where: Where, change: Change): Steps<number> {
    let count = 0
    for (const [slot, seen] of this.seen(table, where)) {
      const version = yield* this.lockSeen(slot, seen, { mode: 'no key update', where })
      if (version === undefined) continue
      slot.remove(this.transaction, version)
      slot.add(this.transaction, change(version.row), version.life)
      count++
    }
    return count
  }

  *delete(table: Table, where: Where): Steps<number> {
    let count = 0
    for (const [slot, seen] of this.seen(table, where)) {
      const version = yield* this.lockSeen(slot, seen, { mode: 'update', where })
      if (version === undefined) continue
      slot.remove(this.transaction, version)
      count++
    }
    return count
  }

  /** SELECT ... FOR: waits for each row, or `skipLocked` passes over those that others hold. */
  *lockRows(
    table: Table,
    where: Where,
    { mode, skipLocked = false }: { readonly mode: RowMode; readonly skipLocked?: boolean },
  ): Steps<Row[]> {
    const rows: Row[] = []
    for (const [slot, seen] of this.seen(table, where)) {
      if (skipLocked && this.holdersOf(slot, mode).length > 0) continue
      const version = yield* this.lockSeen(slot, seen, { mode, where })
      if (version !== undefined) rows.push(version.row)
    }
    return rows
  }

  /** INSERT; `onConflict` changes the row that is there, or, null, leaves it. */
  *insert(table: Table, row: Row, key: readonly unknown[], onConflict?: Change | null): Steps<void> {
    for (;;) {
      // Anew: while it waited everything under the key may have gone.
      const slot = table.slot(keyOf(key))
      const live = slot.latest(this.transaction)
      if (this.undecided(live) !== undefined) yield this.waitForDecision(slot)
      else if (live === undefined) return slot.add(this.transaction, row)
      else if (onConflict === undefined)
        throw new DatabaseError(
          '23505',
          `duplicate key value violates unique constraint "${table.name}_pkey"`,
          table.name,
        )
      else if (onConflict === null) return
      else {
        yield* this.lock(slot, 'no key update')
        const version = slot.latest(this.transaction)
        if (version === undefined || version.life !== live.life) continue
        slot.remove(this.transaction, version)
        return slot.add(this.transaction, onConflict(version.row), version.life)
      }
    }
  }

  /** pg_advisory_lock and its kin: waits for it. */
  *advisory(key: unknown, mode: AdvisoryMode): Steps<void> {
    const { backend } = this
    const name = String(key)
    const lock = this.database.advisory.get(name)
    const asking = { backend, mode }
    if (lock.blockersOf(asking).length > 0) {
      lock.queue.push(asking)
      const leave = (): void => void (lock.queue = lock.queue.filter((one) => one !== asking))
      yield { blockers: () => lock.blockersOf(asking), leave, goesFirst: () => lock.goesFirst(backend) }
      leave()
    }
    backend.release('transaction', this.database.advisory.grant(name, { ...asking, isOfSession: false }))
  }

  tryAdvisory(key: unknown, how: 'transaction' | 'session'): boolean {
    const { backend } = this
    const name = String(key)
    const asking = { backend, mode: 'exclusive' } as const
    if (this.database.advisory.get(name).blockersOf(asking).length > 0) return false
    backend.release(how, this.database.advisory.grant(name, { ...asking, isOfSession: how === 'session' }))
    return true
  }

  /** What the statement's snapshot shows, gathered before anything is changed. */
  private seen(table: Table, where: Where): [Slot, Version][] {
    const found: [Slot, Version][] = []
    for (const slot of table.all()) {
      const version = slot.seen(this.transaction, this.snapshot)
      if (version !== undefined && where(version.row)) found.push([slot, version])
    }
    return found
  }

  /** Locks what was seen; undefined: it is gone, or no more what was asked for. */
  private *lockSeen(
    slot: Slot,
    seen: Version,
    { mode, where }: { readonly mode: RowMode; readonly where: Where },
  ): Steps<Version | undefined> {
    yield* this.lock(slot, mode)
    const now = slot.latest(this.transaction)
    if (now === seen) return now
    return now?.life === seen.life && where(now.row) ? now : undefined
  }

  private *lock(slot: Slot, mode: RowMode): Steps<void> {
    const asking = { xact: this.transaction, mode }
    if (this.holdersOf(slot, mode).length > 0) {
      slot.queue.push(asking)
      const leave = (): void => {
        const at = slot.queue.indexOf(asking)
        if (at >= 0) slot.queue.splice(at, 1)
      }
      const before = (): Transaction[] =>
        slot.queue
          .slice(0, slot.queue.indexOf(asking))
          .filter((other) => rowModesConflict(other.mode, mode))
          .map(({ xact }) => xact as Transaction)
      yield { blockers: () => this.database.backendsOf([...this.holdersOf(slot, mode), ...before()]), leave }
      leave()
    }
    slot.lock(this.transaction, mode)
  }

  private holdersOf(slot: Slot, mode: RowMode): Transaction[] {
    const held = slot.locks.filter((lock) => lock.xact !== this.transaction && rowModesConflict(lock.mode, mode))
    return held.map(({ xact }) => xact as Transaction)
  }

  /** Who made or removes this version and has not ended. */
  private undecided(version: Version | undefined): Transaction | undefined {
    const other = [version?.madeBy, version?.removedBy].find(
      (xact) => xact !== undefined && xact !== this.transaction && xact.commitOrder === undefined,
    )
    return other as Transaction | undefined
  }

  /** It may also be taken back to a savepoint. */
  private waitForDecision(slot: Slot): Wait {
    const blockers = (): Backend[] => {
      const undecided = this.undecided(slot.latest(this.transaction))
      return undecided === undefined ? [] : this.database.backendsOf([undecided])
    }
    return { blockers, leave: () => {} }
  }
}

export function keyOf(parts: readonly unknown[]): string {
  return parts.length === 1 ? String(parts[0]) : JSON.stringify(parts.map(String))
}
