/**
 * A checked history as a page of its own: a line for each client, a bar for each call, a dot where the order that was found
 * places it, and in red the call that no order explains.
 *
 * Invariant: the page needs nothing from anywhere, and runs no script. Everything that a caller gave stands in it as text.
 */
import { type Bar, layOut, type Mark, markPx, type Picture } from './history-layout.ts'
import type { HistoryVerdict, PartVerdict, SequentialModel } from './linearizable.ts'

export interface PageOptions {
  readonly title: string
  /** A sentence or two for whoever opens the page. */
  readonly note?: string | undefined
  /** What else happened, and when. */
  readonly marks?: readonly Mark[] | undefined
}

/** Objects on one page; those that are wrong come first. */
const partsMax = 6
const rank = { violated: 0, undecided: 1, ok: 2 } as const

/** HTML of one page. */
export function drawHistory<Input, Output, State>(
  history: HistoryVerdict<Input, Output, State>,
  model: SequentialModel<Input, Output, State>,
  { title, note, marks }: PageOptions,
): string {
  const parts = history.parts.toSorted((one, other) => rank[one.verdict] - rank[other.verdict])
  const shown = parts.slice(0, history.verdict === 'violated' ? Math.max(1, countWrong(parts)) : partsMax)
  const counts = `${history.calls} calls on ${parts.length === 1 ? 'one object' : `${parts.length} objects`}, ${history.unknown} of unknown outcome.`
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${escaped(title)}</title>
<style>${style}</style>
<h1>${escaped(title)} <b class="${history.verdict}">${verdictWords[history.verdict]}</b></h1>
${note === undefined ? '' : `<p>${escaped(note)}</p>\n`}<p>${counts} Dots are the order that was found; times are in milliseconds, the distances are not to scale.</p>
${shown
  .slice(0, partsMax)
  .map((part) => drawPart(part, model, marks))
  .join('\n')}
</html>
`
}

const countWrong = (parts: readonly { readonly verdict: string }[]): number =>
  parts.filter(({ verdict }) => verdict === 'violated').length

const verdictWords = {
  ok: 'is linearizable',
  violated: 'is not linearizable',
  undecided: 'was not decided within the budget',
} as const

function drawPart<Input, Output, State>(
  part: PartVerdict<Input, Output, State>,
  model: SequentialModel<Input, Output, State>,
  whatElse: readonly Mark[] | undefined,
): string {
  const picture = layOut(part, model, whatElse)
  const { widthPx, heightPx, bars, rows, states, path, marks } = picture
  const left = picture.leftOut === 0 ? '' : ` <small>${picture.leftOut} calls further away are not drawn</small>`
  return `<section>
<h2>${escaped(part.partition === '' ? 'The object' : part.partition)}${left}</h2>
${explanation(part, model)}
<svg width="${widthPx}" height="${heightPx}" viewBox="0 0 ${widthPx} ${heightPx}" role="img">
${rows.map(({ name, yPx }) => `<text class="client" x="8" y="${yPx + 4}">${escaped(name)}</text><line class="row" x1="0" x2="${widthPx}" y1="${yPx + 22}" y2="${yPx + 22}"/>`).join('\n')}
${states.map(({ text, xPx }) => `<text class="state" x="${xPx}" y="18" text-anchor="middle">${escaped(text)}</text>`).join('\n')}
${bars.map((bar) => drawBar(bar)).join('\n')}
<polyline class="order" points="${path.map(({ xPx, yPx }) => `${xPx},${yPx}`).join(' ')}"/>
${path.map((point, i) => `<line class="drop" x1="${point.xPx}" x2="${point.xPx}" y1="24" y2="${point.yPx}"/><circle class="point" cx="${point.xPx}" cy="${point.yPx}" r="5"><title>${i + 1 + picture.placedBefore}.</title></circle>`).join('\n')}
${marks.map((mark, i) => drawMark(mark, heightPx - (marks.length - i) * markPx + 14)).join('\n')}
</svg>
</section>`
}

function drawBar({ xPx, yPx, widthPx, kind, label, hover }: Bar): string {
  const end = kind === 'unknown' ? `<text class="label" x="${xPx + widthPx - 22}" y="${yPx - 4}">…</text>` : ''
  return `<g class="call ${kind}"><rect x="${xPx}" y="${yPx - 16}" width="${widthPx}" height="32" rx="4"/><text class="label" x="${xPx + 7}" y="${yPx - 3}">${escaped(label)}</text>${end}<title>${escaped(hover)}</title></g>`
}

function drawMark({ text, xPx }: Picture['marks'][number], yPx: number): string {
  // To the left of its line, where there is room.
  const [side, anchor] = text.length * 8 + 12 < xPx ? [-6, 'end'] : [6, 'start']
  return `<line class="mark" x1="${xPx}" x2="${xPx}" y1="24" y2="${yPx}"/><text class="mark" x="${xPx + side}" y="${yPx}" text-anchor="${anchor}">${escaped(text)}</text>`
}

/** What is wrong, in words. */
function explanation<Input, Output, State>(
  { verdict, culprit, calls, prefixes }: PartVerdict<Input, Output, State>,
  model: SequentialModel<Input, Output, State>,
): string {
  const call = culprit === undefined ? undefined : calls[culprit]
  if (verdict !== 'violated' || call === undefined) return ''
  const output = call.outcome.kind === 'returned' ? call.outcome.output : undefined
  const name = model.show?.(call.input, output) ?? JSON.stringify([call.input, output])
  const states = new Set(prefixes.map(({ state }) => model.showState?.(state) ?? String(JSON.stringify(state))))
  const others = prefixes.length === 1 ? 'the one order of the calls before it' : 'the orders of the calls before it'
  const held = [...states].map((state) => `<code>${escaped(state)}</code>`).join(' or ')
  return `<p class="why"><code>${escaped(name)}</code> of ${escaped(call.client)} cannot be placed anywhere: ${others} ${prefixes.length === 1 ? 'leaves' : 'leave'} ${held} there.</p>`
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string): string => text.replace(/[&<>"]/g, (letter) => entities[letter] as string)

const style = `
:root { color-scheme: light dark; --ink: #1d2433; --soft: #667; --bar: #dfe8f7; --edge: #6c8cc4; --line: #e3e6ec; --back: #fff; --point: #1f4fa3; --bad: #c62828; --badbar: #fbdcdc; --good: #1b7f3b }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9f0; --soft: #9aa3b5; --bar: #26344f; --edge: #7f9fd8; --line: #2c3240; --back: #14171e; --point: #a8c4ff; --bad: #ff7b7b; --badbar: #4d2226; --good: #6fd48d } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back); margin: 2rem }
h1 { font-size: 1.3rem } h2 { font-size: 1.05rem } b.violated, .why { color: var(--bad) } b.ok { color: var(--good) }
small { color: var(--soft); font-weight: normal }
section { overflow-x: auto }
svg text { font: 13px ui-monospace, monospace; fill: var(--ink) }
svg .client { font-family: system-ui, sans-serif; fill: var(--soft) }
svg .state { fill: var(--point) }
.row { stroke: var(--line) }
.call rect { fill: var(--bar); stroke: var(--edge) }
.call.unknown rect { fill: none; stroke-dasharray: 5 4 }
.call.unplaced rect { fill: none }
.call.culprit rect { fill: var(--badbar); stroke: var(--bad); stroke-width: 2 }
.call.culprit .label { fill: var(--bad); font-weight: bold }
.order { fill: none; stroke: var(--point); stroke-width: 1.2; opacity: .55 }
.drop { stroke: var(--point); stroke-dasharray: 1 4; opacity: .5 }
line.mark { stroke: var(--bad); stroke-dasharray: 2 3 } text.mark { fill: var(--bad) }
.point { fill: var(--point); stroke: var(--back); stroke-width: 1.5 }
`
