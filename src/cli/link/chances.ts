/**
 * What befalls each unit of a faulty link, drawn from one seed.
 *
 * Invariant: what is drawn for a unit depends on the seed, its connection, its direction and its place there, and on
 * nothing else; each fault has a draw of its own. So the same traffic meets the same troubles, and another rate of one
 * fault leaves the others as they were.
 */
import { seededRandom } from '../../std/prng.ts'
import type { Rule, Trouble, Unit } from './link.ts'

/** Of a unit, as a chance from 0 to 1. */
export const chanceNames = ['drop', 'duplicate', 'reorder', 'late', 'corrupt', 'cut', 'halfOpen'] as const
export type ChanceName = (typeof chanceNames)[number]

export interface Chances extends Readonly<Record<ChanceName, number>> {
  readonly seed: number
  /** Milliseconds: at least and at most. */
  readonly delayMs: readonly [number, number]
  readonly lateMs: readonly [number, number]
  /** Of a new connection. */
  readonly refuse: number
  /** Which way troubles strike. */
  readonly direction: 'to-server' | 'to-client' | 'both'
}

/** What is counted. */
const faultNames: readonly string[] = [
  ...['dropped', 'duplicated', 'reordered', 'late', 'corrupted', 'delayed', 'cut', 'half-open'],
  ...['refused', 'partitioned'],
]
export type FaultCounts = Record<string, number>

export class Dice {
  readonly counts: FaultCounts = Object.fromEntries(faultNames.map((name) => [name, 0]))
  units = 0
  frames = 0
  isGood = false
  private readonly chances: Chances
  private readonly onTrouble: (unit: Unit, what: string) => void

  constructor(chances: Chances, onTrouble: (unit: Unit, what: string) => void) {
    this.chances = chances
    this.onTrouble = onTrouble
  }

  /** Whether a new connection is let in. */
  admits(connection: number): boolean {
    const isRefused = !this.isGood && this.drawFor(connection, 2, 0)() < this.chances.refuse
    if (isRefused) this.count('refused')
    return !isRefused
  }

  readonly rule: Rule = (unit) => {
    this.units++
    if (unit.isFrame) this.frames++
    const { direction } = this.chances
    if (this.isGood || (direction !== 'both' && (direction === 'to-server') !== unit.isToServer)) return 'delivered'
    return this.trouble(unit)
  }

  count(what: string, times: number = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + times
  }

  private trouble(unit: Unit): Trouble {
    const { chances } = this
    const draw = this.drawFor(unit.connection, unit.isToServer ? 0 : 1, unit.index)
    const struck = Object.fromEntries(chanceNames.map((name) => [name, draw() < chances[name]]))
    const [place, delay, late] = [draw(), between(chances.delayMs, draw()), between(chances.lateMs, draw())]
    const met = (what: string): void => {
      this.count(what)
      this.onTrouble(unit, what)
    }
    const ending = struck['cut'] ? 'cut' : struck['halfOpen'] ? 'half-open' : undefined
    if (ending !== undefined) {
      met(ending)
      return { ending, place }
    }
    if (unit.isFrame && struck['drop']) {
      met('dropped')
      return { copies: 0 }
    }
    return { ...this.frameTrouble(unit, { struck, late, met }), ...this.byteTrouble({ struck, place, delay, met }) }
  }

  private frameTrouble(unit: Unit, { struck, late, met }: Struck & { readonly late: number }): Trouble {
    if (!unit.isFrame) return {}
    // Only a frame that names its session means the same on another connection.
    const isLate = struck['late'] === true && unit.seen !== undefined
    if (isLate) met('late')
    if (struck['duplicate']) met('duplicated')
    else if (struck['reorder']) met('reordered')
    return {
      copies: struck['duplicate'] ? 2 : 1,
      isBehind: struck['duplicate'] !== true && struck['reorder'] === true,
      ...(isLate ? { lateMs: late } : {}),
    }
  }

  private byteTrouble(drawn: Struck & { readonly place: number; readonly delay: number }): Trouble {
    const { struck, place, delay, met } = drawn
    if (struck['corrupt']) met('corrupted')
    if (delay > 0) this.count('delayed')
    return { isCorrupted: struck['corrupt'] === true, place, delayMs: delay }
  }

  private drawFor(connection: number, way: number, index: number): () => number {
    const mixed = Math.imul(this.chances.seed + 1, 0x9e37_79b1) ^ Math.imul(connection * 3 + way, 0x85eb_ca6b)
    return seededRandom(mixed ^ Math.imul(index, 0xc2b2_ae35))
  }
}

interface Struck {
  readonly struck: Readonly<Record<string, boolean>>
  met(what: string): void
}

function between([least, most]: readonly [number, number], draw: number): number {
  return least + draw * (most - least)
}
