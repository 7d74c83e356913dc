/**
 * The ledger on PostgreSQL: effects and completion records in the application's own database, many servers on one.
 *
 * Invariant: nothing is acknowledged that the database could forget: a database without fsync or synchronous_commit is
 * refused (protocol section 6).
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import type { Intent, IntentLedger, NewIntent, ServerIdentity } from '../once/intent.ts'
import type { Asked, HeldRows, Ledger, LedgerCall, LedgerLimits, OpenedSession, OpenSession } from '../once/ledger.ts'
import type { Answer } from '../once/outcome.ts'
import { defaultLimits, type LedgerOptions } from './limits.ts'
import { Calls, type CallsOptions, type Handler } from './postgres-calls.ts'
import { claimName } from './postgres-claim.ts'
import { isStalePlan } from './postgres-errors.ts'
import { Intents } from './postgres-intents.ts'
import { type PostgresHost, realHost } from './postgres-host.ts'
import { LockNumbers } from './postgres-locks.ts'
import { openPool } from './postgres-open.ts'
import { Link, type PostgresPool, type Statement } from './postgres-pool.ts'
import { Quotas } from './postgres-quota.ts'
import { countKept } from './postgres-rows.ts'
import { Sessions } from './postgres-sessions.ts'
import { checkDurability, prepareTables } from './postgres-tables.ts'
import { Transactions } from './postgres-transactions.ts'
import { Turns } from './postgres-turns.ts'
import type { PostgresTx } from './postgres-tx.ts'

export type { PostgresClient, PostgresPool, PostgresQuery, PostgresResult } from './postgres-pool.ts'
export type { PostgresTx } from './postgres-tx.ts'

/** A ledger that also answers SQL outside of a call's transaction. */
export interface PostgresLedger extends Ledger<PostgresTx> {
  /** One statement, committed by itself; as `PostgresTx.query`. */
  query<Row extends object = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<readonly Row[]>
}

export interface PostgresOptions extends LedgerOptions {
  /** Idempotent SQL (CREATE TABLE IF NOT EXISTS ...), run at every opening, by one server at a time. */
  readonly schema?: string | undefined
  /** Connections of this server where a URL is given; 16 if absent. Two of them are kept for queries outside of calls. */
  readonly connectionsMax?: number | undefined
}

/**
 * Opens the ledger in the database at `url` (`postgres://user:password@host/database`), with the `pg` that the application
 * installed; or in that of a `pg.Pool` of the application's own, which it then closes itself.
 *
 * @throws {OncewireError} ledger-unusable, ledger-format; and what `schema` throws
 */
export function postgres(url: string | PostgresPool, options: PostgresOptions = {}): Promise<PostgresLedger> {
  return openOn(realHost, url, options)
}

/** The same in a process whose time and chance are not the real ones. */
export async function openOn(
  host: PostgresHost,
  url: string | PostgresPool,
  options: PostgresOptions,
): Promise<PostgresLedger> {
  const limits = defaultLimits(options)
  const own = typeof url === 'string' ? await openPool(url, options.connectionsMax ?? 16) : undefined
  const pool = own ?? (url as PostgresPool)
  checkSize(pool)
  try {
    const link = await Link.open(pool)
    try {
      await checkDurability(link)
      const id = await prepareTables(link, host.randomHex(16), options.schema)
      return new SharedLedger(id, { pool, host, limits, endPool: async () => own?.end() })
    } finally {
      link.release()
    }
  } catch (error) {
    await own?.end()
    throw unusable(typeof url === 'string' ? placeOf(url) : 'the given pool', error)
  }
}

interface SharedLedgerOptions {
  readonly pool: PostgresPool
  readonly host: PostgresHost
  readonly limits: LedgerLimits
  endPool(): Promise<void>
}

class SharedLedger implements PostgresLedger {
  readonly id: string
  readonly limits: LedgerLimits
  private readonly pool: PostgresPool
  private readonly host: PostgresHost
  private readonly endPool: () => Promise<void>
  private readonly transactions: Transactions
  private readonly locks: LockNumbers
  private readonly sessions: Sessions
  private readonly calls: Calls
  private readonly effects: Intents
  private readonly claims = new Set<{ release(): Promise<void> }>()

  constructor(id: string, { pool, host, limits, endPool }: SharedLedgerOptions) {
    const nowMs = (): number => host.nowMs()
    this.id = id
    this.limits = limits
    this.pool = pool
    this.host = host
    this.endPool = endPool
    this.transactions = new Transactions(pool, host)
    this.locks = new LockNumbers(id)
    const quotas = new Quotas(limits, nowMs)
    this.sessions = new Sessions(this.transactions, { locks: this.locks, quotas, host })
    const { transactions, sessions, locks } = this
    const parts: CallsOptions = { transactions, sessions, locks, quotas, turns: new Turns(), limits, nowMs }
    this.calls = new Calls(parts)
    this.effects = new Intents(this.calls, parts)
  }

  open(request: OpenSession): Promise<OpenedSession> {
    return this.sessions.open(request)
  }

  execute(call: LedgerCall, handler: Handler): Promise<Answer> {
    return this.calls.execute(call, handler)
  }

  resolve(asked: Asked): Promise<Answer> {
    return this.calls.resolve(asked)
  }

  acknowledge(request: Parameters<Ledger<PostgresTx>['acknowledge']>[0]): Promise<void> {
    return this.sessions.raise(request)
  }

  bye(request: Parameters<Ledger<PostgresTx>['bye']>[0]): Promise<void> {
    return this.sessions.bye(request)
  }

  keptOf(principal: string): Promise<{ readonly records: number; readonly bytes: number }> {
    return this.read((link) => countKept(link, principal))
  }

  held(): Promise<HeldRows> {
    return this.read(async (link) => {
      const [row] = await link.query(countAll)
      const count = (table: string): number => Number(row?.[table])
      return { sessions: count('sessions'), records: count('records'), keys: count('keys'), intents: count('intents') }
    })
  }

  async claim(server: ServerIdentity): Promise<{ release(): Promise<void> }> {
    const { pool, host, locks } = this
    const claim = await claimName({ pool, host, server, lock: locks.server(server.name) })
    this.claims.add(claim)
    return {
      release: async () => {
        this.claims.delete(claim)
        await claim.release()
      },
    }
  }

  look(call: LedgerCall): ReturnType<IntentLedger['look']> {
    return this.effects.look(call)
  }

  intend(call: LedgerCall, intent: NewIntent): ReturnType<IntentLedger['intend']> {
    return this.effects.intend(call, intent)
  }

  complete(
    intent: number,
    outcome: Parameters<IntentLedger['complete']>[1],
    how?: { readonly settles: true },
  ): Promise<Answer> {
    return this.effects.complete(intent, outcome, how?.settles === true)
  }

  intents(): Promise<readonly Intent[]> {
    return this.read((link) => this.effects.open(link))
  }

  async query<Row extends object = Record<string, unknown>>(
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<readonly Row[]> {
    for (;;) {
      const link = await Link.open(this.pool)
      try {
        const rows = await link.foreign(sql, values)
        link.release()
        return rows as readonly Row[]
      } catch (error) {
        // Nothing of it was carried out; another connection prepares it anew.
        const isStale = isStalePlan(error)
        link.release(isStale ? (error as Error) : undefined)
        if (!isStale) throw error
      }
    }
  }

  async close(): Promise<void> {
    const closed = this.transactions.close()
    await Promise.all([...this.claims].map((claim) => claim.release()))
    await closed
    await this.endPool()
  }

  /** What is committed now. */
  private read<T>(work: (link: Link) => Promise<T>): Promise<T> {
    return this.transactions.run((tx) => work(tx.link), { untilMs: this.host.nowMs() + 30_000, mayFollowCommit: true })
  }
}

const countAll: Statement = {
  name: 'oncewire_count_all',
  text: `SELECT (SELECT count(*) FROM oncewire_session) AS sessions, (SELECT count(*) FROM oncewire_record) AS records,
    (SELECT count(*) FROM oncewire_key) AS keys, (SELECT count(*) FROM oncewire_intent) AS intents`,
}

/** One for calls, one for the name of the server, and one for a handler that asks `ledger.query`: else they wait for ever. */
function checkSize({ options }: PostgresPool): void {
  const max = options?.max ?? 10
  if (max >= connectionsMin) return
  const message = `the ledger needs a pool of at least ${connectionsMin} connections, and this one has ${max}`
  throw new OncewireError('invalid-argument', 'never', message)
}
const connectionsMin = 3

/** Without the password. */
function placeOf(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url)
    return `${protocol}//${host}${pathname}`
  } catch {
    return 'the given database'
  }
}

function unusable(name: string, error: unknown): OncewireError {
  if (error instanceof OncewireError) return error
  const text = error instanceof Error ? error.message || String((error as { code?: unknown }).code) : String(error)
  return new OncewireError('ledger-unusable', 'never', `the ledger in ${name} cannot be opened: ${text}`, {
    cause: error,
  })
}
