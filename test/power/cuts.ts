/**
 * Power cuts at the boundaries of a trace: just before each sync has ended, and at the end of all.
 *
 * Between two syncs nothing becomes durable, and the world only learns: so the last instant before a sync ends is the
 * worst of all since the one before.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { seededRandom } from '../../src/std/prng.ts'
import { type Fate, fates, PowerDisk, writeFiles } from '../support/power-disk.ts'
import type { PowerEvent } from '../support/power-shim.ts'
import { judgeCut } from './judge.ts'
import { Outside } from './outside.ts'
import { journalFile } from './trace.ts'

/** What becomes of the server's disk, and of the client's. */
export type Fates = readonly [server: Fate, client: Fate]
/** The power of one of them goes, and the other process is killed; then that of both. */
export const allFates: readonly Fates[] = [
  ['none', 'all'],
  ['all', 'none'],
  ...fates.filter((fate) => fate !== 'all').map((fate): Fates => [fate, fate]),
]

export interface CutsOptions {
  /** Where disks are rebuilt. */
  readonly folder: string
  readonly seed: number
  readonly fates: readonly Fates[]
  /** Every how many-th boundary; each if 1. */
  readonly every: number
  /** Stops at the first cut after which something is wrong. */
  readonly stops?: boolean
  readonly onCut?: ((done: number, all: number) => void) | undefined
}

export interface CutsFound {
  readonly boundaries: number
  readonly cuts: number
  /** Boundary, fates and what is wrong. */
  readonly wrong: readonly string[]
}

export async function cutPower(events: readonly PowerEvent[], options: CutsOptions): Promise<CutsFound> {
  const { seed, every, stops = false, onCut = () => {} } = options
  const disk = new PowerDisk()
  const outside = new Outside()
  const all = events.filter(({ kind }) => kind === 'synced').length + 1
  const wrong: string[] = []
  let boundaries = 0
  let cuts = 0
  for (const event of [...events, undefined]) {
    const isBoundary = event === undefined || event.kind === 'synced'
    if (isBoundary && (boundaries + seed) % every === 0) {
      for (const pair of options.fates) {
        if (stops && wrong.length > 0) return { boundaries, cuts, wrong }
        wrong.push(...(await cutHere({ disk, outside, fates: pair, boundary: boundaries, options })))
        cuts++
      }
    }
    if (isBoundary) onCut(++boundaries, all)
    if (event === undefined) break
    disk.play(event)
    outside.see(event)
  }
  return { boundaries, cuts, wrong }
}

interface Cut {
  readonly disk: PowerDisk
  readonly outside: Outside
  readonly fates: Fates
  readonly boundary: number
  readonly options: CutsOptions
}

async function cutHere({ disk, outside, fates: [server, client], boundary, options }: Cut): Promise<string[]> {
  const random = seededRandom(options.seed * 100_003 + boundary)
  const files = new Map([
    ...disk.after({ fate: server, random, only: (path) => path.startsWith('server/') }),
    ...disk.after({ fate: client, random, only: (path) => path.startsWith('client/') }),
    ...[...outside.tapes].map(([path, tape]): [string, Uint8Array] => [path, Buffer.from(tape)]),
  ])
  const folder = join(options.folder, `cut-${boundary}-${server}-${client}`)
  writeFiles(folder, files)
  let wrong: string[]
  try {
    wrong = await judgeCut(folder, outside, files.get(journalFile))
  } catch (error) {
    wrong = [`it failed: ${inspect(error, { depth: 3 })}`]
  }
  rmSync(folder, { recursive: true, force: true })
  return wrong.map((what) => `boundary ${boundary}, server ${server}, client ${client}, seed ${options.seed}: ${what}`)
}
