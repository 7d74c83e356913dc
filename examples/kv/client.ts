/**
 * The lecture's questions, asked: `npx tsx examples/kv/client.ts [url [journal]]`.
 */
import { connect } from 'oncewire'
import { KeyValue } from './gen/kv.ts'

const journal = process.argv[3] ?? 'client.journal'
await using channel = await connect(process.argv[2] ?? 'tcp://127.0.0.1:9090', { journal })
const store = channel.client(KeyValue)

// What an earlier run of this program was doing when it was killed.
for await (const { method, args, outcome } of channel.recovered) console.log('recovered', method, args, outcome.kind)

await store.put('x', '10')
await store.put('x', '20')
console.log(`put 10, put 20: x is ${(await store.get('x')).value}`)

await store.put('x', '7')
const isSet = await store.compareAndSet('x', '7', '8')
const isSetAgain = await store.compareAndSet('x', '7', '8')
console.log(`set x to 8 if x is 7: ${isSet}; asked for a second time, by a second call: ${isSetAgain}`)

console.log(`append: ${await store.append('x', '!')}`)
console.log(`remove: ${await store.remove('x')}, and again: ${await store.remove('x')}`)
console.log(`x is ${(await store.get('x')).value ?? 'not there'}`)
