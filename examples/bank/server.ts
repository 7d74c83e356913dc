/**
 * The bank's server: `npx tsx examples/bank/server.ts [url [file]]`. Kill it as you like; the file knows what happened.
 */
import { createServer } from 'oncewire'
import { sqlite } from 'oncewire/sqlite'
import { Bank } from './gen/bank.ts'
import { bankHandlers, schema } from './handlers.ts'

const ledger = await sqlite(process.argv[3] ?? 'bank.db', { schema })
const server = createServer({ ledger })
server.add(Bank, bankHandlers(ledger))
const { url } = await server.listen(process.argv[2] ?? 'tcp://127.0.0.1:9090')
console.log(`bank at ${url}`)
