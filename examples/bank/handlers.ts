/**
 * The bank's handlers over one SQLite file, which is also the ledger: money and completion record commit together.
 */
import type { Handlers } from 'oncewire'
import type { SqliteLedger, SqliteTx } from 'oncewire/sqlite'
import { InsufficientFunds } from './gen/bank.ts'
import type { Bank } from './gen/bank.ts'

/** Run by `sqlite(file, { schema })` at every opening. */
export const schema = `CREATE TABLE IF NOT EXISTS account (name TEXT PRIMARY KEY, cents INTEGER NOT NULL)`

const balanceIn = (tx: Pick<SqliteTx, 'get'>, account: string): bigint =>
  tx.get<{ cents: bigint }>('SELECT cents FROM account WHERE name = ?', account)?.cents ?? 0n

export function bankHandlers(ledger: SqliteLedger): Handlers<Bank, SqliteTx> {
  return {
    balance: (account) => balanceIn(ledger, account),
    debit(account, cents, call) {
      const balance = balanceIn(call.tx, account)
      if (balance < cents) throw new InsufficientFunds({ balance })
      call.tx.run('UPDATE account SET cents = cents - ? WHERE name = ?', cents, account)
      return balance - cents
    },
    deposit(account, cents, call) {
      call.tx.run(
        'INSERT INTO account VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET cents = cents + excluded.cents',
        account,
        cents,
      )
      return balanceIn(call.tx, account)
    },
    note: (line, call) => console.log(call.peer, line),
  }
}
