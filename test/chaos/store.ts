/**
 * The databases of the chaos run as its judge sees them: made before anything starts, read when all has ended, without the
 * library.
 */
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { openDatabase } from '../../src/cli/demo/database.ts'
import { type Postgres, startPostgres } from '../support/postgres.ts'
import { accounts, startCents } from './plan.ts'
import type { Effect } from './tape.ts'

export interface Transfer extends Effect {
  readonly source: number
  readonly target: number
  readonly cents: number
}

export interface SessionRow {
  readonly id: string
  readonly epoch: number
  readonly firstUnacked: number
}

/** What is read in the end. */
export interface Stored {
  readonly transfers: readonly Transfer[]
  /** Cents by account. */
  readonly balances: ReadonlyMap<number, number>
  /** The most records of one session. */
  readonly recordsMax: number
  readonly records: number
  readonly openIntents: number
}

export interface Store {
  /** For servers; absent: SQLite. */
  readonly postgres: Postgres | undefined
  sessions(): Promise<readonly SessionRow[]>
  /** Ends the connection of some server in the middle of what it does. */
  endBackend(draw: number): Promise<void>
  read(): Promise<Stored>
  close(): Promise<void>
}

const tables = `
  CREATE TABLE account (name INTEGER PRIMARY KEY, cents BIGINT NOT NULL);
  CREATE TABLE effect (tag TEXT NOT NULL, answer BIGINT NOT NULL, server TEXT, xid TEXT, at_ms BIGINT, source INTEGER,
    target INTEGER, cents BIGINT);`
const account = (name: number): string => `(${name}, ${startCents})`
const filled = `INSERT INTO account VALUES ${Array.from({ length: accounts }, (_, name) => account(name)).join()};`

const queries = {
  transfers: 'SELECT tag, answer, server, xid, at_ms AS "atMs", source, target, cents FROM effect',
  balances: 'SELECT name, cents FROM account',
  records: 'SELECT count(*) AS n FROM oncewire_record GROUP BY sid',
  intents: `SELECT count(*) AS n FROM oncewire_intent WHERE state <> 'over'`,
  busy: `SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend' ORDER BY pid`,
  sessions: 'SELECT id, epoch, first_unacked AS "firstUnacked" FROM oncewire_session',
}

type Rows = <Row>(sql: string) => Promise<Row[]>

export async function sqliteStore(folder: string): Promise<Store> {
  const file = join(folder, 'chaos.db')
  const made = openDatabase(file)
  made.exec('PRAGMA journal_mode = WAL')
  made.exec(tables + filled)
  made.close()
  const rows = async <Row>(sql: string): Promise<Row[]> => {
    const database = openDatabase(file)
    try {
      database.exec('PRAGMA busy_timeout = 5000')
      return database.prepare(sql).all() as Row[]
    } finally {
      database.close()
    }
  }
  return { postgres: undefined, ...reader(rows), endBackend: async () => {}, close: async () => {} }
}

export async function postgresStore(folder: string): Promise<Store> {
  chmodSync(folder, 0o755)
  const postgres = await startPostgres()
  const rows = async <Row>(sql: string): Promise<Row[]> => {
    const client = new pg.Client(postgres.connection)
    client.on('error', () => {})
    await client.connect()
    try {
      return (await client.query(sql)).rows as Row[]
    } finally {
      await client.end().catch(() => {})
    }
  }
  await rows(tables + filled)
  const endBackend = async (draw: number): Promise<void> => {
    const busy = await rows<{ pid: number }>(queries.busy)
    const one = busy[Math.floor(draw * busy.length)]
    if (one !== undefined) await rows(`SELECT pg_terminate_backend(${one.pid})`)
  }
  return { postgres, ...reader(rows), endBackend, close: () => postgres.stop() }
}

function reader(rows: Rows): Pick<Store, 'sessions' | 'read'> {
  return {
    async sessions() {
      const all = await rows<SessionRow>(queries.sessions)
      return all.map(({ id, epoch, firstUnacked }) => ({
        id,
        epoch: Number(epoch),
        firstUnacked: Number(firstUnacked),
      }))
    },
    async read() {
      const transfers = await rows<Transfer>(queries.transfers)
      const balances = await rows<{ name: number; cents: number }>(queries.balances)
      const records = (await rows<{ n: number }>(queries.records)).map(({ n }) => Number(n))
      const [open] = await rows<{ n: number }>(queries.intents)
      return {
        // BIGINT comes as text from one of the two.
        transfers: transfers.map((one) => ({
          ...one,
          ...{ answer: Number(one.answer), atMs: Number(one.atMs), cents: Number(one.cents) },
          ...{ source: Number(one.source), target: Number(one.target) },
        })),
        balances: new Map(balances.map(({ name, cents }) => [Number(name), Number(cents)])),
        recordsMax: Math.max(0, ...records),
        records: records.reduce((sum, n) => sum + n, 0),
        openIntents: Number(open?.n ?? 0),
      }
    },
  }
}
