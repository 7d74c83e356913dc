/**
 * `npm run proof:crash [-- --share 0.1] [--hits 3] [--ledger sqlite|postgres] [--no-doc]`: client and server crash at every
 * crash point, on a first delivery, a retransmission, a replay, a recovery and a reconciliation; prints how often, and what
 * went wrong. `--hits 3`: also when a story comes there for the second and third time.
 */
import { parseArgs } from 'node:util'
import { addProof } from '../support/proof.ts'
import { type Cell, playAll } from './all.ts'
import { attempts, faults } from './story.ts'

const { values } = parseArgs({
  options: {
    share: { type: 'string', default: '1' },
    hits: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '3600' },
    ledger: { type: 'string', default: 'both' },
    'no-doc': { type: 'boolean', default: false },
  },
})
const ledgers = values.ledger === 'both' ? (['sqlite', 'postgres'] as const) : [values.ledger as 'sqlite' | 'postgres']
const cells: Cell[] = []
let points = 0
const missed: string[] = []
for (const ledger of ledgers) {
  const played = await playAll({
    ledger,
    share: Number(values.share),
    hitsMax: Number(values.hits),
    untilMs: Date.now() + (Number(values.seconds) * 1000) / ledgers.length,
  })
  cells.push(...played.cells)
  points += played.reached.size
  missed.push(...played.missed)
  print(ledger, played.cells)
}
const wrong = cells.filter((cell) => cell.wrong.length > 0)
for (const { side, at, fault, attempt, wrong: why } of wrong)
  console.log(`WRONG: ${side} at ${at}, ${fault}, ${attempt}:\n  ${why.join('\n  ')}`)
for (const point of missed) console.log(`NEVER REACHED: ${point}`)
console.log(`${points} points of ${ledgers.join(' and ')}, ${cells.length} crashes, ${wrong.length} wrong`)
const isWrong = wrong.length > 0 || missed.length > 0 || cells.length === 0
if (!isWrong && !values['no-doc'] && values.share === '1' && ledgers.length === 2) {
  const count = (key: 'fault' | 'attempt' | 'side'): Record<string, number> => {
    const counts: Record<string, number> = {}
    for (const cell of cells) counts[cell[key]] = (counts[cell[key]] ?? 0) + 1
    return counts
  }
  const total = {
    crashes: cells.length,
    violations: 0,
    fault: count('fault'),
    attempt: count('attempt'),
    side: count('side'),
  }
  addProof('crash', { total, last: { crashPoints: points } })
}
process.exit(isWrong ? 1 : 0)

/** A line for each point, a column for each attempt: crashes by kill -9, of both, with unsynced writes lost. */
function print(ledger: string, played: readonly Cell[]): void {
  const rows = [...new Set(played.map(({ side, at }) => `${side} ${at.split(' ')[0]}`))].toSorted()
  console.log(`\n${ledger}: crashes by ${faults.join(' / ')}; ! is wrong`)
  console.log(`${'point'.padEnd(52)}${attempts.map((attempt) => attempt.padEnd(15)).join('')}`)
  for (const row of rows) {
    const columns = attempts.map((attempt) => {
      const here = played.filter((cell) => `${cell.side} ${cell.at.split(' ')[0]}` === row && cell.attempt === attempt)
      const counts = faults.map((fault) => here.filter((cell) => cell.fault === fault).length).join('/')
      return `${counts}${here.some((cell) => cell.wrong.length > 0) ? ' !' : ''}`.padEnd(15)
    })
    console.log(row.padEnd(52) + columns.join(''))
  }
}
