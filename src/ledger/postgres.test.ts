/**
 * Goal: PostgreSQL keeps the ledger's contract, and its own promises about values, transactions and opening. Method: the
 * contract suite on a real server from npm, each test in a schema of its own.
 */
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Postgres, startPostgres } from '../../test/support/postgres.ts'
import { OncewireError } from '../errors/oncewire-error.ts'
import type { LedgerCall } from '../once/ledger.ts'
import type { ContractSubject } from './calls-contract.ts'
import { ledgerContract } from './ledger-contract.ts'
import { postgres, type PostgresLedger, type PostgresOptions, type PostgresTx } from './postgres.ts'

let server: Postgres
beforeAll(async () => {
  server = await startPostgres()
}, 60_000)
afterAll(() => server.stop(), 60_000)

let schemas = 0
/** An empty place in the database. */
async function freshSchema(): Promise<string> {
  const name = `t${++schemas}`
  const client = new pg.Client(server.connection)
  await client.connect()
  await client.query(`CREATE SCHEMA ${name}`)
  await client.end()
  return name
}

/** A pool whose connections can be cut, as a killed process cuts them. */
function poolOn(schema: string, options: object = {}): { pool: pg.Pool; cut(): void } {
  const clients = new Set<pg.PoolClient>()
  const on = { ...server.connection, options: `-c search_path=${schema}`, pipeline: true, max: 8 }
  const pool = new pg.Pool({ ...on, ...options })
  pool.on('error', () => {})
  pool.on('connect', (client) => void clients.add(client))
  pool.on('remove', (client) => void clients.delete(client))
  onTestFinished(() => pool.end().catch(() => {}))
  const socketOf = (client: object): { destroy(): void } =>
    (client as { connection: { stream: never } }).connection.stream
  return { pool, cut: () => clients.forEach((client) => socketOf(client).destroy()) }
}

async function open(options: PostgresOptions = {}, schema?: string): Promise<PostgresLedger> {
  const ledger = await postgres(poolOn(schema ?? (await freshSchema())).pool, options)
  onTestFinished(() => ledger.close())
  return ledger
}

const counter =
  'CREATE TABLE IF NOT EXISTS counter (n int NOT NULL); INSERT INTO counter SELECT 0 WHERE NOT EXISTS (SELECT FROM counter)'
async function subject(schema: string, limits: PostgresOptions): Promise<ContractSubject<PostgresTx>> {
  const { pool, cut } = poolOn(schema)
  const ledger = await postgres(pool, { schema: counter, ...limits })
  return {
    ledger,
    increment: async (tx) => void (await tx.query('UPDATE counter SET n = n + 1')),
    count: async () => Number((await ledger.query<{ n: number }>('SELECT n FROM counter'))[0]?.n),
    async age(ms) {
      await ledger.query('UPDATE oncewire_session SET seen_ms = seen_ms - $1', [ms])
      await ledger.query('UPDATE oncewire_key SET expires_ms = expires_ms - $1', [ms])
    },
    afterCrash() {
      void ledger.close()
      cut()
      return subject(schema, limits)
    },
  }
}

ledgerContract('postgres', async (limits) => subject(await freshSchema(), limits), { manyCalls: 1000 })
