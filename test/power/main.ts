/**
 * `npm run proof:power [-- --every N] [-- --seed N]`: power cuts at every sync (every N-th) of longer runs of server and
 * client, with every fate of what was not synced. A run in full adds its figures to docs/proof.json.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { addProof } from '../support/proof.ts'
import { whyNoPowerCuts } from '../support/power-shim.ts'
import { allFates, cutPower } from './cuts.ts'
import { type Played, playTraced } from './trace.ts'

const { values } = parseArgs({ options: { every: { type: 'string' }, seed: { type: 'string' } } })
const every = Number(values.every ?? 1)
const seed = Number(values.seed ?? Date.now() % 1_000_000)

/** Short calls, many in one sync; and long ones, which make the ledger's log and the journal be written anew. */
const plays: readonly Played[] = [
  { calls: 80, bytes: 20, lives: 4 },
  { calls: 60, bytes: 1500, lives: 3 },
  { calls: 75, bytes: 65_536, lives: 3 },
]

const why = whyNoPowerCuts()
if (why !== undefined) {
  console.error(why)
  process.exit(process.platform === 'linux' ? 1 : 0)
}

const sum = { runs: 0, boundaries: 0, cuts: 0, writes: 0, syncs: 0 }
const wrong: string[] = []
for (const play of plays) {
  const folder = mkdtempSync(join(tmpdir(), 'oncewire-power-'))
  try {
    const events = await playTraced(folder, play)
    const onCut = (done: number, all: number): void => {
      if (done % 50 === 0) console.error(`${play.calls} calls of ${play.bytes} bytes: sync ${done} of ${all}`)
    }
    const found = await cutPower(events, { folder, seed, fates: allFates, every, onCut })
    sum.runs++
    sum.boundaries += found.boundaries
    sum.cuts += found.cuts
    sum.writes += events.filter(({ kind }) => kind === 'wrote').length
    sum.syncs += events.filter(({ kind }) => kind === 'synced').length
    wrong.push(...found.wrong)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
console.log(JSON.stringify({ power: { ...sum, every, seed, wrong: wrong.length } }))
for (const what of wrong.slice(0, 50)) console.error(what)
const isWhole = every === 1
if (wrong.length === 0 && isWhole) addProof('power', { total: { ...sum, violations: 0 } })
process.exit(wrong.length === 0 ? 0 : 1)
