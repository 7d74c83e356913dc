/**
 * A time-sequence diagram of one call: lifelines of client, link and server, time downward, a line of text a step.
 *
 * Invariant: no line has more than 100 columns; a box stands only where a handler ran.
 */
import type { Fate, SeenFrame } from '../link/link.ts'
import type { Delivery } from './matrix.ts'
import type { Paint } from './render.ts'
import type { Event, Timeline } from './timeline.ts'

const width = 24
const blank = ' '.repeat(width)

export function draw(timeline: Timeline, delivery: Delivery, paint: Paint): string[] {
  const { moments } = timeline
  // When the first call came by is when the diagram begins; starting processes is not what it shows.
  const isCall = (event: Event): boolean => event.kind === 'frame' && event.frame.kind === 'call'
  const beginNs = moments.find(({ event }) => isCall(event))?.atNs ?? moments[0]?.atNs ?? 0n
  const drawn = moments.flatMap(({ event, atNs }) => {
    const ms = Math.max(0, Math.round(Number(atNs - beginNs) / 1e6))
    return drawEvent(event, { at: `${ms} ms`.padStart(8), delivery, paint })
  })
  const head = `${' '.repeat(10)}${'client'.padEnd(width + 1)}${'link'.padEnd(width + 1)}server`
  const bare = lifelines('', {})
  return [head, bare, ...drawn, bare]
}

interface Pen {
  readonly at: string
  readonly delivery: Delivery
  readonly paint: Paint
}

function drawEvent(event: Event, { at, delivery, paint }: Pen): string[] {
  switch (event.kind) {
    case 'ran':
      return [lifelines(at, { server: '█', text: paint('the handler runs: $10 are taken', '33') })]
    case 'mark': {
      const text = paint(event.text, event.isKill ? '31' : '36')
      return [event.side === 'client' ? `${at}  ◆ ${text}` : lifelines(at, { server: '◆', text })]
    }
    case 'late':
      return [lifelines(at, { second: arrow(' a late copy ', 'right') })]
    case 'frame':
      return drawFrame(event, { at, delivery, paint })
  }
}

function drawFrame({ frame, fate }: { frame: SeenFrame; fate: Fate }, { at, delivery, paint }: Pen): string[] {
  switch (frame.kind) {
    case 'call': {
      const first = arrow(frame.attempt > 1 ? ` CALL, attempt ${frame.attempt} ` : ' CALL ', 'right')
      const onward = fate === 'twice' ? arrow(' twice ', 'right') : arrow('', 'right')
      return [lifelines(at, { first, second: fate === 'lost' ? paint(lost('right'), '31') : onward })]
    }
    case 'ack':
      return [lifelines(at, { first: arrow(' ACK: seen it ', 'right'), second: arrow('', 'right') })]
    case 'refused':
      return [
        lifelines(at, {
          first: arrow('', 'left'),
          second: arrow(` REFUSED: ${frame.code} `.slice(0, width - 2), 'left'),
        }),
      ]
    case 'reply': {
      const from = delivery === 'exactly-once' ? 'ledger' : 'memory'
      const text = frame.isReplay ? paint(`answers from its ${from}, does not run`, '32') : ''
      const first = fate === 'lost' ? paint(lost('left'), '31') : arrow('', 'left')
      return [lifelines(at, { first, second: arrow(' REPLY ', 'left'), text })]
    }
    case 'other': // Greetings and farewells are not what is explained.
      return []
  }
}

function lifelines(
  at: string,
  {
    first = blank,
    second = blank,
    server = '│',
    text = '',
  }: { first?: string; second?: string; server?: string; text?: string },
): string {
  return `${at.padStart(8)}  │${first}│${second}${server} ${text}`.trimEnd()
}

function arrow(label: string, to: 'left' | 'right'): string {
  const rest = width - label.length - 1
  const before = Math.floor(rest / 2)
  const shaft = `${'─'.repeat(before)}${label}${'─'.repeat(rest - before)}`
  return to === 'right' ? `${shaft}▶` : `◀${shaft}`
}

function lost(to: 'left' | 'right'): string {
  const shaft = '─'.repeat(10)
  const rest = ' '.repeat(width - 18)
  return to === 'right' ? `${shaft} ✗ lost ${rest}` : `${rest} lost ✗ ${shaft}`
}
