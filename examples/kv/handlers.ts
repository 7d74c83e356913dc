/**
 * The store's handlers over one SQLite file, which is also the ledger: what stands under a key and the completion record of
 * the call that put it there commit together.
 */
import type { Handlers } from 'oncewire'
import type { SqliteLedger, SqliteTx } from 'oncewire/sqlite'
import type { KeyValue } from './gen/kv.ts'

/** Run by `sqlite(file, { schema })` at every opening. */
export const schema = 'CREATE TABLE IF NOT EXISTS pair (key TEXT PRIMARY KEY, value TEXT NOT NULL)'

export function valueIn(db: Pick<SqliteTx, 'get'>, key: string): string | undefined {
  return db.get<{ value: string }>('SELECT value FROM pair WHERE key = ?', key)?.value
}

export function putInto(db: Pick<SqliteTx, 'run'>, key: string, value: string): void {
  db.run('INSERT INTO pair VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value', key, value)
}

export function keyValueHandlers(ledger: SqliteLedger): Handlers<KeyValue, SqliteTx> {
  return {
    get: (key) => ({ value: valueIn(ledger, key) }),
    put: (key, value, { tx }) => putInto(tx, key, value),
    append(key, value, { tx }) {
      const whole = (valueIn(tx, key) ?? '') + value
      putInto(tx, key, whole)
      return whole
    },
    compareAndSet(key, expected, value, { tx }) {
      if (valueIn(tx, key) !== expected) return false
      putInto(tx, key, value)
      return true
    },
    remove(key, { tx }) {
      const wasThere = valueIn(tx, key) !== undefined
      tx.run('DELETE FROM pair WHERE key = ?', key)
      return wasThere
    },
  }
}
