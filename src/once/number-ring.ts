/**
 * Values by number, for numbers that are given one after the other and forgotten from the lowest up: 25 ns where a Map
 * takes 200.
 *
 * Invariant: holds nothing below `first` and nothing from `next` on; its memory is as large as the widest span it held.
 */
import { assert } from '../std/assert.ts'

const smallest = 8

export class NumberRing<T> {
  /** Lowest number that may be held. */
  first: number
  /** One more than the highest number ever held. */
  next: number
  /** How many are held. */
  count = 0
  private slots: (T | undefined)[] = emptySlots(smallest)
  private mask: number = smallest - 1

  constructor(first: number) {
    this.first = first
    this.next = first
  }

  get(number: number): T | undefined {
    return number >= this.first && number < this.next ? this.slots[number & this.mask] : undefined
  }

  set(number: number, value: T): void {
    assert(number >= this.first, `number ${number} was forgotten, all below ${this.first} were`)
    while (number - this.first > this.mask) this.grow()
    if (number >= this.next) this.next = number + 1
    const slot = number & this.mask
    if (this.slots[slot] === undefined) this.count++
    this.slots[slot] = value
  }

  delete(number: number): void {
    if (this.get(number) === undefined) return
    this.slots[number & this.mask] = undefined
    this.count--
  }

  /** Forgets everything below `number`; `dropped` is told each. */
  dropBelow(number: number, dropped: (value: T) => void = () => {}): void {
    const end = Math.min(number, this.next)
    for (let n = this.first; n < end; n++) {
      const value = this.get(n)
      if (value === undefined) continue
      this.delete(n)
      dropped(value)
    }
    if (number > this.first) this.first = number
    if (number > this.next) this.next = number
  }

  /** Raises `first` to the lowest number that is held, or to `next`. */
  skipGaps(): void {
    while (this.first < this.next && this.slots[this.first & this.mask] === undefined) this.first++
  }

  /** Those held, from the lowest number up. */
  values(): T[] {
    const values: T[] = []
    for (let n = this.first; n < this.next; n++) {
      const value = this.slots[n & this.mask]
      if (value !== undefined) values.push(value)
    }
    return values
  }

  private grow(): void {
    const { slots, mask } = this
    this.mask = mask * 2 + 1
    this.slots = emptySlots(this.mask + 1)
    for (let n = this.first; n < this.next; n++) this.slots[n & this.mask] = slots[n & mask]
  }
}

function emptySlots<T>(count: number): (T | undefined)[] {
  return Array.from({ length: count }, () => undefined)
}
