/**
 * Frames over TCP: the preface once, then u32 length and body, both ways.
 *
 * Invariant: the frames of one turn of the loop leave in one write, from a buffer that is not touched again until the
 * socket has taken it.
 */
import { connect as connectSocket, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { OncewireError } from '../errors/oncewire-error.ts'
import { AssertionFailed } from '../std/assert.ts'
import { ByteWriter } from '../std/bytes.ts'
import { FrameSplitter } from '../wire/framing.ts'
import { dialectOf, httpAnswer, preface } from './preface.ts'
import type { Connection, ConnectionOwner, ConnectOptions, Listener, ListenOptions, Transport } from './transport.ts'

/** TCP on this machine or across a network. */
export const tcp: Transport = { connect, listen }

/** Above this many bytes that the socket has not taken, a connection is full. */
const fullBytes = 1 << 20
/** A write buffer larger than this is not kept for the next turn. */
const keptBytes = 1 << 18

class TcpConnection implements Connection {
  readonly peer: string
  private readonly socket: Socket
  private readonly owner: () => ConnectionOwner
  private readonly spare: ByteWriter[] = []
  private out = new ByteWriter(8192)
  private frameStart = 0
  private isFlushDue = false
  private isClosed = false
  private failure: Error | undefined

  constructor(socket: Socket, owner: () => ConnectionOwner) {
    this.socket = socket
    this.owner = owner
    this.peer = `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`
    socket.setNoDelay(true)
    // A peer whose machine is gone says nothing; without this its connection would stay for ever.
    socket.setKeepAlive(true, 60_000)
    socket.on('drain', () => this.owner().drained())
    socket.on('error', (error) => (this.failure ??= unavailable(this.peer, error)))
    socket.on('close', () => {
      this.isClosed = true
      this.owner().closed(this.failure)
    })
  }

  get isFull(): boolean {
    return this.socket.writableLength > fullBytes
  }

  begin(): ByteWriter {
    this.frameStart = this.out.position
    this.out.u32(0)
    return this.out
  }

  end(): void {
    const { out, frameStart } = this
    out.view.setUint32(frameStart, out.position - frameStart - 4)
    if (this.isFlushDue) return
    this.isFlushDue = true
    process.nextTick(() => this.flush())
  }

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.flush()
    this.socket.end()
    // A peer that does not end its side may not keep ours.
    setTimeout(() => this.socket.destroy(), 1000).unref()
  }

  /** Ends the connection because the peer broke a rule. */
  fail(error: Error): void {
    this.failure ??= error
    this.isClosed = true
    this.socket.destroy()
  }

  private flush(): void {
    this.isFlushDue = false
    const { out, socket } = this
    if (out.position === 0) return
    if (!socket.writable) {
      out.position = 0
      return
    }
    this.out = this.spare.pop() ?? new ByteWriter(8192)
    socket.write(out.bytes.subarray(0, out.position), () => {
      out.position = 0
      if (out.bytes.length <= keptBytes && this.spare.length < 4) this.spare.push(out)
    })
  }

  /** Hands chunks to `splitter`; a bad frame ends this connection, a mistake of ours the process. */
  push(splitter: FrameSplitter, chunk: Uint8Array): void {
    if (this.isClosed) return
    try {
      splitter.push(chunk)
    } catch (error) {
      if (error instanceof AssertionFailed || !(error instanceof OncewireError)) throw error
      this.fail(error)
    }
  }
}

function connect(url: URL, owner: ConnectionOwner, options: ConnectOptions): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const splitter = new FrameSplitter(options.frameBytesMax, (body) => owner.received(body))
    let connection: TcpConnection | undefined
    const socket = connectSocket({
      ...address(url),
      onread: {
        buffer: new Uint8Array(65_536),
        callback: (count, buffer) => {
          connection?.push(splitter, buffer.subarray(0, count))
          return true
        },
      },
    })
    const failed = (error: Error): void => {
      socket.destroy()
      reject(unavailable(url.host, error))
    }
    socket.setTimeout(options.connectMs, () => failed(new Error(`no answer within ${options.connectMs} ms`)))
    socket.once('error', failed)
    socket.once('connect', () => {
      socket.setTimeout(0)
      socket.off('error', failed)
      connection = new TcpConnection(socket, () => owner)
      socket.write(preface)
      resolve(connection)
    })
  })
}

function listen(
  url: URL,
  accept: (connection: Connection) => ConnectionOwner,
  options: ListenOptions,
): Promise<Listener> {
  const watch = new FrameWatch(options.frameMs)
  const server = createServer((socket) => serve(socket, { accept, options, watch }))
  server.maxConnections = options.connectionsMax
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenFailed(url, error)))
    server.listen(address(url), () => resolve(listener(url, server, watch)))
  })
}

function listener(url: URL, server: Server, watch: FrameWatch): Listener {
  const { port } = server.address() as AddressInfo
  return {
    url: `tcp://${url.hostname || '127.0.0.1'}:${port}`,
    close: () =>
      new Promise((resolve) => {
        watch.close()
        // Not the callback of close(): that waits for connections that the owner ends afterwards.
        server.close()
        resolve()
      }),
  }
}

interface Serving {
  readonly accept: (connection: Connection) => ConnectionOwner
  readonly options: ListenOptions
  readonly watch: FrameWatch
}

function serve(socket: Socket, { accept, options, watch }: Serving): void {
  let owner: ConnectionOwner = nobody
  const connection = new TcpConnection(socket, () => owner)
  const splitter = new FrameSplitter(options.frameBytesMax, (body) => owner.received(body))
  let first: Uint8Array = new Uint8Array(0)
  let hasSpoken = false
  watch.add(
    socket,
    () => !hasSpoken || splitter.isMidFrame,
    () => {
      connection.fail(new OncewireError('malformed', 'never', `half a frame and ${options.frameMs} ms of silence`))
    },
  )
  socket.on('data', (buffer) => {
    // Further in nobody knows of Buffer, whose `slice` does not copy.
    const chunk = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
    if (hasSpoken) return connection.push(splitter, chunk)
    first = joined(first, chunk)
    const dialect = dialectOf(first)
    if (dialect === 'undecided') return
    if (dialect === 'http') return void socket.end(httpAnswer)
    if (dialect !== 'ours') return void socket.destroy()
    hasSpoken = true
    owner = accept(connection)
    connection.push(splitter, first.subarray(preface.length))
  })
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}

/** Ends connections that begin a frame, or themselves, and do not go on: one timer for all. */
class FrameWatch {
  private readonly watched = new Map<
    Socket,
    { readonly isWaiting: () => boolean; readonly expire: () => void; sweeps: number }
  >()
  private readonly timer: NodeJS.Timeout

  constructor(frameMs: number) {
    this.timer = setInterval(() => this.sweep(), frameMs / sweepsMax)
    this.timer.unref()
  }

  add(socket: Socket, isWaiting: () => boolean, expire: () => void): void {
    this.watched.set(socket, { isWaiting, expire, sweeps: 0 })
    socket.once('close', () => this.watched.delete(socket))
  }

  close(): void {
    clearInterval(this.timer)
  }

  private sweep(): void {
    for (const entry of this.watched.values()) {
      entry.sweeps = entry.isWaiting() ? entry.sweeps + 1 : 0
      if (entry.sweeps > sweepsMax) entry.expire()
    }
  }
}

/** Sweeps in `frameMs`. A large frame that keeps arriving may take longer only if it is found complete in between. */
const sweepsMax = 4

const nobody: ConnectionOwner = { received: () => {}, drained: () => {}, closed: () => {} }

function address(url: URL): { readonly host: string; readonly port: number } {
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1') || '127.0.0.1', port: Number(url.port || 0) }
}

function unavailable(peer: string, cause: Error): OncewireError {
  const { code } = cause as NodeJS.ErrnoException
  const what = code === 'ECONNREFUSED' ? 'nobody listens there' : cause.message
  return new OncewireError('unavailable', 'unknown', `${peer}: ${what}`, { cause })
}

function listenFailed(url: URL, cause: NodeJS.ErrnoException): OncewireError {
  const what = cause.code === 'EADDRINUSE' ? `port ${url.port} is taken by another process` : cause.message
  return new OncewireError('listen-failed', 'never', `cannot listen on ${url.href}: ${what}`, { cause })
}
