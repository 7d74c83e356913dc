/**
 * A journal without a disk, for tests and simulations: its entries are durable when the test says so.
 *
 * Invariant: what a crash leaves is a prefix of what was appended, at least all that was said to be durable.
 */
import type { Journal, JournalEntry, JournalState } from '../once/journal.ts'
import { foldJournal } from './fold.ts'

export class MemoryJournal implements Journal {
  readonly state: JournalState
  onDurable: (count: number) => void = () => {}
  onFailed: (error: Error) => void = () => {}
  private readonly entries: JournalEntry[]
  private readonly before: number
  private durableCount: number
  private isClosed = false

  constructor(entries: readonly JournalEntry[] = []) {
    this.entries = [...entries]
    this.before = entries.length
    this.durableCount = entries.length
    this.state = foldJournal(entries)
  }

  append(entry: JournalEntry): void {
    if (!this.isClosed) this.entries.push(entry)
  }

  /** All that was appended is on the disk now. */
  sync(): void {
    if (this.durableCount === this.entries.length) return
    this.durableCount = this.entries.length
    this.onDurable(this.entries.length - this.before)
  }

  /** What the disk holds after a crash: `torn` of the entries that were not durable made it. */
  crash(torn = 0): JournalEntry[] {
    return this.entries.slice(0, this.durableCount + torn)
  }

  async close(): Promise<void> {
    this.isClosed = true
    this.sync()
  }
}
