/**
 * A pool of our own, made with the `pg` that the application installed.
 *
 * Invariant: a connection that waits for ever, or that a dead machine holds, is given up by the database.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import type { PostgresPool } from './postgres-pool.ts'

interface OwnPool extends PostgresPool {
  end(): Promise<void>
  on(event: 'error', listener: (error: Error) => void): unknown
}

type PoolClass = new (options: object) => OwnPool

const settings = {
  application_name: 'oncewire',
  // Queries of one call need not wait for each other's answers.
  pipeline: true,
  keepAlive: true,
  connectionTimeoutMillis: 10_000,
  // A call that waits for longer gives its connection to others, and tries again.
  lock_timeout: 5000,
  // Of a server that stands still in the middle of a call others would wait for ever.
  idle_in_transaction_session_timeout: 60_000,
} as const

/** @throws {OncewireError} ledger-unusable: pg is not installed, or `url` is none */
export async function openPool(url: string, max: number): Promise<OwnPool> {
  if (!/^postgres(ql)?:/.test(url))
    throw unusable('the URL of a PostgreSQL ledger begins with postgres:// (user:password@host:port/database)')
  const Pool = await load()
  const pool = new Pool({ ...settings, connectionString: url, max })
  // An idle connection has died: the pool makes another.
  pool.on('error', () => {})
  return pool
}

async function load(): Promise<PoolClass> {
  const name = 'pg'
  try {
    const pg = (await import(name)) as { readonly default: { readonly Pool: PoolClass } }
    return pg.default.Pool
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw unusable('PostgreSQL needs its client, which the application installs: npm install pg')
  }
}

function unusable(message: string): OncewireError {
  return new OncewireError('ledger-unusable', 'never', message)
}
