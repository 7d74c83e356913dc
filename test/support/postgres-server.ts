/**
 * A bank's server on PostgreSQL, a process of its own: `tsx postgres-server.ts URL PORT`. A transfer from the account
 * "held" waits in its middle for the advisory lock 42. Ends when its standard input does.
 */
import { createServer } from '../../src/index.ts'
import { postgres } from '../../src/ledger/postgres.ts'
import { KillBank } from '../../src/cli/kill/bank.ts'

const [url = '', port = '0'] = process.argv.slice(2)
const ledger = await postgres(url, {
  connectionsMax: 12,
  schema: `CREATE TABLE IF NOT EXISTS account (name text PRIMARY KEY, cents bigint NOT NULL);
    CREATE TABLE IF NOT EXISTS effect (tag text NOT NULL, source text, target text, cents bigint, server text)`,
})
// Its log is what the test provokes: a database that goes away.
const server = createServer({ ledger, log: () => {} })
server.add(KillBank, {
  async transfer(from, to, cents, tag, { tx }) {
    // The row shows a second execution; the balances show half a one. One in ten may deadlock, and begins again.
    const isCareful = !tag.endsWith('0')
    const changes: [account: string, cents: bigint][] = [
      [from, -cents],
      [to, cents],
    ]
    if (isCareful) changes.sort(([one], [other]) => (one < other ? -1 : 1))
    await tx.query('INSERT INTO effect VALUES ($1, $2, $3, $4, $5)', [tag, from, to, cents, process.pid])
    if (from === 'held') await tx.query('SELECT pg_advisory_xact_lock(42)')
    for (const [name, change] of changes)
      await tx.query('UPDATE account SET cents = cents + $2 WHERE name = $1', [name, change])
    return cents
  },
})
process.stdin.on('end', () => process.exit()).resume()
const listening = await server.listen(`tcp://127.0.0.1:${port}`)
console.log(listening.url)
