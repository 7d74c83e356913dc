/**
 * Every crash: first the stories in which nobody crashes tell which points there are, then each point has its story.
 */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startPostgres } from '../support/postgres.ts'
import { whyNoPowerCuts } from '../support/power-shim.ts'
import { bundleActors, isOf, markedPoints } from './points.ts'
import { type Attempt, attempts, type Crash, type Fault, faults, playStory, sides, type Told } from './story.ts'

export interface Cell extends Crash {
  readonly attempt: Attempt
  readonly wrong: readonly string[]
}

export interface Played {
  readonly cells: readonly Cell[]
  /** `server ledger:before-commit` */
  readonly reached: ReadonlySet<string>
  /** Marked, and no story came there. */
  readonly missed: readonly string[]
}

export interface PlayOptions {
  readonly ledger: 'sqlite' | 'postgres'
  /** Of the crashes, every so manieth. */
  readonly share: number
  /** How often a story may come to a point before the crash. */
  readonly hitsMax: number
  readonly untilMs: number
  readonly atOnce?: number
}

export async function playAll({ ledger, share, hitsMax, untilMs, atOnce = 8 }: PlayOptions): Promise<Played> {
  const work = realpathSync(mkdtempSync(join(tmpdir(), 'oncewire-crash-')))
  const actors = await bundleActors()
  const cluster = ledger === 'postgres' ? await startPostgres() : undefined
  const admin = cluster && new pg.Pool({ ...cluster.connection, max: 1 })
  let stories = 0
  const play = async (attempt: Attempt, crash: Crash | undefined): Promise<Told> => {
    const name = `story_${++stories}`
    await admin?.query(`CREATE DATABASE ${name}`)
    const database = cluster?.url.replace('/postgres?', `/${name}?`)
    const folder = join(work, name)
    const told = await playStory({ folder, actors, attempt, crash, database })
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    await admin?.query(`DROP DATABASE ${name} WITH (FORCE)`)
    return told
  }
  try {
    const reached = new Set<string>()
    const cells: Cell[] = []
    const due: (Crash & { readonly attempt: Attempt })[] = []
    await Promise.all(
      attempts.map(async (attempt) => {
        const told = await play(attempt, undefined)
        const nobody = { side: 'client', at: 'nowhere', fault: 'kill -9' } as const
        if (told.wrong.length > 0) cells.push({ ...nobody, attempt, wrong: told.wrong })
        for (const side of sides) {
          for (const at of new Set(told.reached[side])) {
            const [name = '', hit] = at.split(' ')
            reached.add(`${side} ${name}`)
            if (Number(hit) <= hitsMax)
              for (const fault of faultsOf(ledger, side)) due.push({ side, at, fault, attempt })
          }
        }
      }),
    )
    const chosen = due.filter((_, n) => Math.floor((n + 1) * share) > Math.floor(n * share))
    const workers = Array.from({ length: atOnce }, async () => {
      for (let next = chosen.pop(); next !== undefined && Date.now() < untilMs; next = chosen.pop()) {
        const { attempt, ...crash } = next
        const { wrong, hasCrashed } = await play(attempt, crash)
        // A point that this story did not come to (a ping, a timer) is no crash.
        if (hasCrashed || wrong.length > 0) cells.push({ ...next, wrong })
      }
    })
    await Promise.all(workers)
    return { cells, reached, missed: missedOf(ledger, reached) }
  } finally {
    await admin?.end()
    await cluster?.stop()
    rmSync(work, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** The disk of PostgreSQL is its own affair, and dies by its own crash. */
function faultsOf(ledger: string, side: string): readonly Fault[] {
  const hasDisk = (side === 'client' || ledger === 'sqlite') && whyNoPowerCuts() === undefined
  return hasDisk ? faults : faults.filter((fault) => fault !== 'unsynced writes lost')
}

function missedOf(ledger: string, reached: ReadonlySet<string>): string[] {
  const names = [...reached].map((point) => point.split(' ')[1] ?? '')
  const other = ledger === 'sqlite' ? 'postgres:' : 'ledger:'
  return markedPoints().filter((marked) => !marked.startsWith(other) && !names.some((name) => isOf(marked, name)))
}
