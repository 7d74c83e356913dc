/**
 * Time, chance and processes of a simulated world: one queue of events, one seed.
 *
 * Invariant: nothing here reads a real clock or draws a real random number, so a seed decides every order of events. A
 * process that was killed is told nothing more, whatever its code had still planned.
 */
import { createHash } from 'node:crypto'
import type { World } from '../driver/world.ts'
import { seededRandom } from '../std/prng.ts'

interface Event {
  readonly atMs: number
  readonly order: number
  readonly act: () => void
}

export class Clock {
  /** Milliseconds since the world began. */
  nowMs = 0
  readonly random: () => number
  /** Empty unless the world is traced: a seed that failed is played again with a trace. */
  readonly trace: string[] = []
  private readonly isTraced: boolean
  private readonly heap: Event[] = []
  private order = 0

  constructor(seed: number, isTraced: boolean) {
    this.random = seededRandom(seed)
    this.isTraced = isTraced
  }

  get isIdle(): boolean {
    return this.heap.length === 0
  }

  note(line: () => string): void {
    if (this.isTraced) this.trace.push(`${this.nowMs.toFixed(1).padStart(10)} ${line()}`)
  }

  chance(rate: number): boolean {
    return rate > 0 && this.random() < rate
  }

  /** In [from, to). */
  between(from: number, to: number): number {
    return from + this.random() * (to - from)
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.random() * items.length)] as T
  }

  /** Calls `act` at that time, after everything that was planned for it before. */
  at(atMs: number, act: () => void): void {
    const event = { atMs: Math.max(atMs, this.nowMs), order: this.order++, act }
    const { heap } = this
    let i = heap.push(event) - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (isBefore(heap[parent] as Event, event)) break
      heap[i] = heap[parent] as Event
      i = parent
    }
    heap[i] = event
  }

  after(delayMs: number, act: () => void): void {
    this.at(this.nowMs + delayMs, act)
  }

  /** Lets things happen until `untilMs`, or until `isOver` says so between two events. */
  async run(untilMs: number, isOver: () => boolean = () => false): Promise<void> {
    for (let next = this.heap[0]; next !== undefined && next.atMs <= untilMs && !isOver(); next = this.heap[0]) {
      this.pop()
      this.nowMs = next.atMs
      next.act()
      // Promises that this settled run to where they wait again.
      await turn()
    }
    if (!isOver()) this.nowMs = Math.max(this.nowMs, untilMs === Infinity ? this.nowMs : untilMs)
  }

  private pop(): void {
    const { heap } = this
    const last = heap.pop() as Event
    if (heap.length === 0) return
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child++
      if (isBefore(last, heap[child] as Event)) break
      heap[i] = heap[child] as Event
      i = child
    }
    heap[i] = last
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order)
}

/** After every promise that is settled now, and all that they settle: a tick comes when no microtask is left. */
const turn = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))

/** 2026-01-01: what clocks show when the world begins. */
export const epochMs = 1_767_225_600_000

/** One life of one process, with clocks of its own; what `oncewire` takes for the world. */
export class Process implements World {
  readonly name: string
  isDead = false
  readonly random: () => number
  private readonly clock: Clock
  private pausedUntilMs = 0
  private dateSkewMs: number

  constructor(clock: Clock, name: string, dateSkewMs = 0) {
    this.clock = clock
    this.random = clock.random
    this.name = name
    this.dateSkewMs = dateSkewMs
  }

  kill(): void {
    this.isDead = true
  }

  /** As SIGSTOP does. */
  pause(ms: number): void {
    this.pausedUntilMs = this.clock.nowMs + ms
    this.clock.note(() => `${this.name} stands still for ${Math.round(ms)} ms`)
  }

  /** Somebody sets the clock on the wall. */
  stepDate(ms: number): void {
    this.dateSkewMs += ms
    this.clock.note(() => `${this.name} shows another date, by ${Math.round(ms / 1000)} s`)
  }

  /** Does something in this process: now, when it goes on, or never. */
  within(act: () => void): void {
    if (this.isDead) return
    if (this.pausedUntilMs > this.clock.nowMs) this.clock.at(this.pausedUntilMs, () => this.within(act))
    else act()
  }

  nowMs(): number {
    return this.clock.nowMs
  }

  dateMs(): number {
    return Math.floor(epochMs + this.clock.nowMs + this.dateSkewMs)
  }

  wakeAt(atMs: number, wake: () => void): () => void {
    let isTakenBack = false
    this.clock.at(atMs, () =>
      this.within(() => {
        if (!isTakenBack) wake()
      }),
    )
    return () => void (isTakenBack = true)
  }

  nextTurn(): Promise<void> {
    return new Promise((resolve) => this.soon(resolve))
  }

  /** In the next turn of this process. */
  soon(act: () => void): void {
    this.clock.after(0, () => this.within(act))
  }

  randomHex(bytes: number): string {
    let text = ''
    while (text.length < bytes * 2)
      text += Math.floor(this.clock.random() * 2 ** 32)
        .toString(16)
        .padStart(8, '0')
    return text.slice(0, bytes * 2)
  }

  sha256(...parts: readonly (string | Uint8Array)[]): Uint8Array {
    const hash = createHash('sha256')
    for (const part of parts) hash.update(part)
    return hash.digest()
  }
}
