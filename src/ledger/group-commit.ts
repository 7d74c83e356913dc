/**
 * Pieces of work that share a transaction and one commit: those of one turn of the loop (group commit without a timer).
 *
 * Invariant: nobody is told what a piece of work answered before the commit has returned (protocol section 2, H7).
 */
import { OncewireError } from '../errors/oncewire-error.ts'

/** Pieces of one transaction; more wait for the next. */
const groupMax = 256
/** Milliseconds of work after which a group commits. */
const groupMs = 5

/** One thing to do inside the transaction, and whom to tell when it is durable. */
interface Work {
  /** Shares its transaction with nothing. */
  readonly isAlone: boolean
  run(): unknown
  resolve(value: never): void
  reject(error: unknown): void
}

/** The transaction of a synchronous writer. */
export interface Transaction {
  begin(): void
  commit(): void
  /** Throws if it is not certain that nothing of the transaction stays. */
  rollback(): void
}

export class GroupCommit {
  private readonly transaction: Transaction
  private readonly nowMs: () => number
  private readonly soon: (act: () => void) => void
  private queue: Work[] = []
  private isDue = false
  private isOpen = false
  private stopped: OncewireError | undefined

  /** `soon`: when what came in this turn of the loop has come. */
  constructor(
    transaction: Transaction,
    { nowMs, soon }: { readonly nowMs: () => number; readonly soon: (act: () => void) => void },
  ) {
    this.transaction = transaction
    this.nowMs = nowMs
    this.soon = soon
  }

  /** A piece of work runs right now inside the transaction. */
  get isInside(): boolean {
    return this.isOpen
  }

  add<T>(run: () => T, { isAlone = false }: { readonly isAlone?: boolean } = {}): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.stopped !== undefined) return reject(this.stopped)
      this.queue.push({ run, resolve, reject, isAlone })
      if (this.isDue) return
      this.isDue = true
      this.soon(() => this.commitGroups())
    })
  }

  /** Does what waits, and takes no more. */
  close(): void {
    this.commitGroups()
    this.stopped ??= new OncewireError('ledger-failed', 'unknown', 'the ledger is closed')
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
      this.isOpen = true
      // Crash point ledger:before-begin
      this.transaction.begin()
      const endMs = this.nowMs() + groupMs
      do {
        const work = this.queue.shift() as Work
        taken.push(work)
        done.push({ work, value: work.run() })
      } while (this.hasRoom(taken, endMs))
      // Crash point ledger:before-commit
      this.transaction.commit()
    } catch (error) {
      this.abandon(taken, error)
      return
    } finally {
      this.isOpen = false
    }
    // Crash point ledger:after-commit
    for (const { work, value } of done) work.resolve(value as never)
  }

  private hasRoom(taken: readonly Work[], endMs: number): boolean {
    const next = this.queue[0]
    if (next === undefined || next.isAlone || taken[0]?.isAlone === true) return false
    return taken.length < groupMax && this.nowMs() < endMs
  }

  private abandon(taken: readonly Work[], cause: unknown): void {
    const why = cause instanceof Error ? cause.message : String(cause)
    const failed = new OncewireError('ledger-failed', 'unknown', `the ledger could not commit: ${why}`, { cause })
    try {
      this.transaction.rollback()
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
}
