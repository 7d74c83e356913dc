/**
 * The search for an order, on one object: returns are passed one after the other, and a call is placed only when a return
 * needs it.
 *
 * Nothing is lost by that: take any order that explains the history; everything before a call in it was made before that call
 * returned. So at each return it is enough to try what was made and is not placed yet, in every order that ends in the call
 * that returns.
 *
 * Invariant: a place (which of the calls under way are done, which of the endless ones were used, which state) is visited
 * once for each return; one that used more of the endless calls for the same is not visited at all.
 */
import type { HistoryCall, SequentialModel, Verdict } from './linearizable.ts'

/** An order that explains a history up to some return. */
export interface LongestPrefix<State> {
  /** Places in the list of calls. */
  readonly order: readonly number[]
  readonly state: State
}

interface SearchLimits {
  readonly deadlineMs: number
  readonly stepsMax: number
}

/** The calls placed so far, last first. */
interface Placed {
  readonly call: number
  readonly before: Placed | undefined
}

interface Place<State> {
  readonly state: State
  readonly name: string
  /** Placed, and not returned yet; ascending. */
  readonly done: readonly number[]
  /** Placed, and never returning; ascending. */
  readonly used: readonly number[]
  readonly placed: Placed | undefined
}

/** Everything that can be tried at one return, shortest first. */
interface Frame<State> {
  readonly queue: Place<State>[]
  next: number
  /** The place at `next` was tried with the returning call alone. */
  isTried: boolean
}

/** One return, and what was under way by then. */
interface Return {
  readonly call: number
  /** Made before this return, returning after it. */
  readonly others: readonly number[]
  /** So many of the endless calls had been made. */
  readonly endless: number
}

/** Orders that are kept for the picture. */
const prefixesMax = 8

export class Search<Input, Output, State> {
  steps = 0
  culprit: number | undefined
  prefixes: readonly LongestPrefix<State>[] = []
  private readonly calls: readonly HistoryCall<Input, Output>[]
  private readonly model: SequentialModel<Input, Output, State>
  private readonly limits: SearchLimits
  private readonly endless: readonly number[]
  private readonly returns: readonly Return[]
  /** For each return: done calls and state -> the sets of endless calls with which it was visited. */
  private readonly visited: Map<string, (readonly number[])[]>[]
  /** Places from which the furthest return so far was tried. */
  private furthest: { at: number; places: Place<State>[] } = { at: -1, places: [] }

  /** `calls`: by the time they were made. */
  constructor(
    calls: readonly HistoryCall<Input, Output>[],
    model: SequentialModel<Input, Output, State>,
    limits: SearchLimits,
  ) {
    this.calls = calls
    this.model = model
    this.limits = limits
    this.endless = calls.flatMap(({ outcome }, i) => (outcome.kind === 'unknown' ? [i] : []))
    this.returns = returnsOf(calls, this.endless)
    this.visited = this.returns.map(() => new Map())
  }

  run(): Verdict {
    const { initial } = this.model
    const start = { state: initial, name: this.identify(initial), done: [], used: [], placed: undefined }
    if (this.returns.length === 0) return this.found(start)
    const frames: Frame<State>[] = []
    this.enter(frames, start)
    while (frames.length > 0) {
      const place = this.pass(frames.length - 1, frames.at(-1) as Frame<State>)
      if (place === undefined) frames.pop()
      else if (frames.length === this.returns.length) return this.found(place)
      else this.enter(frames, place)
      if (this.isSpent()) return 'undecided'
    }
    this.culprit = this.returns[this.furthest.at]?.call
    this.prefixes = this.furthest.places.map(prefixOf)
    return 'violated'
  }

  private found(place: Place<State>): Verdict {
    this.prefixes = [prefixOf(place)]
    return 'ok'
  }

  private isSpent(): boolean {
    if (this.steps > this.limits.stepsMax) return true
    return performance.now() > this.limits.deadlineMs
  }

  /** Goes on to the next return, unless it was tried from there. */
  private enter(frames: Frame<State>[], place: Place<State>): void {
    const at = frames.length
    if (!this.isNew(at, place)) return
    frames.push({ queue: [place], next: 0, isTried: false })
    if (at > this.furthest.at) this.furthest = { at, places: [] }
    if (at === this.furthest.at && this.furthest.places.length < prefixesMax) this.furthest.places.push(place)
  }

  /** The next place behind return `at`; undefined if there is none any more. */
  private pass(at: number, frame: Frame<State>): Place<State> | undefined {
    const { call, others, endless } = this.returns[at] as Return
    for (;;) {
      const place = frame.queue[frame.next]
      if (place === undefined) return undefined
      if (!frame.isTried) {
        frame.isTried = true
        if (place.done.includes(call)) {
          // Nothing has to be placed here; what could be is placed when somebody needs it.
          frame.next = Infinity
          return { ...place, done: place.done.filter((one) => one !== call) }
        }
        const passed = this.step(place, call)
        if (passed !== undefined) return passed
      }
      for (const other of others) {
        if (place.done.includes(other)) continue
        const next = this.step(place, other)
        if (next !== undefined) this.queue(at, frame, { ...next, done: withOne(place.done, other) })
      }
      for (let i = 0; i < endless; i++) {
        const other = this.endless[i] as number
        if (place.used.includes(other)) continue
        const next = this.step(place, other)
        // One that changes nothing explains nothing.
        if (next !== undefined && next.name !== place.name)
          this.queue(at, frame, { ...next, used: withOne(place.used, other) })
      }
      frame.next++
      frame.isTried = false
      // What is left is not tried; the caller sees that it is spent too.
      if (this.isSpent()) return undefined
    }
  }

  private queue(at: number, frame: Frame<State>, place: Place<State>): void {
    if (this.isNew(at, place)) frame.queue.push(place)
  }

  private step(place: Place<State>, call: number): Place<State> | undefined {
    this.steps++
    const { input, outcome } = this.calls[call] as HistoryCall<Input, Output>
    const state = this.model.step(place.state, input, outcome.kind === 'returned' ? outcome.output : undefined)
    if (state === undefined) return undefined
    const name = state === place.state ? place.name : this.identify(state)
    return { state, name, done: place.done, used: place.used, placed: { call, before: place.placed } }
  }

  private identify(state: State): string {
    return this.model.identify?.(state) ?? String(JSON.stringify(state))
  }

  private isNew(at: number, { name, done, used }: Place<State>): boolean {
    const visited = this.visited[at] as Map<string, (readonly number[])[]>
    const key = `${done.join()} ${name}`
    const before = visited.get(key)
    if (before === undefined) {
      visited.set(key, [used])
      return true
    }
    if (before.some((fewer) => fewer.every((one) => used.includes(one)))) return false
    before.push(used)
    return true
  }
}

function returnsOf(calls: readonly HistoryCall<unknown, unknown>[], endless: readonly number[]): Return[] {
  const ended = calls.flatMap(({ outcome }, call) => ('atMs' in outcome ? [{ call, atMs: outcome.atMs }] : []))
  ended.sort((one, other) => one.atMs - other.atMs)
  const underWay = new Set<number>()
  let made = 0
  let endlessMade = 0
  return ended.map(({ call, atMs }) => {
    // Made at the very time of a return is not after it: of two clocks that agree, neither is that exact.
    for (; made < calls.length && (calls[made] as HistoryCall<unknown, unknown>).calledMs <= atMs; made++) {
      if (endless[endlessMade] === made) endlessMade++
      else underWay.add(made)
    }
    underWay.delete(call)
    return { call, others: [...underWay], endless: endlessMade }
  })
}

function prefixOf<State>({ state, placed }: Place<State>): LongestPrefix<State> {
  const order: number[] = []
  for (let one = placed; one !== undefined; one = one.before) order.push(one.call)
  return { order: order.reverse(), state }
}

function withOne(numbers: readonly number[], one: number): readonly number[] {
  return [...numbers, one].sort((a, b) => a - b)
}
