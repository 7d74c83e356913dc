/**
 * A server of three services that differ in the delivery of `put` alone, for late-copy.ts: `late-server.ts FILE`. Ends when
 * its parent does.
 */
import { createServer } from 'oncewire'
import { sqlite } from 'oncewire/sqlite'
import { AtLeastOnce, AtMostOnce, ExactlyOnce } from './gen/late-copy.ts'
import { putInto, schema, valueIn } from './handlers.ts'

const ledger = await sqlite(process.argv[2] ?? 'late.db', { schema })
const get = (key: string): { value: string | undefined } => ({ value: valueIn(ledger, key) })
const put = (key: string, value: string): void => putInto(ledger, key, value)
const server = createServer({ ledger })
server.add(AtLeastOnce, { get, put }).add(AtMostOnce, { get, put })
server.add(ExactlyOnce, { get, put: (key, value, { tx }) => putInto(tx, key, value) })
process.on('disconnect', () => process.exit())
process.send?.((await server.listen('tcp://127.0.0.1:0')).url)
