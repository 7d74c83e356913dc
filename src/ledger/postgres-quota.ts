/**
 * What is kept of each principal, as this process last counted it: counting takes as long as there are records.
 *
 * Invariant: counted anew before a sixteenth of what was left can be used up by this process, and each second.
 */
import type { Kept } from '../once/admission.ts'
import type { LedgerLimits } from '../once/ledger.ts'

interface Counted {
  readonly kept: Kept
  readonly untilMs: number
  recordsLeft: number
  bytesLeft: number
}

const countedForMs = 1000
const principalsMax = 10_000

export class Quotas {
  private readonly limits: LedgerLimits
  private readonly nowMs: () => number
  private readonly counted = new Map<string, Counted>()

  constructor(limits: LedgerLimits, nowMs: () => number) {
    this.limits = limits
    this.nowMs = nowMs
  }

  /** undefined: count. */
  kept(principal: string): Kept | undefined {
    const counted = this.counted.get(principal)
    if (counted === undefined || counted.recordsLeft < 1 || counted.bytesLeft < 0) return undefined
    return counted.untilMs < this.nowMs() ? undefined : counted.kept
  }

  put(principal: string, kept: Kept): void {
    if (this.counted.size >= principalsMax) this.counted.clear()
    const { recordsMax, recordBytesMax } = this.limits
    this.counted.set(principal, {
      kept,
      untilMs: this.nowMs() + countedForMs,
      recordsLeft: (recordsMax - kept.records) / 16,
      bytesLeft: (recordBytesMax - kept.bytes) / 16,
    })
  }

  /** A record was added. */
  added(principal: string, bytes: number): void {
    const counted = this.counted.get(principal)
    if (counted === undefined) return
    counted.recordsLeft--
    counted.bytesLeft -= bytes
  }

  /** Records were forgotten. */
  freed(principal: string): void {
    this.counted.delete(principal)
  }
}
