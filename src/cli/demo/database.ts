/**
 * The judge's own look into the bank's file, with a SQLite binding and without the library.
 */
import { createRequire } from 'node:module'

export interface Database {
  exec(sql: string): unknown
  prepare(sql: string): { all(...values: unknown[]): unknown[]; run(...values: unknown[]): unknown }
  close(): unknown
}

/** Opens `file` with whatever SQLite this machine has. */
export function openDatabase(file: string): Database {
  const builtin = nodeSqlite()
  if (builtin !== undefined) return new builtin.DatabaseSync(file)
  const require = createRequire(import.meta.url)
  for (const name of ['libsql', 'better-sqlite3']) {
    try {
      return new (require(name) as new (file: string) => Database)(file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
    }
  }
  throw new Error('the demo needs SQLite: run it on Node 22.13 or later, or npm install libsql')
}

/** Loading it warns that it is experimental; that is not what anybody who runs the demo wants to read. */
function nodeSqlite(): { readonly DatabaseSync: new (file: string) => Database } | undefined {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return process.getBuiltinModule?.('node:sqlite') as unknown as ReturnType<typeof nodeSqlite>
  } finally {
    process.emitWarning = emitWarning
  }
}

/** A new bank, in which each account holds `cents`. */
export function createBank(file: string, accounts: readonly string[], cents: number): void {
  const database = openDatabase(file)
  database.exec('CREATE TABLE account (name TEXT PRIMARY KEY, cents INTEGER NOT NULL)')
  for (const account of accounts) database.exec(`INSERT INTO account VALUES ('${account}', ${cents})`)
  database.close()
}

/** What each account holds, in cents. */
export function readBalances(file: string): ReadonlyMap<string, number> {
  const database = openDatabase(file)
  try {
    const rows = database.prepare('SELECT name, cents FROM account').all() as { name: string; cents: number }[]
    return new Map(rows.map(({ name, cents }) => [name, Number(cents)]))
  } finally {
    database.close()
  }
}
