/**
 * What a server keeps for its peers: what has come of messages that are not whole, and answers that have not been taken. One
 * budget for all connections, since many that keep little are as much as one that keeps all.
 *
 * Invariant: above `bytesMax`, whoever keeps most is ended, until what is left fits: those who take their answers and end
 * their messages stay.
 */
import { OncewireError } from '../errors/oncewire-error.ts'

/** A connection. */
export interface Holder {
  /** Ends at once; nothing more is answered. */
  drop(error: OncewireError): void
}

/** Changes smaller than this are not told. */
const stepBytes = 4096

export class HeldBytes {
  private readonly bytesMax: number
  private readonly holders = new Map<Holder, number>()
  private total = 0

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
  }

  /** `holder` keeps so many bytes now; 0: nothing, or it is gone. */
  set(holder: Holder, bytes: number): void {
    const before = this.holders.get(holder) ?? 0
    if (bytes !== 0 && Math.abs(bytes - before) < stepBytes) return
    if (bytes === before) return
    this.total += bytes - before
    if (bytes === 0) this.holders.delete(holder)
    else this.holders.set(holder, bytes)
    while (this.total > this.bytesMax) this.endLargest()
  }

  private endLargest(): void {
    let largest: Holder | undefined
    let most = 0
    for (const [holder, bytes] of this.holders) {
      if (bytes <= most) continue
      largest = holder
      most = bytes
    }
    if (largest === undefined) return
    this.holders.delete(largest)
    this.total -= most
    const message = `all connections keep more than limits.heldBytesMax, ${this.bytesMax} bytes, and this one ${most} of them: messages that are not whole, or answers that were not taken`
    largest.drop(new OncewireError('overloaded', 'unknown', message))
  }
}
