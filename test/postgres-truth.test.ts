/**
 * Goal: the simulated PostgreSQL does what a real one does with the ledger's statements, so that what worlds prove is true
 * of databases. Method: random histories of these very statements in three connections, step by step on both: who waits,
 * who is told what, which error codes, what is there in the end. `npm run proof:postgres` plays more.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ledgerStatements as meanings } from '../src/sim/postgres/statements.ts'
import { Real } from './postgres-truth/databases.ts'
import { asideFrom } from './postgres-truth/histories.ts'
import { play } from './postgres-truth/play.ts'
import { ledgerStatements } from './postgres-truth/statements.ts'
import { type Postgres, startPostgres } from './support/postgres.ts'

const histories = Number(process.env['HISTORIES'] ?? 10)
const first = Number(process.env['SEED'] ?? 1)
const statements = ledgerStatements()

let server: Postgres
let real: Real
beforeAll(async () => {
  server = await startPostgres({ deadlock_timeout: '10ms' })
  real = await Real.open(server)
}, 60_000)
afterAll(async () => {
  await real.close()
  await server.stop()
}, 60_000)

test('every statement of the ledger has a meaning, and there is none too many', () => {
  const meant = [...meanings().keys()].filter((name) => name.startsWith('oncewire_'))
  expect(meant.toSorted()).toEqual([...statements.keys()].toSorted())
  expect(statements.size).toBeGreaterThan(40)
})

test(`${histories} histories from seed ${first} are the same on both`, { timeout: 3_600_000 }, async () => {
  const counts = new Map<string, number>()
  for (let seed = first; seed < first + histories; seed++) {
    const { difference, counts: played } = await play(seed, { statements, real, steps: 60 })
    expect(difference).toBeUndefined()
    for (const [name, n] of played) counts.set(name, (counts.get(name) ?? 0) + n)
  }
  const codes = [...counts].filter(([name]) => /^[0-9A-Z]{5}$/.test(name))
  console.log(`${histories} histories, ${counts.get('waiting')} steps with somebody waiting, errors ${codes.join(' ')}`)
  // Each of them was played; a history in which nobody meets anybody proves nothing.
  const played = [...statements.keys()].filter((name) => !asideFrom.has(name))
  expect(played.filter((name) => !counts.has(name))).toEqual([])
  expect(counts.get('waiting') ?? 0).toBeGreaterThan(histories)
})
