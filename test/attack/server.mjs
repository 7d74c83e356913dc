/**
 * The server that is attacked, a process of its own: it echoes, and tells how much memory it holds when it is asked.
 */
import { createServer } from '../../dist/index.js'
import { i32, string } from '../../dist/rpc/stub-v1.js'

const Echo = {
  name: 'Echo',
  methods: {
    echo: { delivery: 'at-least-once', arguments: { text: [1, string] }, returns: string },
    large: { delivery: 'at-least-once', arguments: { bytes: [1, i32] }, returns: string },
    sum: {
      delivery: 'at-least-once',
      arguments: { numbers: [1, { list: i32 }], names: [2, { map: [string, { set: string }] }] },
      returns: i32,
    },
  },
}
const server = createServer({ log: () => {}, limits: { frameMs: 2_000 } })
server.add(Echo, {
  echo: (text) => text,
  large: (bytes) => 'x'.repeat(Math.min(bytes, 1 << 20)),
  sum: (numbers) => numbers.reduce((sum, n) => (sum + n) | 0, 0),
})
const { url } = await server.listen('tcp://127.0.0.1:0')
process.on('message', () => process.send({ rss: process.memoryUsage.rss() }))
process.on('disconnect', () => process.exit())
process.send({ url })
