/**
 * Things that are due at some time, for very many things of which most are over before they are due: O(1) to add, and
 * nothing to do to remove.
 *
 * Invariant: nothing is handed out before its time, and everything at most one tick after it. Reads no clock.
 */

const tickMs = 8
const slotCount = 4096
const blockSize = 64

/** Slots that are skipped together while nothing is in them. */
interface Block<T> {
  count: number
  readonly slots: (T[] | undefined)[]
}

export class TimerWheel<T> {
  /** Blocks and slots are made when something is put there: most clients use few. */
  private readonly blocks: (Block<T> | undefined)[] = []
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
    const block = (this.blocks[blockOf(tick)] ??= { count: 0, slots: [] })
    const slot = (block.slots[tick % blockSize] ??= [])
    slot.push(item)
    block.count++
    this.count++
    if (tick < this.earliest) this.earliest = tick
  }

  /** All that is due at `nowMs`. */
  take(nowMs: number): T[] {
    const now = Math.floor(nowMs / tickMs)
    if (now < this.earliest) return []
    const due: T[] = []
    const last = Math.min(now, this.done + slotCount)
    for (let tick = this.earliest; tick <= last; tick = this.occupied(tick + 1)) {
      const block = this.blocks[blockOf(tick)] as Block<T>
      const items = block.slots[tick % blockSize] as T[]
      for (const item of items) due.push(item)
      block.slots[tick % blockSize] = undefined
      block.count -= items.length
      this.count -= items.length
    }
    this.done = now
    this.earliest = this.occupied(now + 1)
    return due
  }

  /** The first tick from there on with something in it; Infinity: none. */
  private occupied(from: number): number {
    if (this.count === 0) return Infinity
    for (let tick = from; ; tick++) {
      const block = this.blocks[blockOf(tick)]
      if (block === undefined || block.count === 0) tick += blockSize - 1 - (tick % blockSize)
      else if (block.slots[tick % blockSize] !== undefined) return tick
    }
  }
}

const blockOf = (tick: number): number => Math.floor((tick % slotCount) / blockSize)
