/**
 * How a faulty link is doing: a line while it runs, where somebody watches, and a summary at the end.
 */
import type { Dice } from './chances.ts'

const everyMs = 500

export class LinkReport {
  bytes = 0
  /** Clients that found the target away. */
  away = 0
  connections = 0
  private readonly beganMs = performance.now()
  private readonly dice: Dice
  private readonly openCount: () => number
  private timer: NodeJS.Timeout | undefined

  constructor(dice: Dice, openCount: () => number) {
    this.dice = dice
    this.openCount = openCount
  }

  begin(): void {
    if (!process.stderr.isTTY) return
    this.timer = setInterval(() => process.stderr.write(`\r${this.line()}\u001b[K`), everyMs)
  }

  end(): void {
    if (this.timer === undefined) return
    clearInterval(this.timer)
    process.stderr.write('\r\u001b[K')
  }

  figures(): object {
    const { connections, away, bytes } = this
    const { units, frames, counts } = this.dice
    const seconds = Math.round((performance.now() - this.beganMs) / 100) / 10
    return { seconds, connections, targetAway: away, bytes, messages: units, frames, faults: counts }
  }

  line(): string {
    return `${this.openCount()} of ${this.connections} connections open, ${this.dice.units} messages; ${this.faults() || 'no faults yet'}`
  }

  text(): string {
    const { connections, away, bytes } = this
    const { units, frames, counts } = this.dice
    const lines = [
      `${connections} connections, ${bytes} bytes in ${units} messages, ${frames} of them frames`,
      ...(away > 0 ? [`the target could not be reached ${away} times`] : []),
      ...Object.entries(counts).flatMap(([name, n]) => (n > 0 ? [`  ${name.padEnd(12)} ${n}`] : [])),
    ]
    return `${lines.join('\n')}\n`
  }

  private faults(): string {
    return Object.entries(this.dice.counts)
      .flatMap(([name, n]) => (n > 0 ? [`${name} ${n}`] : []))
      .join(', ')
  }
}
