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

/** Something that happened beside the calls, to be seen among them. */
export interface Mark {
  readonly atMs: number
  readonly text: string
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
  readonly marks: readonly { readonly text: string; readonly xPx: number }[]
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
/** One line of text under the rows. */
export const markPx = 20

export function layOut<Input, Output, State>(
  part: PartVerdict<Input, Output, State>,
  model: SequentialModel<Input, Output, State>,
  marks: readonly Mark[] = [],
): Picture {
  const { calls, culprit } = part
  const shown = nearby(part)
  const { rows, rowOf } = rowsOf(shown, calls)
  const labels = new Map(shown.map((i) => [i, labelOf(calls[i] as HistoryCall<Input, Output>, model)]))
  const order = part.prefixes[0]?.order ?? []
  const texts = statesOf(part, model)
  const times = pointTimesOf(order, calls)
  // Some have their place by a call that is too far away to be drawn.
  const drawnMs = new Set(shown.map((i) => calls[i]?.calledMs))
  const points = order.flatMap((call, at) => {
    const atMs = times[at] as number
    return shown.includes(call) && drawnMs.has(atMs) ? [{ call, at, atMs }] : []
  })
  const scale = new Scale(
    shown.map((i) => spanOf(calls[i] as HistoryCall<Input, Output>)),
    shown.map((i) => (labels.get(i) as string).length * letterPx + 16),
    points.map(({ at, atMs }) => ({ atMs, widthPx: (texts[at] as string).length * letterPx + 8 })),
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
  const drawn = points.map(({ call, at, atMs }) => ({ call, at, xPx: scale.point(atMs) }))
  return {
    widthPx: scale.widthPx,
    heightPx: topPx + rows.length * rowPx - 10 + marks.length * markPx,
    rows,
    bars,
    path: drawn.map(({ call, xPx }) => ({ xPx, yPx: yOf(call) + 8 })),
    states: drawn.flatMap(({ at, xPx }) => {
      const text = texts[at] as string
      return at > 0 && text === texts[at - 1] ? [] : [{ text, xPx }]
    }),
    marks: marks.map(({ atMs, text }) => ({ text, xPx: scale.near(atMs) })),
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
function pointTimesOf(order: readonly number[], calls: readonly HistoryCall<unknown, unknown>[]): readonly number[] {
  let latestMs = -Infinity
  return order.map((i) => (latestMs = Math.max(latestMs, (calls[i] as HistoryCall<unknown, unknown>).calledMs)))
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
    return text.length > 12 ? `…${text.slice(-11)}` : text
  })
}

interface Room {
  readonly atMs: number
  readonly widthPx: number
}

/** Times to pixels: every time at which something begins or ends has a place, and every word has room. */
class Scale {
  readonly widthPx: number
  /** What begins at a time does so before what ends at it: the two are not one after the other. */
  private readonly begins = new Map<number, number>()
  private readonly ends = new Map<number, number>()
  private readonly times: number[] = []
  private readonly places: readonly number[]
  /** How many points stand behind a beginning, and how many of them were asked for. */
  private readonly points = new Map<number, { count: number; asked: number }>()

  /** `rooms`: points that stand behind a beginning, with the width of what is written over them. */
  constructor(
    spans: readonly (readonly [number, number])[],
    widths: readonly number[],
    rooms: readonly Room[],
    leftPx: number,
  ) {
    const beginnings = new Set(spans.map(([from]) => from))
    const endings = new Set(spans.map(([, to]) => to).filter((time) => time !== Infinity))
    for (const time of [...new Set([...beginnings, ...endings])].sort((one, other) => one - other)) {
      if (beginnings.has(time)) this.begins.set(time, this.times.push(time) - 1)
      if (endings.has(time)) this.ends.set(time, this.times.push(time) - 1)
    }
    const moments = this.times.length
    const gaps: number[] = this.times.map((_, i) => (i === moments - 1 ? endlessPx : gapPx))
    for (const [i, [from, to]] of spans.entries())
      widen(gaps, [this.begins.get(from) as number, this.ends.get(to) ?? moments], widths[i] as number)
    for (const { atMs } of rooms) this.points.set(atMs, { count: (this.points.get(atMs)?.count ?? 0) + 1, asked: 0 })
    for (const { atMs, widthPx } of rooms) {
      const first = this.begins.get(atMs) ?? 0
      widen(gaps, [first, first + 1], widthPx * ((this.points.get(atMs)?.count ?? 0) + 1))
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

  /** The next of the points that stand between a beginning and whatever comes next. */
  point(time: number): number {
    const points = this.points.get(time) ?? { count: 1, asked: 0 }
    return this.behind(this.begins.get(time) ?? 0, ++points.asked / (points.count + 1))
  }

  /** Between what was before and what came after. */
  near(time: number): number {
    const after = this.times.findIndex((other) => other > time)
    return this.behind((after < 0 ? this.times.length : after) - 1, 0.5)
  }

  private behind(moment: number, share: number): number {
    const from = this.places[moment] ?? 0
    return from + ((this.places[moment + 1] ?? this.widthPx) - from) * share
  }
}

/** Makes the gaps from one to another, that one left out, as wide together as is needed. */
function widen(gaps: number[], [first, end]: readonly [number, number], widthPx: number): void {
  const has = gaps.slice(first, end).reduce((sum, gap) => sum + gap, 0)
  const share = Math.max(0, widthPx - has) / (end - first)
  for (let gap = first; gap < end; gap++) gaps[gap] = (gaps[gap] as number) + share
}
