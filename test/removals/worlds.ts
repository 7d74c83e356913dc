/**
 * The thread in which worlds are played without a rule: this file is bundled with the code, the rule taken out.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { raceOnce } from '../../src/sim/postgres/race.ts'
import { simulateOnce } from '../../src/sim/simulation.ts'
import type { Said, Search } from './search.ts'

const { seeds, ledger } = workerData as Search
const say = (said: Said): void => parentPort?.postMessage(said)
let seed = 1

/** Two sizes: some faults need a crowd. */
const world = (): { clients: number; calls: number } =>
  seed % 4 === 0 ? { clients: 3, calls: 25 } : { clients: 2, calls: 10 }

process.on('unhandledRejection', (error) => say({ kind: 'found', seed, what: `nobody held ${String(error)}` }))
for (; seed <= seeds; seed++) {
  say({ kind: 'playing', seed })
  try {
    const raced = ledger === 'postgres' ? await raceOnce(seed) : []
    if (raced.length > 0) say({ kind: 'found', seed, what: `race: ${raced[0]}` })
    const { violations } = await simulateOnce({ ...world(), seed, ledger })
    if (violations.length > 0) say({ kind: 'found', seed, what: violations[0] as string })
  } catch (error) {
    // Without the rule the code does not even hold together.
    say({ kind: 'found', seed, what: String(error) })
  }
}
say({ kind: 'nothing' })
