/**
 * Goal: the ledger on the simulated PostgreSQL keeps the contract of every ledger, as it does on a real one. Method: the
 * contract suite; the simulated clock goes with the real one.
 */
import { onTestFinished } from 'vitest'
import { ledgerContract } from '../../ledger/ledger-contract.ts'
import type { ContractSubject } from '../../ledger/calls-contract.ts'
import { openOn, type PostgresOptions, type PostgresTx } from '../../ledger/postgres.ts'
import { Clock, Process } from '../clock.ts'
import { Faults } from '../faults.ts'
import type { Meaning } from './execution.ts'
import { read, write } from './meaning.ts'
import { hostOf, SimPostgres } from './server.ts'

const makeCounter = 'CREATE TABLE IF NOT EXISTS counter (n int NOT NULL)'
const increment = 'UPDATE counter SET n = n + 1'
const select = 'SELECT n FROM counter'
const ageSessions = 'UPDATE oncewire_session SET seen_ms = seen_ms - $1'
const ageKeys = 'UPDATE oncewire_key SET expires_ms = expires_ms - $1'

const aged = (name: string, column: string): Meaning =>
  write((s) =>
    s.update(
      s.database.table(name),
      () => true,
      (row) => ({ ...row, [column]: Number(row[column]) - s.number(1) }),
    ),
  )
const statements = new Map<string, Meaning>([
  [makeCounter, write((s) => s.insert(s.database.table('counter'), { n: 0 }, ['only'], null))],
  [
    increment,
    write((s) =>
      s.update(
        s.database.table('counter'),
        () => true,
        (row) => ({ n: Number(row['n']) + 1 }),
      ),
    ),
  ],
  [select, read((s) => [...s.rows(s.database.table('counter'))])],
  [ageSessions, aged('oncewire_session', 'seen_ms')],
  [ageKeys, aged('oncewire_key', 'expires_ms')],
])

/** Lets the world go on while the test does, several times as fast. */
function keepGoing(clock: Clock): void {
  let isOver = false
  onTestFinished(() => void (isOver = true))
  const begunMs = performance.now()
  const go = async (): Promise<void> => {
    await clock.run(5 * (performance.now() - begunMs))
    if (!isOver) setImmediate(() => void go())
  }
  void go()
}

async function subject(
  server: SimPostgres,
  clock: Clock,
  limits: PostgresOptions,
): Promise<ContractSubject<PostgresTx>> {
  const process = new Process(clock, 'server')
  const pool = server.poolFor(process, { max: 8, pipeline: true })
  const ledger = await openOn(hostOf(process), pool, { schema: makeCounter, ...limits })
  return {
    ledger,
    increment: async (tx) => void (await tx.query(increment)),
    count: async () => Number((await ledger.query<{ n: number }>(select))[0]?.n),
    async age(ms) {
      await ledger.query(ageSessions, [ms])
      await ledger.query(ageKeys, [ms])
    },
    afterCrash() {
      void ledger.close()
      pool.cut()
      return subject(server, clock, limits)
    },
  }
}

ledgerContract(
  'simulated postgres',
  (limits) => {
    const clock = new Clock(1, false)
    keepGoing(clock)
    return subject(new SimPostgres(clock, new Faults(clock, []), { statements, dateMs: Date.now }), clock, limits)
  },
  { manyCalls: 200 },
)
