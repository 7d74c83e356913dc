/**
 * Is there one order of these calls that explains every answer? Linearizability (Herlihy and Wing 1990), decided by the
 * search of Wing and Gong (1993) with Lowe's memory of what was tried and his placing of calls just in time (Testing for
 * linearizability, 2017), key by key (Horn and Kroening 2015).
 *
 * Invariant: `ok` comes with an order that anybody can check, `violated` means that every order was tried; what was not
 * decided within the budget is called undecided.
 */
import { type LongestPrefix, Search } from './linearizable-search.ts'

/** How a call ended, as far as its caller knows. */
export type CallOutcome<Output> =
  | { readonly kind: 'returned'; readonly atMs: number; readonly output: Output }
  /** It ran, and that was known at this time; nobody knows what it answered. */
  | { readonly kind: 'ran'; readonly atMs: number }
  /** It may have run at any time after it was made, or may still run, or not: an interval without an end. */
  | { readonly kind: 'unknown' }
  /** It did not run and never will: it is left out. */
  | { readonly kind: 'never' }

/** One call of a history, by the clock that all its clients share. */
export interface HistoryCall<Input, Output> {
  /** Whoever makes one call after the other. */
  readonly client: string
  readonly input: Input
  readonly calledMs: number
  readonly outcome: CallOutcome<Output>
}

/** What the object does when nobody else is there. */
export interface SequentialModel<Input, Output, State> {
  readonly initial: State
  /**
   * The state after this call; undefined if it cannot answer that in this state. An output that is undefined is not known,
   * and every one will do.
   */
  step(state: State, input: Input, output: Output | undefined): State | undefined
  /** Which of many independent objects the call is about; absent: there is one. */
  partition?(input: Input): string
  /** A text that is the same for two states only if they are equal; absent: their JSON. */
  identify?(state: State): string
  /** For pictures: a call, and a state. */
  show?(input: Input, output: Output | undefined): string
  showState?(state: State): string
}

export interface CheckLimits {
  /** How long it may take; 10,000 if absent. */
  readonly budgetMs?: number | undefined
  /** How many steps of the model it may take, for who must give the same answer on every machine. */
  readonly stepsMax?: number | undefined
}

export type Verdict = 'ok' | 'violated' | 'undecided'

/** What became of the calls on one object. */
export interface PartVerdict<Input, Output, State> {
  readonly partition: string
  readonly verdict: Verdict
  /** By the time they were made, those that never ran left out. Numbers below are places in this list. */
  readonly calls: readonly HistoryCall<Input, Output>[]
  /** Orders that explain as much as can be explained, the whole if `ok`; not all of them if there are many. */
  readonly prefixes: readonly LongestPrefix<State>[]
  /** If `violated`: the first call, by the time of its return, that no order explains. */
  readonly culprit: number | undefined
}

export interface HistoryVerdict<Input, Output, State> {
  /** `violated` if one object's calls are, else `undecided` if one's are. */
  readonly verdict: Verdict
  readonly parts: readonly PartVerdict<Input, Output, State>[]
  /** Calls that were checked, and how many of them have no known end. */
  readonly calls: number
  readonly unknown: number
  /** Steps of the model that it took. */
  readonly steps: number
}

/** Checks a history against what the object does when nobody else is there. */
export function checkLinearizable<Input, Output, State>(
  history: readonly HistoryCall<Input, Output>[],
  model: SequentialModel<Input, Output, State>,
  { budgetMs = 10_000, stepsMax = Infinity }: CheckLimits = {},
): HistoryVerdict<Input, Output, State> {
  const deadlineMs = performance.now() + budgetMs
  const ran = history.filter(({ outcome }) => outcome.kind !== 'never')
  const parts: PartVerdict<Input, Output, State>[] = []
  let steps = 0
  for (const [partition, calls] of partitions(ran, model)) {
    const search = new Search(calls, model, { deadlineMs, stepsMax: stepsMax - steps })
    const verdict = search.run()
    steps += search.steps
    parts.push({ partition, verdict, calls, prefixes: search.prefixes, culprit: search.culprit })
  }
  const verdicts = new Set(parts.map(({ verdict }) => verdict))
  const verdict = verdicts.has('violated') ? 'violated' : verdicts.has('undecided') ? 'undecided' : 'ok'
  const unknown = ran.filter(({ outcome }) => outcome.kind === 'unknown').length
  return { verdict, parts, calls: ran.length, unknown, steps }
}

function partitions<Input, Output, State>(
  calls: readonly HistoryCall<Input, Output>[],
  model: SequentialModel<Input, Output, State>,
): ReadonlyMap<string, readonly HistoryCall<Input, Output>[]> {
  const parts = new Map<string, HistoryCall<Input, Output>[]>()
  for (const call of calls.toSorted((one, other) => one.calledMs - other.calledMs)) {
    const partition = model.partition?.(call.input) ?? ''
    const part = parts.get(partition)
    if (part === undefined) parts.set(partition, [call])
    else part.push(call)
  }
  return parts
}
