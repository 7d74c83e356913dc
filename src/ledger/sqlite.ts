/**
 * The embedded ledger: effects and completion records in one SQLite database.
 *
 * Invariant: nothing is acknowledged that a power cut could undo: WAL with synchronous=FULL, read back after every open
 * (protocol section 6).
 */
import { randomBytes } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { OncewireError } from '../errors/oncewire-error.ts'
import type { Ledger } from '../once/ledger.ts'
import { toHex } from '../std/bytes.ts'
import { GroupLedger } from './group-ledger.ts'
import { defaultLimits, type LedgerOptions } from './limits.ts'
import { Connection, openBinding, type SqliteBinding, type SqlValue } from './sqlite-binding.ts'
import { nameLocks } from './sqlite-claim.ts'
import { SqliteRows } from './sqlite-rows.ts'
import { prepareTables } from './sqlite-tables.ts'
import { misused, type SqliteTx } from './sqlite-tx.ts'

export type { SqliteBinding, SqlValue } from './sqlite-binding.ts'
export type { SqliteTx } from './sqlite-tx.ts'

/** A ledger that also answers SQL outside of a call's transaction. */
export interface SqliteLedger extends Ledger<SqliteTx>, SqliteTx {}

export interface SqliteOptions extends LedgerOptions {
  /** Idempotent SQL (CREATE TABLE IF NOT EXISTS ...), run at every opening. */
  readonly schema?: string | undefined
}

/**
 * Opens (or makes) the database in `file`, or takes an open Database object of node:sqlite, better-sqlite3 or libsql.
 *
 * @throws {OncewireError} ledger-unusable, ledger-format; and what `schema` throws
 */
export async function sqlite(file: string | SqliteBinding, options: SqliteOptions = {}): Promise<SqliteLedger> {
  const name = typeof file === 'string' ? resolve(file) : 'the given database'
  const opened: Connection[] = []
  const open = (): Connection => {
    const connection = new Connection(typeof file === 'string' ? openBinding(name) : file)
    opened.push(connection)
    makeDurable(connection, name)
    return connection
  }
  try {
    if (typeof file === 'string') checkPlace(name)
    const writer = open()
    const id = prepareTables(writer, name, toHex(randomBytes(16)))
    if (options.schema !== undefined) writer.exec(options.schema)
    // Reads outside of calls see only what is committed (H7); a given connection is the only one there is.
    const reader = typeof file === 'string' ? open() : writer
    return new EmbeddedLedger(id, { writer, reader }, options)
  } catch (error) {
    for (const connection of opened) connection.close()
    throw unusable(name, error)
  }
}

class EmbeddedLedger extends GroupLedger<SqliteTx> implements SqliteLedger {
  private readonly writer: Connection
  private readonly reader: Connection

  constructor(id: string, { writer, reader }: { writer: Connection; reader: Connection }, options: SqliteOptions) {
    const rows = new SqliteRows(writer, nameLocks(fileOf(writer)))
    super(rows, { id, nowMs: () => performance.now(), ...defaultLimits(options) })
    this.writer = writer
    this.reader = reader
  }

  get<Row extends object = Record<string, SqlValue>>(sql: string, ...values: SqlValue[]): Row | undefined {
    return this.reader.prepare(sql).get(values) as Row | undefined
  }

  all<Row extends object = Record<string, SqlValue>>(sql: string, ...values: SqlValue[]): Row[] {
    return this.reader.prepare(sql).all(values) as Row[]
  }

  /** A transaction of its own, on disk when it returns. */
  run(sql: string, ...values: SqlValue[]): void {
    if (this.isExecuting)
      throw misused('ledger.run inside an exactly-once handler: use call.tx.run, which commits with the call')
    this.writer.prepare(sql).run(values)
  }

  override async close(): Promise<void> {
    if (this.reader !== this.writer) this.reader.close()
    await super.close()
  }
}

/** WAL and FULL, as asked and as read back: some bindings reopen an existing WAL file at NORMAL without a word. */
function makeDurable(connection: Connection, name: string): void {
  connection.exec('PRAGMA busy_timeout = 5000')
  connection.exec('PRAGMA journal_mode = WAL')
  connection.exec('PRAGMA synchronous = FULL')
  const mode = pragma(connection, 'journal_mode')
  const synchronous = pragma(connection, 'synchronous')
  if (mode === 'wal' && synchronous === 2n) return
  const read = `journal_mode=${String(mode)}, synchronous=${String(synchronous)}`
  throw new OncewireError(
    'ledger-unusable',
    'never',
    `${name} is not durable: asked for WAL and FULL, read back ${read}`,
  )
}

function pragma(connection: Connection, name: string): SqlValue | undefined {
  const row = connection.prepare(`PRAGMA ${name}`).get([])
  return row === undefined ? undefined : Object.values(row)[0]
}

/** undefined: a database in memory. */
function fileOf(connection: Connection): string | undefined {
  const main = connection.prepare('PRAGMA database_list').all([])[0]
  return (main?.['file'] as string | null | undefined) || undefined
}

function checkPlace(file: string): void {
  const folder = dirname(file)
  if (!existsSync(folder)) throw new Error(`the folder ${folder} does not exist`)
  if (existsSync(file) && statSync(file).isDirectory()) throw new Error('it is a folder')
}

function unusable(name: string, error: unknown): OncewireError {
  if (error instanceof OncewireError) return error
  const text = error instanceof Error ? error.message : String(error)
  const what = /not a database/i.test(text) ? 'it is not a SQLite database; it was left as it is' : text
  return new OncewireError('ledger-unusable', 'never', `the ledger ${name} cannot be opened: ${what}`, { cause: error })
}
