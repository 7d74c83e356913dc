/**
 * A ledger that lives and dies with its process: for tests and for trying things. It keeps every rule but survival.
 *
 * Invariant: what a rolled back call or group wrote is gone, as in a database.
 */
import { GroupLedger } from './group-ledger.ts'
import { defaultLimits, type LedgerOptions } from './limits.ts'
import { MemoryRows, type MemoryTx } from './memory-rows.ts'

export type { MemoryTx } from './memory-rows.ts'

export interface MemoryLedger extends GroupLedger<MemoryTx> {
  /** Reads outside of calls. */
  get(key: string): unknown
  /** Another ledger with what is committed now: what a crash of this one would leave, had it a disk. */
  image(): MemoryLedger
}

export interface MemoryLedgerOptions extends LedgerOptions {
  /** Tells it from others: 32 hexadecimal digits. */
  readonly id?: string | undefined
  /** The database's date; Date.now if absent. */
  readonly dateMs?: (() => number) | undefined
  /** The clock of deadlines; performance.now if absent. */
  readonly nowMs?: (() => number) | undefined
}

/** A new, empty ledger. */
export function memoryLedger(options: MemoryLedgerOptions = {}): MemoryLedger {
  return over(new MemoryRows(options.dateMs ?? Date.now), options)
}

function over(rows: MemoryRows, options: MemoryLedgerOptions): MemoryLedger {
  const { id = '0'.repeat(32), nowMs = () => performance.now() } = options
  const ledger = new GroupLedger(rows, { id, nowMs, ...defaultLimits(options) })
  return Object.assign(ledger, {
    get: (key: string) => rows.values.get(key),
    image: () => over(rows.image(), options),
  })
}
