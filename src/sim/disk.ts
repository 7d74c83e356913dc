/**
 * Disks of a simulated world: a client's journal, and the rows of a server's ledger, which outlive their processes.
 *
 * Invariant: what a disk said to be durable is there after a crash; of the rest, a prefix.
 */
import { MemoryRows, type MemoryTx } from '../ledger/memory-rows.ts'
import type { StoredSession } from '../ledger/row-store.ts'
import { foldJournal } from '../journal/fold.ts'
import { OncewireError } from '../errors/oncewire-error.ts'
import type { Journal, JournalEntry, JournalState } from '../once/journal.ts'
import type { Clock, Process } from './clock.ts'
import type { Faults } from './faults.ts'

/** Where a client's journal lies; its process may die, and the next one finds what was durable. */
export class JournalDisk {
  /** Durable. */
  entries: readonly JournalEntry[] = []
  /** What it was at earlier times: backups. */
  readonly backups: (readonly JournalEntry[])[] = []
}

export class SimJournal implements Journal {
  readonly state: JournalState
  onDurable: (count: number) => void = () => {}
  onFailed: (error: Error) => void = () => {}
  private readonly disk: JournalDisk
  private readonly process: Process
  private readonly clock: Clock
  private readonly faults: Faults
  private readonly pending: JournalEntry[] = []
  private durableCount = 0
  private isSyncing = false
  hasFailed = false

  constructor(disk: JournalDisk, process: Process, { clock, faults }: { clock: Clock; faults: Faults }) {
    this.disk = disk
    this.process = process
    this.clock = clock
    this.faults = faults
    this.state = foldJournal(disk.entries)
  }

  append(entry: JournalEntry): void {
    if (this.hasFailed || this.process.isDead) return
    this.pending.push(entry)
    if (!this.isSyncing) this.sync()
  }

  async close(): Promise<void> {}

  /** The process has died: some of what was not durable may have reached the disk. */
  crashed(): void {
    if (this.pending.length === 0 || !this.faults.strikes('journal-torn')) return
    const kept = Math.floor(this.clock.random() * (this.pending.length + 1))
    this.disk.entries = [...this.disk.entries, ...this.pending.slice(0, kept)]
  }

  private sync(): void {
    this.isSyncing = true
    const delayMs = this.faults.strikes('journal-slow') ? this.clock.between(50, 3_000) : this.clock.between(0.2, 3)
    this.clock.after(delayMs, () => {
      if (this.process.isDead) return
      if (this.faults.strikes('journal-full')) {
        this.hasFailed = true
        const full = new OncewireError('journal-failed', 'unknown', 'no space left on the simulated disk')
        return this.process.within(() => this.onFailed(full))
      }
      const group = this.pending.splice(0)
      this.disk.entries = [...this.disk.entries, ...group]
      if (this.clock.chance(0.1)) this.disk.backups.push(this.disk.entries)
      this.durableCount += group.length
      this.isSyncing = false
      this.process.within(() => this.onDurable(this.durableCount))
      if (this.pending.length > 0 && !this.isSyncing) this.sync()
    })
  }
}

/** Rows that several servers may share, one transaction at a time. */
export class LedgerDisk extends MemoryRows {
  /** What never goes down (I12). */
  readonly wentDown: string[] = []
  private readonly faults: Faults
  /** Kills whoever is in the transaction. */
  onKill: () => void = () => {}

  constructor(dateMs: () => number, faults: Faults) {
    super(dateMs)
    this.faults = faults
  }

  override putSession(id: string, row: Omit<StoredSession, 'seenMs'>): void {
    const before = this.session(id)
    if (before !== undefined && (row.epoch < before.epoch || row.firstUnacked < before.firstUnacked)) {
      this.wentDown.push(
        `session ${id}: epoch ${before.epoch} -> ${row.epoch}, firstUnacked ${before.firstUnacked} -> ${row.firstUnacked}`,
      )
    }
    super.putSession(id, row)
  }

  override commit(): void {
    const { faults } = this
    if (faults.strikes('killed-in-transaction')) this.kill()
    if (faults.strikes('commit-failed')) throw new Error('no space left on the simulated disk')
    super.commit()
    if (faults.strikes('killed-after-commit')) this.kill()
    if (faults.strikes('commit-unheard')) throw new Error('the answer to COMMIT was lost')
  }

  private kill(): never {
    this.rollback()
    this.onKill()
    throw new Error('the process was killed')
  }
}

export type { MemoryTx }
