/**
 * What a client of the chaos run calls, as a function of its seed, its life and a count.
 *
 * Invariant: the arguments of an order follow from its tag: whoever calls it under that key calls the same.
 */
import { seededRandom } from '../../src/std/prng.ts'

export const accounts = 50
export const startCents = 1_000_000_000

export type Kind = 'transfer' | 'order' | 'count' | 'put' | 'balance' | 'dispense' | 'run'

export interface Planned {
  readonly kind: Kind
  /** Different for each call, but of orders, which clients share. */
  readonly tag: string
  readonly source: number
  readonly target: number
  readonly cents: number
  /** How it must end: in an error of the handler, or in the declared exception. */
  readonly ends: 'ok' | 'fails' | 'short'
  readonly deadlineMs: number | undefined
  readonly cancelMs: number | undefined
}

export interface Planner {
  /** Tells this client's tags from others'. */
  readonly client: string
  readonly life: number
  readonly seed: number
  /** Tells the keys of one world from those of another. */
  readonly world: string
}

/** At the end of a tag: how its handler ends, after it has moved the cents. */
const marks = { ok: '', fails: '!', short: '?' } as const

/** Parts of a thousand calls. */
const mixture: readonly (readonly [Kind, number])[] = [
  ['transfer', 310],
  ['order', 90],
  ['count', 220],
  ['put', 150],
  ['balance', 190],
  ['dispense', 25],
  ['run', 15],
]
/** Each order is called so often by each client. */
const repeats = 2

export class Plan {
  private count = 0
  private orders = 0
  private readonly random: () => number
  private readonly planner: Planner

  constructor(planner: Planner, ordersBefore: number) {
    this.planner = planner
    this.orders = ordersBefore
    this.random = seededRandom(planner.seed * 7919 + planner.life * 104_729)
  }

  next(): Planned {
    const { random, planner } = this
    const n = this.count++
    const kind = this.kind()
    const [how, patience] = [random(), random()]
    const isTransfer = kind === 'transfer'
    const ends = isTransfer && how < 0.02 ? 'fails' : isTransfer && how < 0.04 ? 'short' : 'ok'
    const own = `${kind[0]}:${planner.client}.${planner.life}.${n}${marks[ends]}`
    const source = 1 + Math.floor(random() * (accounts - 1))
    const mayGiveUp = kind !== 'run' && kind !== 'order'
    return {
      kind,
      tag: kind === 'order' ? orderTag(planner.world, Math.floor(this.orders++ / repeats)) : own,
      source,
      target: 1 + ((source + Math.floor(random() * (accounts - 2))) % (accounts - 1)),
      cents: ends === 'short' ? 2 * startCents * accounts : 1 + Math.floor(random() * 100),
      ends,
      deadlineMs: mayGiveUp && patience < 0.03 ? 1 + Math.floor(random() * 40) : undefined,
      cancelMs: mayGiveUp && patience > 0.98 ? Math.floor(random() * 20) : undefined,
    }
  }

  private kind(): Kind {
    let left = this.random() * 1000
    for (const [kind, parts] of mixture) {
      left -= parts
      if (left < 0) return kind
    }
    return 'transfer'
  }
}

export const orderTag = (world: string, number: number): string => `o:${world}.${number}`

export function accountOfOrder(tag: string): number {
  return 1 + (Number(tag.slice(tag.lastIndexOf('.') + 1)) % (accounts - 1))
}
