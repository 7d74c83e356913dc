/**
 * Frames over TCP: the preface once (towards servers of ours), then u32 length and body, both ways.
 *
 * Invariant: nobody who does not speak our protocol becomes a connection of the listener's owner.
 */
import { connect as connectSocket, createServer, type AddressInfo, type Socket } from 'node:net'
import { OncewireError } from '../errors/oncewire-error.ts'
import { FrameWatch, type Watched } from './frame-watch.ts'
import { HeldBytes } from './held-bytes.ts'
import { preface, speakerOf } from './preface.ts'
import { TcpConnection, unavailable } from './tcp-connection.ts'
import type { Connection, ConnectionOwner, ConnectOptions, Listener, ListenOptions, Transport } from './transport.ts'

/** TCP on this machine or across a network. */
export const tcp: Transport = { connect, listen }

function connect(url: URL, owner: ConnectionOwner, options: ConnectOptions): Promise<Connection> {
  return new Promise((resolve, reject) => {
    let connection: TcpConnection | undefined
    const socket = connectSocket({
      ...addressOf(url),
      onread: {
        buffer: new Uint8Array(65_536),
        callback: (count, buffer) => {
          connection?.push(buffer.subarray(0, count))
          return true
        },
      },
    })
    const failed = (error: Error): void => {
      socket.destroy()
      reject(unavailable(url.host, 'never', error))
    }
    socket.setTimeout(options.connectMs, () => failed(new Error(`no answer within ${options.connectMs} ms`)))
    socket.once('error', failed)
    socket.once('connect', () => {
      socket.setTimeout(0)
      socket.off('error', failed)
      const { frameBytesMax, foreign } = options
      connection = new TcpConnection(socket, { frameBytesMax, framing: foreign?.framing })
      connection.belongTo(owner)
      if (foreign === undefined) socket.write(preface)
      else watch(connection, socket, foreign.frameMs)
      resolve(connection)
    })
  })
}

/** Our own servers are asked whether they live; one that is not ours can only be watched. */
function watch(connection: TcpConnection, socket: Socket, frameMs: number): void {
  const watch = new FrameWatch(frameMs)
  watch.add(connection)
  watch.close()
  socket.once('close', () => watch.delete(connection))
}

type Accept = (connection: Connection) => ConnectionOwner

function listen(url: URL, accept: Accept, options: ListenOptions): Promise<Listener> {
  const watch = new FrameWatch(options.frameMs)
  let turnedAwayCount = 0
  const turnedAway = (): void => void turnedAwayCount++
  const held = options.held ?? new HeldBytes(Infinity)
  // Who has said all that they will say may still be owed answers.
  const server = createServer({ allowHalfOpen: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs }, (socket) =>
    greet(socket, { accept, turnedAway, options, watch, held }),
  )
  server.maxConnections = options.connectionsMax
  server.on('drop', turnedAway)
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      watch.close()
      reject(listenFailed(url, error))
    })
    server.listen(addressOf(url), () => {
      // From here on an error is a connection that could not be accepted, as when the process has too many files open.
      server.removeAllListeners('error').on('error', turnedAway)
      const { port } = server.address() as AddressInfo
      resolve({
        url: `tcp://${url.hostname || loopback}:${port}`,
        get turnedAwayCount() {
          return turnedAwayCount
        },
        async close() {
          watch.close()
          // Not waiting for its callback: that comes when the connections, which their owner may keep, have ended.
          server.close()
        },
      })
    })
  })
}

interface Greeting {
  readonly accept: Accept
  readonly turnedAway: () => void
  readonly options: ListenOptions
  readonly watch: FrameWatch
  readonly held: HeldBytes
}

/** Listens to the first bytes of a new connection, and hands it to whom they are for. */
function greet(socket: Socket, { accept, turnedAway, options, watch, held }: Greeting): void {
  const connection = new TcpConnection(socket, { frameBytesMax: options.frameBytesMax, held })
  let watched: Watched | undefined = connection
  let isTaken = false
  watch.add(connection)
  socket.once('close', () => {
    if (watched !== undefined) watch.delete(watched)
    if (!isTaken) turnedAway()
  })
  socket.once('end', () => {
    if (watched === connection) socket.end()
  })
  let first = new Uint8Array(0)
  const listenFirst = (chunk: Uint8Array): void => {
    first = joined(first, chunk)
    connection.hasBegun = true
    const speaker = speakerOf(first)
    if (speaker === 'undecided') return
    socket.off('data', listenFirst)
    if (speaker === 'ours') {
      isTaken = true
      // Further in nobody knows of Buffer, whose `slice` does not copy.
      socket.on('data', (next) => connection.push(new Uint8Array(next.buffer, next.byteOffset, next.length)))
      connection.belongTo(accept(connection))
      return connection.push(first.subarray(preface.length))
    }
    if (speaker === 'newer' || options.foreign === undefined) return void socket.destroy()
    isTaken = true
    watch.delete(connection)
    watched = options.foreign(socket, first)
    if (watched !== undefined) watch.add(watched)
  }
  socket.on('data', listenFirst)
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}

const loopback = '127.0.0.1'
/** After so long a silence the kernel asks whether the peer is still there: one that lost its power never says goodbye. */
const keepAliveMs = 60_000

function addressOf(url: URL): { readonly host: string; readonly port: number } {
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1') || loopback, port: Number(url.port) }
}

function listenFailed(url: URL, cause: NodeJS.ErrnoException): OncewireError {
  const why = cause.code === 'EADDRINUSE' ? `port ${url.port} is taken by another process` : cause.message
  return new OncewireError('listen-failed', 'never', `cannot listen on ${url.href}: ${why}`, { cause })
}
