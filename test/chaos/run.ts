/**
 * The chaos run: worlds side by side until enough calls were made, then peace, then judgement.
 *
 * Invariant: however it ends, what it started is ended, and its folder is gone unless a promise was broken.
 */
import { mkdirSync } from 'node:fs'
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

/** What each world does of all calls, and with whom. */
const casts = {
  sqlite: { share: 0.75, servers: 1, clients: 3, inFlight: 96 },
  postgres: { share: 0.25, servers: 2, clients: 2, inFlight: 64 },
} as const

export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const workplace = openWorkplace('oncewire-chaos-')
  const stores: Store[] = []
  const worlds: { world: World; share: number; store: Store }[] = []
  const close = async (): Promise<void> => {
    await Promise.all(worlds.map(({ world }) => world.close()))
    await Promise.all(stores.map((store) => store.close()))
    killAll()
  }
  try {
    const actors = await buildActors(workplace.folder)
    const shares = options.worlds.reduce((sum, kind) => sum + casts[kind].share, 0)
    for (const [i, kind] of options.worlds.entries()) {
      const folder = join(workplace.folder, kind)
      mkdirSync(folder)
      const store = await (kind === 'sqlite' ? sqliteStore(folder) : postgresStore(folder))
      stores.push(store)
      const { seed, everyMs } = options
      const world = new World({
        ...casts[kind],
        name: kind[0] as string,
        seed: seed + i,
        folder,
        store,
        actors,
        everyMs,
        drainMs: 120_000,
      })
      worlds.push({ world, share: casts[kind].share / shares, store })
      await world.open()
    }
    const called = (): number => worlds.reduce((sum, { world }) => sum + world.called, 0)
    const began = performance.now()
    const until = began + options.seconds * 1000
    const timer = setInterval(() => options.onProgress(called()), 200)
    const suffered = worlds.map(({ world, share }) =>
      world.suffer(() => performance.now() > until || world.called >= options.calls * share),
    )
    await Promise.all(suffered).finally(() => clearInterval(timer))
    const underFire = (performance.now() - began) / 1000
    await Promise.all(worlds.map(({ world }) => world.recover()))
    const judged = await Promise.all(
      worlds.map(async ({ world }) => {
        const evidence = await world.evidence()
        const verdict = judge(evidence)
        return { world, evidence, verdict, shown: explained(verdict, evidence) }
      }),
    )
    const seconds = Math.round((performance.now() - began) / 100) / 10
    const violations = judged.reduce((sum, { verdict }) => sum + verdict.findings.length, 0)
    if (violations > 0) workplace.keep()
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
      folder: violations > 0 ? workplace.folder : undefined,
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
  return Object.fromEntries(Object.entries(total).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
