/**
 * What every transport must do, as tests. A new transport passes it unchanged.
 */
import { describe, expect, onTestFinished, test } from 'vitest'
import type { OncewireError } from '../errors/oncewire-error.ts'
import { transportFor } from './choose.ts'
import type { Connection, ConnectionOwner, Listener } from './transport.ts'

/** One end, with everything that happened to it. */
interface End {
  connection: Connection | undefined
  readonly frames: Uint8Array[]
  readonly closes: (Error | undefined)[]
  readonly owner: ConnectionOwner
}

function end(received?: (body: Uint8Array, self: End) => void): End {
  const self: End = {
    connection: undefined,
    frames: [],
    closes: [],
    owner: {
      received(body) {
        self.frames.push(body.slice())
        received?.(body, self)
      },
      drained: () => {},
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

const eventually = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2))
}
const listenOptions = { frameBytesMax: 1000, frameMs: 10_000, connectionsMax: 100 }

export function transportContract(name: string, address: () => string): void {
  describe(`${name}: the transport contract`, () => {
    async function joined(
      received?: (body: Uint8Array, self: End) => void,
    ): Promise<{ client: End; server: End; listener: Listener }> {
      const { transport, url } = transportFor(address())
      const server = end(received)
      const listener = await transport.listen(
        url,
        (connection) => {
          server.connection = connection
          return server.owner
        },
        listenOptions,
      )
      onTestFinished(() => listener.close())
      const client = end()
      client.connection = await transport.connect(new URL(listener.url), client.owner, {
        frameBytesMax: 1000,
        connectMs: 1000,
      })
      onTestFinished(() => client.connection?.close())
      return { client, server, listener }
    }

    test('frames arrive whole and in order, both ways', async () => {
      const { client, server } = await joined((body, self) => send(self.connection, body))
      const bodies = Array.from({ length: 500 }, (_, n) => new Uint8Array(1 + (n % 1000)).fill(n))
      for (const body of bodies) send(client.connection, body)
      await eventually(() => client.frames.length === bodies.length)
      expect(server.frames).toEqual(bodies)
      expect(client.frames).toEqual(bodies)
    })

    test('frames of many turns, with pauses, do not overwrite each other', async () => {
      const { client, server } = await joined()
      for (let n = 0; n < 300; n++) {
        send(client.connection, new Uint8Array(700).fill(n))
        if (n % 7 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      await eventually(() => server.frames.length === 300)
      expect(server.frames.every((frame, n) => frame.length === 700 && frame.every((byte) => byte === (n & 255)))).toBe(
        true,
      )
    })

    test('a frame at the limit passes; one beyond ends the connection with an error', async () => {
      const { client, server } = await joined()
      send(client.connection, new Uint8Array(1000))
      await eventually(() => server.frames.length === 1)
      send(client.connection, new Uint8Array(1001))
      await eventually(() => server.closes.length === 1 && client.closes.length === 1)
      expect(server.closes[0]).toMatchObject({ code: 'frame-too-large' })
    })

    test('closing is told once at both ends, after what was sent before', async () => {
      const { client, server } = await joined()
      send(client.connection, Uint8Array.of(1))
      client.connection?.close()
      client.connection?.close()
      await eventually(() => server.closes.length === 1 && client.closes.length === 1)
      expect(server.frames).toEqual([Uint8Array.of(1)])
      send(client.connection, Uint8Array.of(2)) // goes nowhere
      await new Promise((resolve) => setTimeout(resolve, 20))
      expect([client.closes.length, server.closes.length, server.frames.length]).toEqual([1, 1, 1])
    })

    test('the server closes', async () => {
      const { client, server } = await joined((_, self) => self.connection?.close())
      send(client.connection, Uint8Array.of(1))
      await eventually(() => client.closes.length === 1 && server.closes.length === 1)
    })

    test('an owner that calls a frame malformed loses that connection and no other', async () => {
      const { OncewireError: Failure } = await import('../errors/oncewire-error.ts')
      const { client, listener } = await joined((body) => {
        if (body[0] === 13) throw new Failure('malformed', 'never', 'thirteen')
      })
      const { transport } = transportFor(address())
      const other = end()
      other.connection = await transport.connect(new URL(listener.url), other.owner, {
        frameBytesMax: 1000,
        connectMs: 1000,
      })
      onTestFinished(() => other.connection?.close())
      send(client.connection, Uint8Array.of(13))
      await eventually(() => client.closes.length === 1)
      expect(other.closes).toEqual([])
    })

    test('nobody listens: unavailable, with a cause that says why', async () => {
      const { listener } = await joined()
      await listener.close()
      const { transport } = transportFor(address())
      const error = (await transport
        .connect(new URL(listener.url), end().owner, { frameBytesMax: 1, connectMs: 500 })
        .catch((thrown: unknown) => thrown)) as OncewireError
      expect(error.code).toBe('unavailable')
    })

    test('an address that is taken', async () => {
      const { listener } = await joined()
      const { transport } = transportFor(address())
      const error = (await transport
        .listen(new URL(listener.url), () => end().owner, listenOptions)
        .catch((thrown: unknown) => thrown)) as OncewireError
      expect(error).toMatchObject({ code: 'listen-failed', executed: 'never' })
    })
  })
}
