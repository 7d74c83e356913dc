/**
 * Tables of a simulated PostgreSQL: versions of rows, who made and removed them, and who holds a row locked.
 *
 * Invariant: what a transaction wrote is seen by others when it has committed, and by statements that began after that;
 * a transaction that is undone leaves nothing behind.
 */

export type Row = Readonly<Record<string, unknown>>

/** A transaction. What it wrote knows it, and asks it when it committed. */
export interface Xact {
  /** Its place among the commits; undefined: it runs, or was rolled back. */
  commitOrder: number | undefined
  /** Takes back what it did, the last first. */
  readonly undo: (() => void)[]
  /** Slots in which it removed something. */
  readonly touched: Set<Slot>
}

export interface Version {
  readonly row: Row
  readonly madeBy: Xact
  /** An UPDATE makes a version of the same life; a row inserted anew under an old key has another. */
  readonly life: object
  removedBy: Xact | undefined
}

/** As PostgreSQL's `FOR UPDATE`, `FOR NO KEY UPDATE` and `FOR SHARE`. */
export type RowMode = 'update' | 'no key update' | 'share'

export function rowModesConflict(one: RowMode, other: RowMode): boolean {
  return one !== 'share' || other !== 'share'
}

/** Everything that there is and was under one key. */
export class Slot {
  versions: Version[] = []
  locks: { readonly xact: Xact; readonly mode: RowMode }[] = []
  /** Who waits for the row, in order. */
  readonly queue: { readonly xact: Xact; readonly mode: RowMode }[] = []
  readonly key: string
  readonly table: Table

  constructor(table: Table, key: string) {
    this.table = table
    this.key = key
  }

  /** What a statement of `xact` sees that began after so many commits. */
  seen(xact: Xact, snapshot: number): Version | undefined {
    return this.versions.find(
      ({ madeBy, removedBy }) => knows(madeBy) && (removedBy === undefined || !knows(removedBy)),
    )

    function knows(other: Xact): boolean {
      return other === xact || (other.commitOrder !== undefined && other.commitOrder <= snapshot)
    }
  }

  /** The version that is not removed, or whose removal is not decided. */
  latest(xact: Xact): Version | undefined {
    return this.versions.find(({ removedBy }) => {
      if (removedBy === undefined) return true
      return removedBy !== xact && removedBy.commitOrder === undefined
    })
  }

  lock(xact: Xact, mode: RowMode): void {
    const lock = { xact, mode }
    if (this.locks.some((one) => one.xact === xact && one.mode === mode)) return
    this.locks.push(lock)
    xact.undo.push(() => (this.locks = this.locks.filter((one) => one !== lock)))
    xact.touched.add(this)
  }

  add(xact: Xact, row: Row, life: object = {}): void {
    const version: Version = { row, madeBy: xact, life, removedBy: undefined }
    this.versions.push(version)
    xact.undo.push(() => (this.versions = this.versions.filter((one) => one !== version)))
    xact.touched.add(this)
  }

  remove(xact: Xact, version: Version): void {
    version.removedBy = xact
    xact.undo.push(() => (version.removedBy = undefined))
    xact.touched.add(this)
  }

  /** `xact` has committed or was rolled back: its locks go, and what no statement can see any more. */
  settle(xact: Xact, oldestSnapshot: number): void {
    this.locks = this.locks.filter((lock) => lock.xact !== xact)
    this.versions = this.versions.filter(({ removedBy }) => {
      const order = removedBy?.commitOrder
      return order === undefined || order > oldestSnapshot
    })
    if (this.versions.length === 0 && this.locks.length === 0 && this.queue.length === 0) this.table.drop(this)
  }
}

export class Table {
  readonly name: string
  private readonly slots = new Map<string, Slot>()

  constructor(name: string) {
    this.name = name
  }

  slot(key: string): Slot {
    let slot = this.slots.get(key)
    if (slot === undefined) {
      slot = new Slot(this, key)
      this.slots.set(key, slot)
    }
    return slot
  }

  /** undefined: there is nothing, and was nothing that anybody could still see. */
  known(key: string): Slot | undefined {
    return this.slots.get(key)
  }

  all(): Iterable<Slot> {
    return this.slots.values()
  }

  drop(slot: Slot): void {
    if (this.slots.get(slot.key) === slot) this.slots.delete(slot.key)
  }

  /** What is committed, for who looks from outside. */
  *committed(): Generator<Row> {
    for (const { versions } of this.slots.values())
      for (const { row, madeBy, removedBy } of versions)
        if (madeBy.commitOrder !== undefined && removedBy?.commitOrder === undefined) yield row
  }
}
