/**
 * Goal: what only a socket can do to a server harms that connection alone. Method: the contract of all transports, then
 * raw sockets that say nonsense, half of something, or nothing.
 */
import fc from 'fast-check'
import { once } from 'node:events'
import { connect as connectSocket, createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { OncewireError } from '../errors/oncewire-error.ts'
import { transportFor } from './choose.ts'
import { speakerOf, preface } from './preface.ts'
import { eventually, transportContract } from './transport-contract.ts'
import type { Connection, Listener } from './transport.ts'

transportContract('tcp', () => 'tcp://127.0.0.1:0')

const frame = (...body: number[]): number[] => [0, 0, 0, body.length, ...body]

interface Echo {
  readonly listener: Listener
  readonly port: number
  readonly received: Uint8Array[]
  readonly failures: (Error | undefined)[]
}

/** A server that sends every frame back. */
async function echoServer(options: { frameMs?: number; connectionsMax?: number } = {}): Promise<Echo> {
  const { transport, url } = transportFor('tcp://127.0.0.1:0')
  const received: Uint8Array[] = []
  const failures: (Error | undefined)[] = []
  const listener = await transport.listen(
    url,
    (connection) => ({
      received(body) {
        received.push(body.slice())
        connection.begin().raw(body)
        connection.end()
      },
      drained: () => {},
      closed: (error) => failures.push(error),
    }),
    { frameBytesMax: 100_000, frameMs: 10_000, connectionsMax: 2000, ...options },
  )
  onTestFinished(() => listener.close())
  return { listener, port: Number(new URL(listener.url).port), received, failures }
}

async function rawSocket(port: number, first: Iterable<number> = []): Promise<Socket> {
  const socket = connectSocket(port, '127.0.0.1').on('error', () => {})
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  socket.write(Uint8Array.from(first))
  return socket
}

/** A client of ours, whose frames come back. */
async function goodClient({ listener }: Echo): Promise<() => Promise<void>> {
  const { transport, url } = transportFor(listener.url)
  let echoed = 0
  const owner = { received: () => void echoed++, drained: () => {}, closed: () => {} }
  const connection: Connection = await transport.connect(url, owner, { frameBytesMax: 1000, connectMs: 5000 })
  onTestFinished(() => connection.close())
  return async () => {
    const before = echoed
    connection.begin().u8(1)
    connection.end()
    await eventually(() => echoed > before)
  }
}

test('the first bytes tell the dialects apart', () => {
  const of = (...bytes: number[]): string => speakerOf(Uint8Array.from(bytes))
  expect([of(), of(0xd7), of(0xd7, 0x4f, 0x57)]).toEqual(['undecided', 'undecided', 'undecided'])
  expect(of(0xd7, 0x4f, 0x57, 1)).toBe('ours')
  expect(of(0xd7, 0x4f, 0x57, 2)).toBe('newer')
  expect(of(...Buffer.from('POST /'))).toBe('other')
  const thrift = { binary: [0x80, 1, 0, 1], compact: [0x82, 0x21], framed: [0, 0, 0, 20], tls: [0x16, 3, 1] }
  for (const bytes of Object.values(thrift)) expect(of(...bytes)).toBe('other')
})

test('garbage ends that connection; nobody else notices, and nobody hears of one that never spoke our protocol', async () => {
  const echo = await echoServer()
  const isServed = await goodClient(echo)
  await isServed()
  let served = 1
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 4, maxLength: 300 }), async (garbage) => {
      fc.pre(speakerOf(garbage) !== 'ours')
      const socket = (await rawSocket(echo.port, garbage)).resume()
      await once(socket, 'close')
      await isServed()
      served++
    }),
    { numRuns: 50 },
  )
  expect(echo.failures).toEqual([])
  expect(echo.received).toHaveLength(served)
  expect(echo.listener.turnedAwayCount).toBeGreaterThanOrEqual(50)
})

test('preface and frames cut anywhere, each piece in its own segment, arrive as they were', async () => {
  const { port, received } = await echoServer()
  const bytes = Uint8Array.from([...preface, ...frame(1), ...frame(2, 3), ...frame(...Array<number>(200).fill(4))])
  for (let cut = 1; cut < 20; cut++) {
    received.length = 0
    const socket = (await rawSocket(port)).resume().setNoDelay(true)
    for (let at = 0; at < bytes.length; at += cut) {
      socket.write(bytes.subarray(at, at + cut))
      if (at < 40) await new Promise((resolve) => setImmediate(resolve))
    }
    await eventually(() => received.length === 3)
    expect(received.map((body) => body.length)).toEqual([1, 2, 200])
    socket.destroy()
  }
})

const silences: Readonly<Record<string, readonly number[]>> = {
  'half of the preface': [0xd7, 0x4f],
  'the preface and no frame': [...preface],
  'half of the first frame': [...preface, 0, 0, 0, 9, 1],
  'a frame and half of a length': [...preface, ...frame(1), 0, 0],
}
test.each(Object.entries(silences))(
  '%s, then silence: closed after frameMs, and others are served',
  async (_, first) => {
    const echo = await echoServer({ frameMs: 100 })
    const isServed = await goodClient(echo)
    await isServed()
    const socket = (await rawSocket(echo.port, first)).resume()
    await once(socket, 'close')
    await isServed()
    await eventually(() => echo.failures.length + echo.listener.turnedAwayCount === 1)
    const isOurs = first.length >= preface.length
    expect(echo.failures).toMatchObject(isOurs ? [{ code: 'malformed', message: /100 ms/ }] : [])
  },
)

test('one byte at a time does not keep a frame alive beyond frameMs', async () => {
  const { port } = await echoServer({ frameMs: 100 })
  const socket = (await rawSocket(port, [...preface, 0, 0, 200, 0])).resume()
  const drip = setInterval(() => socket.write(Uint8Array.of(1)), 5)
  onTestFinished(() => clearInterval(drip))
  // Not `once`: a byte that meets the end makes an error first.
  await new Promise((resolve) => socket.on('error', () => {}).once('close', resolve))
})

test('a busy connection that is always in the middle of some frame is not silence', async () => {
  const { port, received, failures } = await echoServer({ frameMs: 40 })
  const socket = (await rawSocket(port, [...preface, ...frame(0), 0, 0, 0])).resume()
  // Each piece ends one frame and begins the next, so that no look ever finds the connection between two.
  for (let n = 0; n < 60; n++) {
    socket.write(Uint8Array.from([1, n, 0, 0, 0]))
    await eventually(() => received.length === n + 2)
    await new Promise((resolve) => setTimeout(resolve, 4))
  }
  expect(failures).toEqual([])
  expect(socket.destroyed).toBe(false)
})

test('the watch goes on for connections that outlive their listener', async () => {
  const { port, listener } = await echoServer({ frameMs: 100 })
  const socket = (await rawSocket(port, [...preface, ...frame(1)])).resume()
  await once(socket, 'data')
  await listener.close()
  socket.write(Uint8Array.of(0))
  await once(socket, 'close')
})

test('a thousand connections that come and go leave nothing', async () => {
  const echo = await echoServer()
  const isServed = await goodClient(echo)
  for (let round = 0; round < 10; round++) {
    await Promise.all(
      Array.from({ length: 100 }, async (_, n) => {
        const socket = await rawSocket(echo.port, n % 2 === 0 ? [] : [...preface, ...frame(1), 0, 0])
        const closed = once(socket, 'close')
        if (n % 3 === 0) socket.resetAndDestroy()
        else socket.destroy()
        await closed
      }),
    )
  }
  await eventually(() => echo.failures.length + echo.listener.turnedAwayCount === 1000)
  await isServed()
})

test('a reset is told with its cause', async () => {
  const { port, failures, received } = await echoServer()
  const socket = await rawSocket(port, [...preface, ...frame(1)])
  await eventually(() => received.length === 1)
  socket.resetAndDestroy()
  await eventually(() => failures.length === 1)
  expect(failures[0]).toMatchObject({ code: 'unavailable', executed: 'unknown', cause: { code: 'ECONNRESET' } })
})

test('the frames of one turn leave together', async () => {
  const chunks: Buffer[] = []
  const server = createServer((socket) => void socket.on('data', (chunk) => chunks.push(chunk)))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  const { transport, url } = transportFor(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const owner = { received: () => {}, drained: () => {}, closed: () => {} }
  const connection = await transport.connect(url, owner, { frameBytesMax: 1000, connectMs: 5000 })
  onTestFinished(() => connection.close())
  await eventually(() => chunks.length === 1)
  for (let n = 0; n < 100; n++) {
    connection.begin().u8(n)
    connection.end()
  }
  await eventually(() => chunks.length > 1)
  expect(chunks.map((chunk) => chunk.length)).toEqual([preface.length, 500])
})

test('nobody answers, nobody listens, a name that does not exist: unavailable, and nothing was sent', async () => {
  const owner = { received: () => {}, drained: () => {}, closed: () => {} }
  for (const target of ['tcp://127.0.0.1:1', 'tcp://localhost:1', 'tcp://no-such-host.invalid:9090']) {
    const { transport, url } = transportFor(target)
    const error = await transport
      .connect(url, owner, { frameBytesMax: 1, connectMs: 5000 })
      .catch((thrown: unknown) => thrown as OncewireError)
    expect(error).toMatchObject({ code: 'unavailable', executed: 'never', cause: expect.any(Error) as Error })
    expect((error as OncewireError).message).toContain(`${url.host}: `)
    expect((error as OncewireError).message.length).toBeGreaterThan(url.host.length + 2)
  }
})

test('port 0 becomes a real one; no host is this machine alone; IPv6 keeps its brackets', async () => {
  const listens = async (target: string): Promise<string> => {
    const { transport, url } = transportFor(target)
    const owner = { received: () => {}, drained: () => {}, closed: () => {} }
    const listener = await transport.listen(url, () => owner, { frameBytesMax: 1, frameMs: 1000, connectionsMax: 1 })
    await listener.close()
    return listener.url
  }
  expect(await listens('tcp://:0')).toMatch(/^tcp:\/\/127\.0\.0\.1:[1-9]\d*$/)
  expect(await listens('tcp://localhost:0')).toMatch(/^tcp:\/\/localhost:[1-9]\d*$/)
  const sixth = await listens('tcp://[::1]:0').catch((error: unknown) => error as OncewireError)
  if (sixth instanceof OncewireError)
    expect(sixth.code).toBe('listen-failed') // a machine without IPv6
  else expect(sixth).toMatch(/^tcp:\/\/\[::1\]:[1-9]\d*$/)
})
