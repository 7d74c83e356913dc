/**
 * The demo's server, a process of its own: `node server.js FILE`. It prints its address, tells on descriptor 4 whenever a
 * handler has made its debit, and does what its parent arms: `slow` makes calls take their time, `inside` makes the next
 * handler stop for good after its debit.
 *
 * Invariant: uses the library as any user would; nothing in the library knows of this demo.
 */
import { writeSync } from 'node:fs'
import { createServer } from 'oncewire'
import { sqlite, type SqliteTx } from 'oncewire/sqlite'
import { DemoBank, InsufficientFunds } from './bank.ts'

const [file = 'bank.db'] = process.argv.slice(2)
const ledger = await sqlite(file, {
  schema: 'CREATE TABLE IF NOT EXISTS account (name TEXT PRIMARY KEY, cents INTEGER NOT NULL)',
})
let armed: 'slow' | 'inside' | undefined

process.on('message', (message: 'slow' | 'inside') => {
  armed = message
  process.send?.('armed')
})
// Nobody is left to be served.
process.on('disconnect', () => process.exit())

const slowMs = 500

/** `db` is a call's transaction, or the ledger with transactions of its own. */
function debit(db: Pick<SqliteTx, 'get' | 'run'>, account: string, cents: bigint): bigint {
  const balance = db.get<{ cents: bigint }>('SELECT cents FROM account WHERE name = ?', account)?.cents ?? 0n
  if (balance < cents) throw new InsufficientFunds({ balance })
  db.run('UPDATE account SET cents = cents - ? WHERE name = ?', cents, account)
  writeSync(4, `${process.hrtime.bigint()}\n`)
  if (armed === 'inside') pause(60_000) // until the parent kills us
  return balance - cents
}

/** Holds the whole process, as a slow synchronous handler does. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

async function slowly(): Promise<void> {
  if (armed === 'slow') await new Promise((resolve) => setTimeout(resolve, slowMs))
}

const server = createServer({ ledger })
server.add(DemoBank, {
  async debitAtLeastOnce(account, cents) {
    await slowly()
    return debit(ledger, account, cents)
  },
  async debitAtMostOnce(account, cents) {
    await slowly()
    return debit(ledger, account, cents)
  },
  debitExactlyOnce(account, cents, call) {
    if (armed === 'slow') pause(slowMs)
    return debit(call.tx, account, cents)
  },
})
const { url } = await server.listen('tcp://127.0.0.1:0')
console.log(url)
