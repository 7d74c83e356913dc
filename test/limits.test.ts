/**
 * Goal: each limit of a server holds at its value and one beyond, in every dialect, and whoever stays below is served.
 * Method: a real server over TCP with small limits; honest clients of ours, and sockets that do what no client does.
 */
import { once } from 'node:events'
import { connect as connectSocket, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ConnectOptions, createServer, OncewireError, type ServerOptions } from '../src/index.ts'
import { memoryLedger } from '../src/ledger/memory.ts'
import { compileService } from '../src/rpc/compile.ts'
import { eventually } from '../src/transport/transport-contract.ts'
import { connected } from './support/bank.ts'
import { RawThrift } from './support/thrift.ts'
import { Everything, Target } from './hostile/gen/hostile.ts'
import { type Counts, targetHandlers } from './hostile/handlers.ts'

interface Running {
  readonly url: string
  readonly counts: Counts
  readonly logged: string[]
}

async function run(limits: ServerOptions['limits']): Promise<Running> {
  const counts: Counts = { running: 0, runningMost: 0, begun: 0 }
  const logged: string[] = []
  const log = (text: string, error: unknown): void => void logged.push(`${text}: ${String(error)}`)
  const server = createServer({ ledger: memoryLedger(), limits, log }).add(Target, targetHandlers(counts))
  const { url } = await server.listen('tcp://127.0.0.1:0')
  onTestFinished(() => server.close())
  return { url, counts, logged }
}

const ways: Readonly<Record<string, ConnectOptions>> = {
  session: {},
  'framed binary': { framing: 'framed' },
  'unframed compact': { framing: 'unframed', codec: 'compact' },
  'framed JSON': { framing: 'framed', codec: 'json' },
  THeader: { framing: 'header' },
}

async function clientOf({ url }: Running, options: ConnectOptions = {}): Promise<Target> {
  return (await connected(url, options)).client(Target)
}

async function failureOf(call: Promise<unknown>): Promise<OncewireError> {
  const error = await call.then(
    (value) => expect.fail(`answered ${String(value)}`),
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(OncewireError)
  return error as OncewireError
}

async function rawSocket({ url }: Running, first: Uint8Array): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connectSocket(Number(port), hostname).on('error', () => {})
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  socket.write(first)
  return socket
}

const methods = compileService(Target)
const encoded = (method: string, ...values: unknown[]): Uint8Array =>
  methods.get(method)?.encodeArguments(values) ?? expect.fail(`no method ${method}`)

describe('argumentBytesMax: memory that the arguments of one call take', () => {
  const arguments_ = [
    Everything.create({ nothings: Array.from({ length: 500 }, () => ({})) } as unknown as Everything),
    1,
    [],
  ] as const
  const room = { left: 1e9, name: '' }
  methods.get('echo')?.decodeArguments(encoded('echo', ...arguments_), 'binary', room)
  const weight = 1e9 - room.left

  test.each(Object.entries(ways))('%s', async (_, way) => {
    const atLimit = await clientOf(await run({ argumentBytesMax: weight }), way)
    expect((await atLimit.echo(...arguments_)).nothings).toHaveLength(500)
    const beyond = await clientOf(await run({ argumentBytesMax: weight - 1 }), way)
    const error = await failureOf(beyond.echo(...arguments_))
    expect(error).toMatchObject({ code: 'malformed', executed: 'never' })
    expect(error.message).toContain('limits.argumentBytesMax')
    expect(await beyond.mirror(Uint8Array.of(1))).toEqual(Uint8Array.of(1))
  })

  test('HTTP', async () => {
    const post = async (limit: number): Promise<{ status: number; text: string }> => {
      const { url } = await run({ argumentBytesMax: limit })
      const body = JSON.stringify({ it: { nothings: Array.from({ length: 500 }, () => ({})) }, number: 1, words: [] })
      const answer = await fetch(url.replace('tcp:', 'http:') + '/Target/echo', { method: 'POST', body })
      return { status: answer.status, text: await answer.text() }
    }
    expect(await post(weight)).toMatchObject({ status: 200 })
    expect(await post(weight - 1)).toMatchObject({ status: 400, text: expect.stringContaining('argumentBytesMax') })
  })
})

describe('runningBytesMax: memory of all calls that run', () => {
  const load = new Uint8Array(5000)
  const limits = { runningBytesMax: 2 * (1024 + encoded('wait', 60_000, load).length) }

  test('one more is refused, and told that it did not run', async () => {
    const server = await run(limits)
    const stock = await clientOf(server, { framing: 'framed' })
    const running = [stock.wait(60_000, load), stock.wait(60_000, load)].map(failureOf)
    await eventually(() => server.counts.running === 2)
    const other = await clientOf(server, { framing: 'framed' })
    expect(await failureOf(other.wait(60_000, load))).toMatchObject({ code: 'overloaded', executed: 'never' })
    const answer = await fetch(server.url.replace('tcp:', 'http:') + '/Target/wait', {
      method: 'POST',
      body: '{"ms":1,"load":""}',
    })
    expect(answer.status).toBe(503)
    expect(server.counts.runningMost).toBe(2)
    void running
  })

  test('a session asks again, and is served when there is room', async () => {
    const server = await run(limits)
    const client = await clientOf(server, { retransmission: { attemptMs: 20 } })
    expect(await Promise.all([1, 2, 3, 4].map(() => client.wait(30, load)))).toEqual([5000, 5000, 5000, 5000])
    expect(server.counts.runningMost).toBe(2)
  })
})

test('window and queuedMax: at-least-once calls of one connection that run at once', async () => {
  const server = await run({ window: 2, queuedMax: 3 })
  const client = await clientOf(server, { retransmission: { attemptMs: 20 } })
  const nothing = new Uint8Array()
  expect(await Promise.all(Array.from({ length: 20 }, () => client.wait(5, nothing)))).toHaveLength(20)
  expect(server.counts.runningMost).toBe(5)
})

describe('heldBytesMax: messages that are not whole', () => {
  const preface = [0xd7, 0x4f, 0x57, 0x01]
  const length = (bytes: number): number[] => [0, bytes >> 16, (bytes >> 8) & 255, bytes & 255]
  const http = (bytes: number): Buffer =>
    Buffer.from(`POST /Target/mirror HTTP/1.1\r\nhost: x\r\ncontent-length: ${bytes}\r\n\r\n`)
  /** What begins a message of so many bytes. */
  const begins: Readonly<Record<string, (bytes: number) => Iterable<number>>> = {
    session: (bytes) => [...preface, ...length(bytes)],
    framed: (bytes) => [...length(bytes), 0x80, 1, 0, 1],
    unframed: (bytes) => [0x80, 1, 0, 1, ...length(4), 0x65, 0x63, 0x68, 0x6f, 0, 0, 0, 1, 11, 0, 1, ...length(bytes)],
    HTTP: http,
  }

  test.each(Object.entries(begins))('%s: whoever keeps most is ended, the others go on', async (_, begin) => {
    const server = await run({ heldBytesMax: 1_000_000 })
    const client = await clientOf(server)
    const half = async (bytes: number): Promise<Socket> => {
      const socket = await rawSocket(server, Uint8Array.from(begin(2_000_000)))
      socket.write(new Uint8Array(bytes))
      return socket
    }
    const small = await half(100_000)
    const large = await half(600_000)
    await client.mirror(new Uint8Array(10))
    const closed = new Promise((resolve) => large.once('close', resolve))
    await half(450_000)
    large.resume()
    await closed
    await eventually(() => server.logged.length > 0)
    expect(server.logged.join()).toContain('limits.heldBytesMax')
    expect(small.destroyed).toBe(false)
    expect(await client.mirror(new Uint8Array(300_000))).toHaveLength(300_000)
  })
})

describe('answers that are not taken', () => {
  test('a stock client that reads late makes the server wait, not gather: and then it is answered in full', async () => {
    const server = await run({})
    const speech = { name: '', dialect: 'binary', framing: 'framed' } as const
    const raw = await RawThrift.open(server.url, speech)
    raw.socket.pause()
    const payload = encoded('grow', 200_000)
    raw.send(...Array.from({ length: 500 }, (_, i) => ({ name: 'grow', seqid: i, payload })))
    await eventually(() => server.counts.begun > 0)
    const client = await clientOf(server)
    for (let i = 0; i < 20; i++) await client.mirror(new Uint8Array(10))
    expect(server.counts.begun - 20).toBeLessThan(100)
    raw.socket.resume()
    for (let i = 0; i < 500; i++) expect((await raw.reply())?.envelope.seqid).toBe(i)
  })

  test('a session that asks and asks, and reads nothing', async () => {
    const server = await run({})
    const ping = Uint8Array.of(0, 0, 0, 5, 9, 1, 2, 3, 4)
    const pings = 2_000_000
    const flood = Buffer.concat(Array.from({ length: 10_000 }, () => ping))
    const socket = await rawSocket(server, Uint8Array.of(0xd7, 0x4f, 0x57, 1))
    socket.pause()
    let sent = 0
    for (; sent < pings; sent += 10_000) socket.write(flood)
    const client = await clientOf(server)
    for (let i = 0; i < 20; i++) await client.mirror(new Uint8Array(10))
    expect(socket.writableLength).toBeGreaterThan(1 << 20) // the server has stopped reading
    let answered = 0
    socket.on('data', (chunk) => (answered += chunk.length)).resume()
    await eventually(() => answered === pings * ping.length)
  })
})
