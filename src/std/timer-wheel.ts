/**
 * Things that are due at some time, for very many things of which most are over before they are due: O(1) to add, and
 * nothing to do to remove.
 *
 * Invariant: nothing is handed out before its time, and everything at most one tick after it. Reads no clock.
 */

const tickMs = 8
const slotCount = 4096

export class TimerWheel<T> {
  /** Made when something is put there: most clients use few. */
  private readonly slots: (T[] | undefined)[] = Array.from({ length: slotCount })
  /** Ticks up to here have been handed out. */
  private done = -1
  private count = 0
  private earliest = Infinity

  /** When `take` has something, in milliseconds; Infinity: nothing is waiting. */
  get nextMs(): number {
    return this.earliest * tickMs
  }

  /** What is due later than the wheel reaches comes early, to be added again. */
  add(item: T, atMs: number, nowMs: number): void {
    // Nothing waits before `earliest`; without this, the wheel would reach less far the longer nothing was due.
    this.done = Math.max(this.done, Math.min(Math.floor(nowMs / tickMs), this.earliest) - 1)
    const tick = Math.min(Math.max(Math.ceil(atMs / tickMs), this.done + 1), this.done + slotCount)
    const slot = this.slots[tick % slotCount]
    if (slot === undefined) this.slots[tick % slotCount] = [item]
    else slot.push(item)
    this.count++
    if (tick < this.earliest) this.earliest = tick
  }

  /** All that is due at `nowMs`. */
  take(nowMs: number): T[] {
    const now = Math.floor(nowMs / tickMs)
    if (now < this.earliest) return []
    const due: T[] = []
    const last = Math.min(now, this.done + slotCount)
    for (let tick = this.earliest; tick <= last; tick++) {
      const slot = this.slots[tick % slotCount]
      if (slot === undefined) continue
      for (const item of slot) due.push(item)
      this.slots[tick % slotCount] = undefined
    }
    this.count -= due.length
    this.done = now
    this.earliest = Infinity
    for (let tick = now + 1; this.count > 0 && this.earliest === Infinity; tick++) {
      if (this.slots[tick % slotCount] !== undefined) this.earliest = tick
    }
    return due
  }
}
