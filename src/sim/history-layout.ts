/**
 * Where the parts of a history's picture stand: pixels, and nothing of how they look.
 *
 * Invariant: left of means before; distances are as wide as the words in them need.
 */
import type { HistoryCall, PartVerdict, SequentialModel } from './linearizable.ts'

export interface Bar {
  readonly xPx: number
  /** Of its middle. */
  readonly yPx: number
  readonly widthPx: number
  /** `unplaced`: under way when the culprit returned, and not needed before. */
  readonly kind: 'placed' | 'unplaced' | 'unknown' | 'culprit'
  readonly label: string
  readonly hover: string
}

export interface Picture {
  readonly widthPx: number
  readonly heightPx: number
  readonly rows: readonly { readonly name: string; readonly yPx: number }[]
  readonly bars: readonly Bar[]
  /** The order, from point to point. */
  readonly path: readonly { readonly xPx: number; readonly yPx: number }[]
  /** What the object holds from that point on. */
  readonly states: readonly { readonly text: string; readonly xPx: number }[]
  readonly leftOut: number
  /** Calls of the order that are not drawn. */
  readonly placedBefore: number
}

const callsMax = 40
const rowPx = 44
const topPx = 54
const letterPx = 8
const gapPx = 34
const endlessPx = 46

export function layOut<Input, Output, State>(
  part: PartVerdict<Input, Output, State>,
  model: SequentialModel<Input, Output, State>,
): Picture {
  const { calls, culprit } = part
  const shown = nearby(part)
  const { rows, rowOf } = rowsOf(shown, calls)
  const labels = new Map(shown.map((i) => [i, labelOf(calls[i] as HistoryCall<Input, Output>, model)]))
  const order = part.prefixes[0]?.order ?? []
  const scale = new Scale(
    shown.map((i) => spanOf(calls[i] as HistoryCall<Input, Output>)),
    shown.map((i) => (labels.get(i) as string).length * letterPx + 16),
    letterPx * (Math.max(...rows.map(({ name }) => name.length), 4) + 2),
  )
  const yOf = (i: number): number => topPx + (rowOf.get(i) as number) * rowPx
  const bars = shown.map((i): Bar => {
    const call = calls[i] as HistoryCall<Input, Output>
    const [from, to] = spanOf(call)
    const xPx = scale.begin(from)
    const kind = i === culprit ? 'culprit' : to === Infinity ? 'unknown' : order.includes(i) ? 'placed' : 'unplaced'
    const label = labels.get(i) as string
    return {
      xPx,
      yPx: yOf(i),
      widthPx: scale.end(to) - xPx,
      kind,
      label,
      hover: hoverOf(call, label, order.indexOf(i)),
    }
  })
  const points = pointsOf(order, calls, scale)
  const drawn = points.filter(({ call }) => shown.includes(call))
  const states = statesOf(part, model)
  return {
    widthPx: scale.widthPx,
    heightPx: topPx + rows.length * rowPx - 10,
    rows,
    bars,
    path: drawn.map(({ call, xPx }) => ({ xPx, yPx: yOf(call) + 8 })),
    states: drawn.flatMap(({ at, xPx }) => {
      const text = states[at] as string
      return at > 0 && text === states[at - 1] ? [] : [{ text, xPx }]
    }),
    leftOut: calls.length - shown.length,
    placedBefore: order.length - drawn.length,
  }
}

/** A row for each client, and more for one that went on after a call of which it never heard again. */
function rowsOf(
  shown: readonly number[],
  calls: readonly HistoryCall<unknown, unknown>[],
): { readonly rows: Picture['rows']; readonly rowOf: ReadonlyMap<number, number> } {
  const rows: { name: string; yPx: number }[] = []
  const rowOf = new Map<number, number>()
  for (const name of [...new Set(shown.map((i) => calls[i]?.client ?? ''))].sort()) {
    const freeAtMs: number[] = []
    const first = rows.length
    for (const i of shown.filter((one) => calls[one]?.client === name)) {
      const [from, to] = spanOf(calls[i] as HistoryCall<unknown, unknown>)
      const free = freeAtMs.findIndex((ms) => ms < from)
      const lane = free < 0 ? freeAtMs.length : free
      freeAtMs[lane] = to
      rowOf.set(i, first + lane)
    }
    freeAtMs.forEach((_, lane) => rows.push({ name: lane === 0 ? name : '', yPx: topPx + (first + lane) * rowPx }))
  }
  return { rows, rowOf }
}

/** The calls that are drawn: those next to the culprit, or the first; of the endless ones those that the order needs. */
function nearby<Input, Output, State>({ calls, culprit, prefixes }: PartVerdict<Input, Output, State>): number[] {
  const placed = new Set(prefixes[0]?.order)
  const all = calls.map((_, i) => i)
  const wrong = culprit === undefined ? undefined : calls[culprit]
  if (wrong === undefined) return all.slice(0, callsMax)
  const [, endMs] = spanOf(wrong)
  const before = all.filter((i) => {
    const [from, to] = spanOf(calls[i] as HistoryCall<Input, Output>)
    return from <= endMs && (to !== Infinity || placed.has(i) || calls.length <= callsMax)
  })
  // By their ends: an endless one that is needed may have begun long ago.
  const endOf = (i: number): number => Math.min(spanOf(calls[i] as HistoryCall<Input, Output>)[1], Number.MAX_VALUE)
  const byEnd = before.toSorted((one, other) => endOf(one) - endOf(other))
  return byEnd.slice(-callsMax).sort((one, other) => one - other)
}

function spanOf(call: HistoryCall<unknown, unknown>): readonly [number, number] {
  return [call.calledMs, 'atMs' in call.outcome ? call.outcome.atMs : Infinity]
}

function labelOf<Input, Output, State>(
  { input, outcome }: HistoryCall<Input, Output>,
  model: SequentialModel<Input, Output, State>,
): string {
  const output = outcome.kind === 'returned' ? outcome.output : undefined
  const text = model.show?.(input, output) ?? JSON.stringify(output === undefined ? input : [input, output])
  return text.length > 48 ? `${text.slice(0, 47)}…` : text
}

function hoverOf(call: HistoryCall<unknown, unknown>, label: string, place: number): string {
  const [from, to] = spanOf(call)
  const ends = { returned: 'answered at', ran: 'known to have run at', unknown: '', never: '' }[call.outcome.kind]
  const end = to === Infinity ? 'nobody knows whether it ran' : `${ends} ${to.toFixed(1)} ms`
  const where = place < 0 ? 'not placed' : `placed as number ${place + 1}`
  return `${label}\n${call.client}; called at ${from.toFixed(1)} ms, ${end}; ${where}`
}

/** Each as early as it may be: when the last call that is placed before it, or it, was made. */
function pointsOf(
  order: readonly number[],
  calls: readonly HistoryCall<unknown, unknown>[],
  scale: Scale,
): readonly { readonly call: number; readonly at: number; readonly xPx: number }[] {
  let latestMs = -Infinity
  const times = order.map((i) => (latestMs = Math.max(latestMs, (calls[i] as HistoryCall<unknown, unknown>).calledMs)))
  return order.map((call, at) => {
    const first = times.indexOf(times[at] as number)
    const count = times.lastIndexOf(times[at] as number) - first + 1
    return { call, at, xPx: scale.behind(times[at] as number, (at - first + 1) / (count + 1)) }
  })
}

/** As text, behind each call of the order. */
function statesOf<Input, Output, State>(
  { calls, prefixes }: PartVerdict<Input, Output, State>,
  model: SequentialModel<Input, Output, State>,
): readonly string[] {
  let state = model.initial
  return (prefixes[0]?.order ?? []).map((i) => {
    const { input, outcome } = calls[i] as HistoryCall<Input, Output>
    state = model.step(state, input, outcome.kind === 'returned' ? outcome.output : undefined) as State
    const text = model.showState?.(state) ?? String(JSON.stringify(state))
    return text.length > 16 ? `…${text.slice(-15)}` : text
  })
}

/** Times to pixels: every time at which something begins or ends has a place, and every word has room. */
class Scale {
  readonly widthPx: number
  /** What begins at a time does so before what ends at it: the two are not one after the other. */
  private readonly begins = new Map<number, number>()
  private readonly ends = new Map<number, number>()
  private readonly places: readonly number[]

  constructor(spans: readonly (readonly [number, number])[], widths: readonly number[], leftPx: number) {
    const beginnings = new Set(spans.map(([from]) => from))
    const endings = new Set(spans.map(([, to]) => to).filter((time) => time !== Infinity))
    let moments = 0
    for (const time of [...new Set([...beginnings, ...endings])].sort((one, other) => one - other)) {
      if (beginnings.has(time)) this.begins.set(time, moments++)
      if (endings.has(time)) this.ends.set(time, moments++)
    }
    const gaps: number[] = Array.from({ length: moments }, (_, i) => (i === moments - 1 ? endlessPx : gapPx))
    for (const [i, [from, to]] of spans.entries()) {
      const first = this.begins.get(from) as number
      const end = this.ends.get(to) ?? moments
      const has = gaps.slice(first, end).reduce((sum, gap) => sum + gap, 0)
      const share = Math.max(0, (widths[i] as number) - has) / (end - first)
      for (let gap = first; gap < end; gap++) gaps[gap] = (gaps[gap] as number) + share
    }
    let xPx = leftPx
    this.places = gaps.map((gap) => Math.round((xPx += gap) - gap))
    this.widthPx = Math.ceil(xPx)
  }

  begin(time: number): number {
    return this.places[this.begins.get(time) as number] as number
  }

  end(time: number): number {
    return this.places[this.ends.get(time) ?? Infinity] ?? this.widthPx
  }

  /** Some way from a beginning to what comes next. */
  behind(time: number, share: number): number {
    const i = this.begins.get(time) ?? 0
    const from = this.places[i] ?? 0
    return from + ((this.places[i + 1] ?? this.widthPx) - from) * share
  }
}
