/**
 * The chaos run: worlds side by side until enough calls were made, then peace, then judgement.
 *
 * Invariant: however it ends, what it started is ended, and its folder is gone unless a promise was broken.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { killAll, openWorkplace } from '../../src/cli/demo/processes.ts'
import { buildActors } from './actors.ts'
import { explained } from './explain.ts'
import { type Counts, judge, type Verdict } from './judge.ts'
import { postgresStore, sqliteStore, type Store } from './store.ts'
import { World } from './world.ts'

export interface ChaosOptions {
  readonly calls: number
  /** At most so long under fire. */
  readonly seconds: number
  readonly seed: number
  readonly worlds: readonly ('sqlite' | 'postgres')[]
  /** Between two blows to a world, on average, in milliseconds. */
  readonly everyMs: number
  readonly onProgress: (called: number) => void
}

export interface ChaosReport {
  readonly calls: number
  readonly callsPerSecond: number
  readonly seconds: number
  readonly seed: number
  readonly effects: number
  readonly violations: number
  readonly outcomes: Counts
  /** Done to processes and by links, how often. */
  readonly faults: Counts
  readonly frames: number
  readonly records: number
  /** The first findings, each with the history of its call. */
  readonly shown: readonly string[]
  /** Kept, if there are any. */
  readonly folder: string | undefined
}

/** Who plays in each world. */
const casts = {
  sqlite: { servers: 1, clients: 3, inFlight: 96 },
  postgres: { servers: 2, clients: 2, inFlight: 64 },
} as const

/** Of all that is open when peace comes. */
const drainMs = 120_000

export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const workplace = openWorkplace('oncewire-chaos-')
  const stores: Store[] = []
  const worlds: World[] = []
  let isBroken = false
  const close = async (): Promise<void> => {
    await Promise.all(worlds.map((world) => world.close()))
    await Promise.all(stores.map((store) => store.close()))
    killAll()
    if (isBroken) workplace.keep()
    else rmSync(workplace.folder, { recursive: true, force: true, maxRetries: 10 })
  }
  try {
    const actors = await buildActors(workplace.folder)
    for (const [i, kind] of options.worlds.entries()) {
      const folder = join(workplace.folder, kind)
      mkdirSync(folder)
      const store = await (kind === 'sqlite' ? sqliteStore(folder) : postgresStore(folder))
      stores.push(store)
      const { everyMs } = options
      const [name, seed] = [kind[0] as string, options.seed + i]
      worlds.push(new World({ ...casts[kind], name, seed, folder, store, actors, everyMs, drainMs }))
    }
    const called = (): number => worlds.reduce((all, world) => all + world.called, 0)
    const began = performance.now()
    await Promise.all(worlds.map((world) => world.open()))
    const until = performance.now() + options.seconds * 1000
    const timer = setInterval(() => options.onProgress(called()), 200)
    // Together: neither world is left in peace while the other one still suffers.
    const isEnough = (): boolean => performance.now() > until || called() >= options.calls
    const suffered = worlds.map((world) => world.suffer(isEnough))
    await Promise.all(suffered).finally(() => clearInterval(timer))
    const underFire = (performance.now() - began) / 1000
    await Promise.all(worlds.map((world) => world.recover()))
    const judged = await Promise.all(
      worlds.map(async (world) => {
        const evidence = await world.evidence()
        const verdict = judge(evidence)
        return { world, evidence, verdict, shown: explained(verdict, evidence) }
      }),
    )
    const seconds = Math.round((performance.now() - began) / 100) / 10
    isBroken = judged.some(({ verdict }) => verdict.findings.length > 0)
    const violations = judged.reduce((sum, { verdict }) => sum + verdict.findings.length, 0)
    const calls = sum(judged, ({ calls: n }) => n)
    return {
      ...{ calls, seconds, seed: options.seed, violations },
      callsPerSecond: Math.round(calls / underFire),
      effects: sum(judged, ({ effects }) => effects),
      outcomes: added(judged.map(({ verdict }) => verdict.outcomes)),
      faults: added(judged.flatMap(({ world }) => [world.faults, ...world.linkFigures.map(({ faults }) => faults)])),
      frames: judged.flatMap(({ world }) => world.linkFigures).reduce((all, { frames }) => all + frames, 0),
      records: judged.reduce((all, { evidence }) => all + evidence.stored.records, 0),
      shown: judged.flatMap(({ shown }) => shown),
      folder: isBroken ? workplace.folder : undefined,
    }
  } finally {
    await close()
  }
}

const sum = (judged: readonly { readonly verdict: Verdict }[], of: (verdict: Verdict) => number): number =>
  judged.reduce((all, { verdict }) => all + of(verdict), 0)

function added(all: readonly Counts[]): Counts {
  const total: Counts = {}
  for (const counts of all) for (const [name, n] of Object.entries(counts)) total[name] = (total[name] ?? 0) + n
  return Object.fromEntries(
    Object.entries(total)
      .filter(([, n]) => n > 0)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )
}
