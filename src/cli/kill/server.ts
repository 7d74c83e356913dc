/**
 * The server of the kill proof, a process of its own: `node server.js FILE PORT`. Killed at random and started again on
 * the same file and port. Ends when its standard input does: nobody is left to be served.
 */
import { createServer } from 'oncewire'
import { sqlite } from 'oncewire/sqlite'
import { KillBank } from './bank.ts'

const [file = 'bank.db', port = '0'] = process.argv.slice(2)
const ledger = await sqlite(file)
const server = createServer({ ledger })
server.add(KillBank, {
  transfer(from, to, cents, tag, call) {
    // The row shows a second execution; the balances show half a one.
    call.tx.run('INSERT INTO effect (tag, source, target, cents) VALUES (?, ?, ?, ?)', tag, from, to, cents)
    call.tx.run('UPDATE account SET cents = cents - ? WHERE name = ?', cents, from)
    call.tx.run('UPDATE account SET cents = cents + ? WHERE name = ?', cents, to)
    return cents
  },
})
process.stdin.on('end', () => process.exit()).resume()
const { url } = await server.listen(`tcp://127.0.0.1:${port}`)
console.log(url)
