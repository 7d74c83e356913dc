/**
 * Many worlds, one after the other, added up.
 */
import { Worker } from 'node:worker_threads'
import type { Fault } from './faults.ts'
import { simulateOnce, type SimulationOptions } from './simulation.ts'

export type WorldOptions = Omit<SimulationOptions, 'seed' | 'isTraced'>

export interface SeedTotals {
  worlds: number
  simulatedMs: number
  faults: Partial<Record<Fault, number>>
  failures: { readonly seed: number; readonly violations: readonly string[] }[]
}

export function noTotals(): SeedTotals {
  return { worlds: 0, simulatedMs: 0, faults: {}, failures: [] }
}

export function addTotals(sum: SeedTotals, more: SeedTotals): void {
  sum.worlds += more.worlds
  sum.simulatedMs += more.simulatedMs
  for (const [name, count] of Object.entries(more.faults))
    sum.faults[name as Fault] = (sum.faults[name as Fault] ?? 0) + count
  sum.failures.push(...more.failures)
}

/** Plays `count` worlds. A world that throws has broken every promise: it is a failure like others. */
export async function playSeeds(first: number, count: number, world: WorldOptions): Promise<SeedTotals> {
  const sum = noTotals()
  for (let seed = first; seed < first + count; seed++) {
    try {
      const { simulatedMs, faults, violations } = await simulateOnce({ ...world, seed })
      const failures = violations.length > 0 ? [{ seed, violations }] : []
      addTotals(sum, { worlds: 1, simulatedMs, faults, failures })
    } catch (error) {
      addTotals(sum, {
        worlds: 1,
        simulatedMs: 0,
        faults: {},
        failures: [{ seed, violations: [`thrown: ${String(error)}`] }],
      })
    }
  }
  return sum
}

export interface ManySeeds {
  readonly first: number
  /** Infinity: until `isOver`. */
  readonly count: number
  /** Threads beside this one. */
  readonly workers: number
  /** Asked between two portions; nothing new is begun then. */
  readonly isOver: () => boolean
  readonly onProgress: (sum: SeedTotals) => void
}

/** What a worker is asked to play; it answers with the totals. */
export interface Portion {
  readonly first: number
  readonly count: number
  readonly world: WorldOptions
}

/** Worlds that a worker plays between two answers. */
const portionSize = 100

/** Plays seeds from `first` on by several threads; those played are consecutive. */
export async function playMany(world: WorldOptions, many: ManySeeds): Promise<SeedTotals> {
  const sum = noTotals()
  let next = many.first
  const end = many.first + many.count
  const portion = (): Portion | undefined => {
    if (next >= end || many.isOver()) return undefined
    const first = next
    next = Math.min(end, next + portionSize)
    return { first, count: next - first, world }
  }
  const done = (more: SeedTotals): void => {
    addTotals(sum, more)
    many.onProgress(sum)
  }
  const count = Math.max(1, Math.min(many.workers, Math.ceil(many.count / portionSize)))
  await Promise.all(Array.from({ length: count }, () => feed(portion, done)))
  sum.failures.sort((one, other) => one.seed - other.seed)
  return sum
}

/** Starts a worker and gives it portions until there is none. */
async function feed(portion: () => Portion | undefined, done: (totals: SeedTotals) => void): Promise<void> {
  const worker = new Worker(new URL('./seed-worker.js', import.meta.url))
  try {
    await new Promise<void>((resolve, reject) => {
      const give = (): void => {
        const next = portion()
        if (next === undefined) resolve()
        else worker.postMessage(next)
      }
      worker.on('error', reject)
      worker.on('message', (totals: SeedTotals) => {
        done(totals)
        give()
      })
      give()
    })
  } finally {
    await worker.terminate()
  }
}
