/**
 * What every transport must do, as tests. A new transport passes it unchanged.
 */
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { OncewireError } from '../errors/oncewire-error.ts'
import { transportFor } from './choose.ts'
import type { Connection, ConnectionOwner, Listener } from './transport.ts'

/** One end, with everything that happened to it. */
interface End {
  connection: Connection | undefined
  readonly frames: Uint8Array[]
  readonly closes: (Error | undefined)[]
  drainedCount: number
  readonly owner: ConnectionOwner
}

type Received = (body: Uint8Array, self: End) => void

function end(received?: Received): End {
  const self: End = {
    connection: undefined,
    frames: [],
    closes: [],
    drainedCount: 0,
    owner: {
      received(body) {
        self.frames.push(body.slice())
        received?.(body, self)
      },
      drained: () => void self.drainedCount++,
      closed: (error) => self.closes.push(error),
    },
  }
  return self
}

function send(connection: Connection | undefined, body: Uint8Array): void {
  if (connection === undefined) return expect.fail('not connected')
  connection.begin().raw(body)
  connection.end()
}

export const eventually = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1))
}
const laterTurns = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
}

const frameBytesMax = 1000
const echo: Received = (body, self) => send(self.connection, body)

export function transportContract(name: string, address: () => string): void {
  async function listening(
    received?: Received,
    options: { frameBytesMax?: number; connectionsMax?: number } = {},
  ): Promise<{ servers: End[]; listener: Listener }> {
    const { transport, url } = transportFor(address())
    const servers: End[] = []
    const listener = await transport.listen(
      url,
      (connection) => {
        const server = end(received)
        server.connection = connection
        servers.push(server)
        return server.owner
      },
      { frameBytesMax, frameMs: 10_000, connectionsMax: 100, ...options },
    )
    onTestFinished(() => listener.close())
    return { servers, listener }
  }

  async function connected({ url }: Listener, bytesMax = frameBytesMax): Promise<End> {
    const client = end()
    const { transport, url: parsed } = transportFor(url)
    client.connection = await transport.connect(parsed, client.owner, { frameBytesMax: bytesMax, connectMs: 5000 })
    onTestFinished(() => client.connection?.close())
    return client
  }

  /** A client and the server's end of it, which has answered one frame. */
  async function joined(received?: Received): Promise<{ client: End; server: End; listener: Listener }> {
    const { servers, listener } = await listening(received)
    const client = await connected(listener)
    await eventually(() => servers.length === 1)
    return { client, server: servers[0] as End, listener }
  }

  const failureOf = async (promise: Promise<unknown>): Promise<OncewireError> => {
    const error = await promise.catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(OncewireError)
    return error as OncewireError
  }

  describe(`${name}: frames`, () => {
    test('arrive whole and in order, both ways, whatever their sizes and however many a turn', async () => {
      const { client, server } = await joined(echo)
      const sizes = fc.array(fc.array(fc.integer({ min: 1, max: frameBytesMax }), { maxLength: 40 }), { maxLength: 10 })
      await fc.assert(
        fc.asyncProperty(sizes, async (turns) => {
          client.frames.length = server.frames.length = 0
          const sent: Uint8Array[] = []
          for (const turn of turns) {
            for (const size of turn) {
              sent.push(new Uint8Array(size).fill(sent.length))
              send(client.connection, sent.at(-1) as Uint8Array)
            }
            await new Promise((resolve) => setImmediate(resolve))
          }
          await eventually(() => client.frames.length >= sent.length)
          expect(server.frames).toEqual(sent)
          expect(client.frames).toEqual(sent)
        }),
        { numRuns: 30 },
      )
    })

    test('of one byte and of frameBytesMax pass; one byte more ends the connection, and says why', async () => {
      const { client, server } = await joined()
      send(client.connection, Uint8Array.of(7))
      send(client.connection, new Uint8Array(frameBytesMax))
      await eventually(() => server.frames.length === 2)
      send(client.connection, new Uint8Array(frameBytesMax + 1))
      await eventually(() => server.closes.length === 1 && client.closes.length === 1)
      expect(server.closes[0]).toMatchObject({ code: 'frame-too-large' })
      expect(server.frames).toHaveLength(2)
    })

    test('have at least one byte', async () => {
      const { client, server } = await joined()
      send(client.connection, new Uint8Array(0))
      await eventually(() => server.closes.length === 1 && client.closes.length === 1)
      expect(server.closes[0]).toMatchObject({ code: 'malformed' })
      expect(server.frames).toEqual([])
    })

    test('of many megabytes pass', async () => {
      const { listener } = await listening(echo, { frameBytesMax: 8_000_000 })
      const client = await connected(listener, 8_000_000)
      const body = Uint8Array.from({ length: 8_000_000 }, (_, at) => at * 7)
      send(client.connection, body)
      await eventually(() => client.frames.length === 1)
      expect(Buffer.compare(client.frames[0] as Uint8Array, body)).toBe(0)
    })

    test('that were begun and never ended are as if they had not been', async () => {
      const { client, server } = await joined()
      send(client.connection, Uint8Array.of(1))
      client.connection?.begin().text('an argument that then could not be encoded')
      send(client.connection, Uint8Array.of(2))
      await eventually(() => server.frames.length === 2)
      expect(server.frames).toEqual([Uint8Array.of(1), Uint8Array.of(2)])
    })
  })

  describe(`${name}: back-pressure`, () => {
    test('who produces until isFull, then waits for drained, gets everything through', async () => {
      const { client, server } = await joined()
      const body = new Uint8Array(frameBytesMax)
      let sentCount = 0
      let fullCount = 0
      while (fullCount < 4) {
        const { drainedCount } = client
        while (client.connection?.isFull === false) {
          send(client.connection, body)
          sentCount++
        }
        fullCount++
        await eventually(() => client.drainedCount > drainedCount)
        expect(client.connection?.isFull).toBe(false)
      }
      await eventually(() => server.frames.length === sentCount)
    })

    test('what is sent although it is full arrives too, and is not mixed up with what waits', async () => {
      const { client, server } = await joined()
      const body = new Uint8Array(frameBytesMax)
      for (let n = 0; n < 20_000; n++) {
        send(client.connection, body.fill(n))
        if (n % 4_000 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      await eventually(() => server.frames.length === 20_000)
      const isWhole = (frame: Uint8Array, n: number): boolean =>
        frame.length === frameBytesMax && frame.every((byte) => byte === (n & 255))
      expect(server.frames.findIndex((frame, n) => !isWhole(frame, n))).toBe(-1)
    })

    test('a closed connection is not full, and takes what goes nowhere', async () => {
      const { client, server } = await joined()
      expect(client.connection?.isOpen).toBe(true)
      client.connection?.close()
      expect(client.connection?.isOpen).toBe(false)
      await eventually(() => client.closes.length === 1 && server.closes.length === 1)
      expect(server.connection?.isOpen).toBe(false)
      for (let n = 0; n < 3000; n++) send(client.connection, new Uint8Array(frameBytesMax))
      await laterTurns()
      expect(client.connection?.isFull).toBe(false)
      expect(server.frames).toEqual([])
    })
  })

  describe(`${name}: the end`, () => {
    test.each(['client', 'server'] as const)(
      'of the %s: told once at both, after what was sent before',
      async (who) => {
        const ends = await joined()
        const [first, second] = who === 'client' ? [ends.client, ends.server] : [ends.server, ends.client]
        for (let n = 0; n < 50; n++) send(first.connection, Uint8Array.of(n))
        first.connection?.close()
        first.connection?.close()
        send(first.connection, Uint8Array.of(99)) // goes nowhere
        await eventually(() => first.closes.length > 0 && second.closes.length > 0)
        await laterTurns()
        expect([first.closes, second.closes]).toEqual([[undefined], [undefined]])
        expect(second.frames).toEqual(Array.from({ length: 50 }, (_, n) => Uint8Array.of(n)))
      },
    )

    test('comes to one connection, not to others, when its owner calls a frame malformed', async () => {
      const { servers, listener } = await listening((body, self) => {
        if (body[0] === 13) throw new OncewireError('malformed', 'never', 'thirteen')
        echo(body, self)
      })
      const bad = await connected(listener)
      const good = await connected(listener)
      await eventually(() => servers.length === 2)
      send(bad.connection, Uint8Array.of(13))
      send(bad.connection, Uint8Array.of(14)) // comes too late
      await eventually(() => bad.closes.length === 1)
      send(good.connection, Uint8Array.of(1))
      await eventually(() => good.frames.length === 1)
      expect(good.closes).toEqual([])
      expect(servers[0]?.closes).toMatchObject([{ code: 'malformed', message: 'thirteen' }])
      expect(servers[0]?.frames).toEqual([Uint8Array.of(13)])
    })

    test('of a listener leaves its connections open', async () => {
      const { client, listener } = await joined(echo)
      await listener.close()
      send(client.connection, Uint8Array.of(1))
      await eventually(() => client.frames.length === 1)
      expect(await failureOf(connected(listener))).toMatchObject({ code: 'unavailable', executed: 'never' })
    })
  })

  describe(`${name}: beginnings`, () => {
    test('an address that is taken', async () => {
      const { listener } = await listening()
      const { transport, url } = transportFor(listener.url)
      const options = { frameBytesMax, frameMs: 10_000, connectionsMax: 1 }
      const error = await failureOf(transport.listen(url, () => end().owner, options))
      expect(error).toMatchObject({ code: 'listen-failed', executed: 'never' })
      expect(error.message).toContain(listener.url)
      expect(error.message).toContain('taken')
    })

    test('connectionsMax are served; one more is turned away, until one has ended', async () => {
      const { servers, listener } = await listening(echo, { connectionsMax: 2 })
      const [first, second] = [await connected(listener), await connected(listener)]
      await eventually(() => servers.length === 2)
      const third = await connected(listener).catch(() => undefined)
      await eventually(() => third === undefined || third.closes.length === 1)
      expect(listener.turnedAwayCount).toBe(1)
      send(second.connection, Uint8Array.of(2))
      await eventually(() => second.frames.length === 1)
      first.connection?.close()
      await eventually(() => servers[0]?.closes.length === 1)
      const fourth = await connected(listener)
      await eventually(() => servers.length === 3)
      send(fourth.connection, Uint8Array.of(4))
      await eventually(() => fourth.frames.length === 1)
    })
  })
}
