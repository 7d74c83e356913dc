/**
 * The store's server: `npx tsx examples/kv/server.ts [url [file]]`. Kill it as you like; the file knows what happened.
 */
import { createServer } from 'oncewire'
import { sqlite } from 'oncewire/sqlite'
import { KeyValue } from './gen/kv.ts'
import { keyValueHandlers, schema } from './handlers.ts'

const ledger = await sqlite(process.argv[3] ?? 'kv.db', { schema })
// A copy of a call that still runs waits for its answer. `duplicates: 'still-running'` would refuse it (the lecture's
// E_RETRY), and the client would ask again a little later.
const server = createServer({ ledger, duplicates: 'attach' })
server.add(KeyValue, keyValueHandlers(ledger))
const { url } = await server.listen(process.argv[2] ?? 'tcp://127.0.0.1:9090')
console.log(`kv at ${url}`)
