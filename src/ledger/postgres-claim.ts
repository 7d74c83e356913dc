/**
 * Who lives under which server name on one PostgreSQL database.
 *
 * Invariant: a name is held by a lock of a connection, which the database takes back when the process or its machine dies.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import type { ServerIdentity } from '../once/intent.ts'
import type { PostgresHost } from './postgres-host.ts'
import { Link, type PostgresPool } from './postgres-pool.ts'
import { dateMs, stored } from './postgres-rows.ts'

/** How long a claim waits for a predecessor that has just died, and how soon a lost one is made again. */
const waitMs = 500
const againMs = 100

export interface ClaimOptions {
  readonly pool: PostgresPool
  readonly host: PostgresHost
  readonly server: ServerIdentity
  /** The number of its name. */
  readonly lock: bigint
}

/** Takes the name. @throws {OncewireError} server-name-taken */
export async function claimName(options: ClaimOptions): Promise<{ release(): Promise<void> }> {
  const { host, server } = options
  const claim = new Claim(options)
  for (let leftMs = waitMs; !(await claim.take()); leftMs -= againMs) {
    if (leftMs <= 0) throw nameTaken(server.name)
    await host.wait(againMs)
  }
  return claim
}

class Claim {
  private readonly options: ClaimOptions
  private link: Link | undefined
  private isReleased = false

  constructor(options: ClaimOptions) {
    this.options = options
  }

  /** false: another has it. */
  async take(): Promise<boolean> {
    const { pool, lock, server } = this.options
    const link = await Link.open(pool)
    try {
      await link.query(keepAlive)
      const [row] = await link.query(tryLock, [lock])
      if (row?.['locked'] !== true) {
        link.release()
        return false
      }
      await link.query(putServer, [stored(server.name), server.incarnation])
    } catch (error) {
      link.release(error as Error)
      throw error
    }
    this.link = link
    link.onBroken(() => this.lost(link))
    return true
  }

  async release(): Promise<void> {
    this.isReleased = true
    // The lock is the connection's: it goes with it.
    this.link?.release(new Error('the name is given back'))
    this.link = undefined
  }

  /** The database was started again, say. Where another took the name meanwhile, no effect is begun any more. */
  private lost(link: Link): void {
    if (this.link !== link) return
    this.link = undefined
    link.release(new Error('the connection is lost'))
    this.takeLater()
  }

  private takeLater(): void {
    this.options.host.later(againMs, () => {
      if (this.isReleased) return
      this.take().then(
        (isTaken) => {
          if (this.isReleased) void this.release()
          else if (!isTaken) this.takeLater()
        },
        () => this.takeLater(),
      )
    })
  }
}

const keepAlive = {
  name: 'oncewire_keep_alive',
  text: `SELECT set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false),
    set_config('tcp_keepalives_count', '3', false)`,
}
const tryLock = { name: 'oncewire_try_name', text: 'SELECT pg_try_advisory_lock($1) AS locked' }
const putServer = {
  name: 'oncewire_put_server',
  text: `INSERT INTO oncewire_server VALUES ($1, $2, ${dateMs})
    ON CONFLICT (name) DO UPDATE SET incarnation = excluded.incarnation, since_ms = excluded.since_ms`,
}

function nameTaken(name: string): OncewireError {
  const message = `another living server uses the ledger under the name "${name}": give each createServer({ name }) a name of its own, the same at every start`
  return new OncewireError('server-name-taken', 'never', message)
}
