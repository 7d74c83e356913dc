/**
 * What happened to one call, as the link and the parent saw it, and its drawing as a time-sequence diagram.
 */
import type { SeenFrame } from './link.ts'

type Fate = 'delivered' | 'lost' | 'twice' | 'late'

interface Step {
  readonly atMs: number
  readonly what:
    | { readonly kind: 'call' | 'reply'; readonly frame: SeenFrame; readonly fate: Fate }
    | { readonly kind: 'mark'; readonly side: 'client' | 'server'; readonly text: string }
}

export class Timeline {
  readonly steps: Step[] = []
  private readonly startMs = performance.now()

  add(kind: 'call' | 'reply', { fate = 'delivered', ...frame }: SeenFrame & { readonly fate?: Fate }): void {
    this.steps.push({ atMs: performance.now() - this.startMs, what: { kind, frame, fate } })
  }

  mark(side: 'client' | 'server', text: string): void {
    this.steps.push({ atMs: performance.now() - this.startMs, what: { kind: 'mark', side, text } })
  }

  /** Lifelines of client, link and server, time downward; a line of text for each step. */
  draw(paint: (text: string, style: string) => string): string[] {
    const lines = [
      '          client                     link                     server',
      line('', '│', '', '│', '', '│', ''),
    ]
    // When the first message came by is when the diagram begins; starting processes is not what it shows.
    const beginMs = this.steps.find(({ what }) => what.kind !== 'mark')?.atMs ?? 0
    let hasRun = false
    for (const { atMs, what } of this.steps) {
      const at = `${Math.max(0, Math.round(atMs - beginMs))} ms`
      if (what.kind === 'mark') {
        const text = paint(what.text, what.text.startsWith('kill') ? '31' : '36')
        lines.push(
          what.side === 'client' ? `${at.padStart(8)}  ◆ ${text}` : `${line(at, '│', '', '│', '', '◆', '')} ${text}`,
        )
        continue
      }
      const reached = what.fate !== 'lost'
      if (what.kind === 'call') {
        const name =
          what.frame.attempt > 1
            ? ` CALL, attempt ${what.frame.attempt} `
            : what.fate === 'late'
              ? ' CALL, a late copy '
              : ' CALL '
        const toLink = what.fate === 'late' ? ' '.repeat(24) : arrow(name, 'right')
        const onward = reached
          ? arrow(what.fate === 'twice' ? ' twice ' : what.fate === 'late' ? ' late ' : '', 'right')
          : lost('right')
        lines.push(line(at, '│', toLink, '│', reached ? onward : paint(onward, '31'), '│', ''))
      } else {
        const ran = what.frame.isReplay
          ? 'answers from its memory, does not run'
          : hasRun
            ? 'runs again'
            : 'runs, commits, answers'
        if (!what.frame.isReplay) hasRun = true
        lines.push(
          `${line('', '│', '', '│', '', what.frame.isReplay ? '│' : '█', '')} ${paint(ran, what.frame.isReplay ? '32' : '33')}`,
        )
        const toClient = reached ? arrow('', 'left') : lost('left')
        lines.push(line(at, '│', reached ? toClient : paint(toClient, '31'), '│', arrow(' REPLY ', 'left'), '│', ''))
      }
    }
    lines.push(line('', '│', '', '│', '', '│', ''))
    return lines
  }
}

const width = 24

function line(at: string, ...parts: string[]): string {
  const [client, first = '', link, second = '', server] = parts
  return `${at.padStart(8)}  ${client}${first === '' ? ' '.repeat(width) : first}${link}${second === '' ? ' '.repeat(width) : second}${server}`
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
