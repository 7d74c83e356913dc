/**
 * A real PostgreSQL and the simulated one behind the same few words: carry out a statement in a connection; let happen what
 * happens; who waits, and what was answered.
 */
import pg from 'pg'
import { Database } from '../../src/sim/postgres/database.ts'
import type { Backend } from '../../src/sim/postgres/backend.ts'
import { DatabaseError } from '../../src/sim/postgres/errors.ts'
import { bankSchema, bankStatements } from '../../src/sim/postgres/bank.ts'
import { ledgerStatements } from '../../src/sim/postgres/statements.ts'
import { Clock } from '../../src/sim/clock.ts'
import { postgres } from '../../src/ledger/postgres.ts'
import type { Postgres } from '../support/postgres.ts'
import { lockTimeoutMs, type Step } from './histories.ts'

/** Rows as JSON, sorted; or the SQLSTATE. */
export type Answered = readonly string[] | string

export interface Compared {
  send(step: Step, answered: (answer: Answered) => void): void
  /** Lets happen what happens without another step; answers which connections wait. */
  settle(pending: ReadonlyMap<number, { readonly hasLockTimeout: boolean }>): Promise<number[]>
  end(connection: number): Promise<void>
  tables(): Promise<string[]>
  close(): Promise<void>
}

export const deadlockTimeoutMs = 10
const tables = ['session', 'record', 'key', 'start', 'intent', 'server', 'meta'].map((name) => `oncewire_${name}`)
const all = [...tables, 'account', 'effect']
/** The database's own clock is not compared. */
const times = new Set(['date_ms', 'seen_ms', 'begun_ms', 'ended_ms', 'since_ms'])

/** Without the nothing that a function which locks answers. */
export function shown(rows: readonly object[]): string[] {
  const plain = (_: string, value: unknown): unknown => {
    if (typeof value === 'bigint') return Number(value)
    if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
    if (value !== null && typeof value === 'object' && (value as { type?: string }).type === 'Buffer')
      return Buffer.from((value as { data: number[] }).data).toString('hex')
    return value
  }
  return rows
    .filter((row) => !Object.keys(row).every((name) => name.startsWith('pg_advisory_')))
    .map((row) => {
      const compared = Object.entries(row).filter(([name]) => !times.has(name))
      return JSON.stringify(
        compared.toSorted(([one], [other]) => (one < other ? -1 : 1)),
        plain,
      )
    })
    .toSorted()
}

export class Simulated implements Compared {
  private readonly clock = new Clock(1, false)
  private readonly database: Database
  private readonly backends = new Map<number, Backend>()

  constructor() {
    const { clock } = this
    this.database = new Database(
      { dateMs: () => Math.floor(1e12 + clock.nowMs), after: clock.after.bind(clock) },
      new Map([...ledgerStatements(), ...bankStatements()]),
      { lockTimeoutMs: 0, deadlockTimeoutMs },
    )
    const setUp = this.database.connect()
    setUp.run(bankSchema, { values: [], meaning: this.database.meaningOf(bankSchema, undefined) }, () => {})
    setUp.end()
  }

  send({ connection, statement }: Step, answered: (answer: Answered) => void): void {
    if (statement === undefined) return
    let backend = this.backends.get(connection)
    if (backend === undefined) this.backends.set(connection, (backend = this.database.connect()))
    const { text, name, values } = statement
    backend.run(text, { values, meaning: this.database.meaningOf(text, name) }, (told) =>
      answered(told instanceof DatabaseError ? told.code : shown(told.rows)),
    )
  }

  async settle(): Promise<number[]> {
    await this.clock.run(this.clock.nowMs + 1000)
    return [...this.backends].filter(([, { wait }]) => wait !== undefined).map(([connection]) => connection)
  }

  async end(connection: number): Promise<void> {
    this.backends.get(connection)?.end()
    this.backends.delete(connection)
  }

  async tables(): Promise<string[]> {
    return all.map((name) => `${name} ${shown(this.database.committed(name)).join()}`)
  }

  async close(): Promise<void> {}
}

export class Real implements Compared {
  private readonly server: Postgres
  private readonly observer: pg.Client
  private readonly clients = new Map<number, { readonly client: pg.Client; pid: number }>()

  private constructor(server: Postgres, observer: pg.Client) {
    this.server = server
    this.observer = observer
  }

  /** A database with the tables of the ledger and of the bank. */
  static async open(server: Postgres): Promise<Real> {
    const ledger = await postgres(server.url, { schema: bankSchema })
    await ledger.close()
    const observer = new pg.Client(server.connection)
    await observer.connect()
    return new Real(server, observer)
  }

  /** Nothing but accounts; numbers begin anew. */
  async empty(): Promise<void> {
    await this.observer
      .query(`TRUNCATE ${tables.filter((name) => name !== 'oncewire_meta').join()}, effect RESTART IDENTITY;
      DELETE FROM oncewire_meta WHERE name NOT IN ('id', 'format'); UPDATE account SET cents = 0;
      SELECT setval('oncewire_intent_id', 1, false)`)
  }

  send({ connection, statement }: Step, answered: (answer: Answered) => void): void {
    if (statement === undefined) return
    void this.clientOf(connection).then(({ client }) =>
      client.query({ ...statement, values: [...statement.values] }).then(
        ({ rows }) => answered(shown(rows as object[])),
        (error: unknown) => answered(String((error as { code?: unknown }).code)),
      ),
    )
  }

  async settle(pending: ReadonlyMap<number, { readonly hasLockTimeout: boolean }>): Promise<number[]> {
    for (;;) {
      const waiting = await this.waiting()
      const left = [...pending.keys()]
      if (left.length === 0) return []
      // Those that wait had the time to find a deadlock out, or to be told that it took too long.
      if (left.every((connection) => waiting.includes(connection))) {
        const hasTimeout = left.some((connection) => pending.get(connection)?.hasLockTimeout)
        await pause(hasTimeout ? lockTimeoutMs : deadlockTimeoutMs * 2)
        const still = await this.waiting()
        const isSame = pending.size === left.length && left.every((connection) => still.includes(connection))
        if (isSame && !hasTimeout) return left
      }
      await pause(1)
    }
  }

  async end(connection: number): Promise<void> {
    const known = this.clients.get(connection)
    this.clients.delete(connection)
    if (known === undefined) return
    await this.observer.query('SELECT pg_terminate_backend($1)', [known.pid])
    const isThere = async (): Promise<boolean> =>
      ((await this.observer.query('SELECT FROM pg_stat_activity WHERE pid = $1', [known.pid])).rowCount ?? 0) > 0
    while (await isThere()) await pause(1)
  }

  async tables(): Promise<string[]> {
    const lines: string[] = []
    for (const name of all) {
      const where = name === 'oncewire_meta' ? ` WHERE name NOT IN ('id', 'format')` : ''
      const { rows } = await this.observer.query<object>({
        text: `SELECT * FROM ${name}${where}`,
        types: { getTypeParser: parser } as never,
      })
      lines.push(`${name} ${shown(rows).join()}`)
    }
    return lines
  }

  async close(): Promise<void> {
    for (const connection of [...this.clients.keys()]) await this.end(connection)
    await this.observer.end()
  }

  /** Connections that wait for a lock. */
  private async waiting(): Promise<number[]> {
    const { rows } = await this.observer.query<{ pid: number }>('SELECT pid FROM pg_locks WHERE NOT granted')
    const pids = rows.map(({ pid }) => pid)
    return [...this.clients].filter(([, { pid }]) => pids.includes(pid)).map(([connection]) => connection)
  }

  private async clientOf(connection: number): Promise<{ readonly client: pg.Client; pid: number }> {
    const known = this.clients.get(connection)
    if (known !== undefined) return known
    const client = new pg.Client({ ...this.server.connection, types: { getTypeParser: parser } as never })
    client.on('error', () => {})
    const made = { client, pid: 0 }
    this.clients.set(connection, made)
    await client.connect()
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    made.pid = rows[0]?.pid ?? 0
    return made
  }
}

const int8 = 20
const parser = (type: number, format?: 'text'): unknown =>
  type === int8 ? Number : (pg.types.getTypeParser(type, format) as unknown)
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
