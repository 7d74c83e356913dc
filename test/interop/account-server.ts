/**
 * A server with a SQLite ledger, as a process that can be killed: `account-server.ts FILE`. Prints its port.
 */
import { createServer, external } from 'oncewire'
import { sqlite, type SqliteTx } from 'oncewire/sqlite'
import { Account } from './gen/account.ts'

const schema = 'CREATE TABLE IF NOT EXISTS account (name TEXT PRIMARY KEY, cents INTEGER NOT NULL)'
const deposit =
  'INSERT INTO account VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET cents = cents + excluded.cents RETURNING cents'

const ledger = await sqlite(process.argv[2] ?? ':memory:', { schema })
const server = createServer({ ledger, duplicates: 'still-running', log: () => {} })
const add = (tx: Pick<SqliteTx, 'get'>, name: string, cents: bigint): bigint =>
  tx.get<{ cents: bigint }>(deposit, name, cents)?.cents ?? 0n

const held = new Map<string, () => void>()
server.add(Account, {
  deposit: (name, cents, call) => add(call.tx, name, cents),
  held: external<[name: string, cents: bigint], bigint>({
    async perform(name, cents) {
      await new Promise<void>((release) => held.set(name, release))
      held.delete(name)
      return add(ledger, name, cents)
    },
    reconcile: () => ({ executed: 'unknown' }),
  }),
  isHeld: (name) => held.has(name),
  release: (name) => held.get(name)?.(),
  total: (name) => ledger.get<{ cents: bigint }>('SELECT cents FROM account WHERE name = ?', name)?.cents ?? 0n,
})
const { url } = await server.listen('tcp://127.0.0.1:0')
console.log(new URL(url).port)
