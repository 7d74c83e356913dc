/**
 * Frames within a process: `memory:name`. For tests, for the simulator, and for services that live together.
 *
 * Invariant: a frame is copied when it is sent, and arrives in a later turn of the loop, as over a network.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import { AssertionFailed } from '../std/assert.ts'
import { ByteWriter } from '../std/bytes.ts'
import type { Connection, ConnectionOwner, ConnectOptions, Listener, ListenOptions, Transport } from './transport.ts'

/** Connections between two ends of this process. */
export const memory: Transport = { connect, listen }

type Accept = (connection: Connection) => ConnectionOwner

/** Names, and how a client's end is joined to who listens there. */
const listening = new Map<string, (client: MemoryConnection) => void>()
/** Above this many bytes that the other end has not taken, a connection is full. */
const fullBytes = 1 << 20

async function connect(url: URL, owner: ConnectionOwner, options: ConnectOptions): Promise<Connection> {
  const join = listening.get(url.pathname)
  if (join === undefined) throw unavailable(`nobody listens at ${url.href} in this process`)
  const client = new MemoryConnection(url.href, options.frameBytesMax)
  client.owner = owner
  join(client)
  return client
}

async function listen(url: URL, accept: Accept, options: ListenOptions): Promise<Listener> {
  const name = url.pathname
  if (listening.has(name)) throw new OncewireError('listen-failed', 'never', `${url.href} is taken in this process`)
  let connectionCount = 0
  let turnedAwayCount = 0
  const join = (client: MemoryConnection): void => {
    if (connectionCount >= options.connectionsMax) {
      turnedAwayCount++
      throw unavailable(`${url.href} has as many connections as limits.connectionsMax allows`)
    }
    const server = new MemoryConnection(url.href, options.frameBytesMax)
    server.join(client)
    connectionCount++
    const owner = accept(server)
    server.owner = {
      received: (body) => owner.received(body),
      drained: () => owner.drained(),
      closed: (error) => {
        connectionCount--
        owner.closed(error)
      },
    }
  }
  listening.set(name, join)
  return {
    url: url.href,
    get turnedAwayCount() {
      return turnedAwayCount
    },
    async close() {
      if (listening.get(name) === join) listening.delete(name)
    },
  }
}

class MemoryConnection implements Connection {
  readonly peer: string
  owner: ConnectionOwner | undefined
  private other: MemoryConnection | undefined
  private readonly out = new ByteWriter(1024)
  private readonly frameBytesMax: number
  private arriving: Uint8Array[] = []
  private arrivingBytes = 0
  private isClosed = false

  constructor(peer: string, frameBytesMax: number) {
    this.peer = peer
    this.frameBytesMax = frameBytesMax
  }

  join(other: MemoryConnection): void {
    this.other = other
    other.other = this
  }

  get isFull(): boolean {
    return !this.isClosed && this.other !== undefined && this.other.arrivingBytes > fullBytes
  }

  get isOpen(): boolean {
    return !this.isClosed
  }

  begin(): ByteWriter {
    this.out.position = 0
    return this.out
  }

  end(): void {
    if (!this.isClosed) this.other?.arrive(this.out.slice())
  }

  close(): void {
    this.shut(undefined)
  }

  private arrive(body: Uint8Array): void {
    if (this.isClosed) return
    if (this.arriving.push(body) === 1) setImmediate(() => this.deliver())
    this.arrivingBytes += body.length
  }

  private deliver(): void {
    const { arriving, arrivingBytes } = this
    this.arriving = []
    this.arrivingBytes = 0
    for (const body of arriving) {
      if (this.isClosed) return
      try {
        this.check(body.length)
        this.owner?.received(body)
      } catch (error) {
        if (error instanceof AssertionFailed || !(error instanceof OncewireError)) throw error
        this.shut(error)
      }
    }
    if (arrivingBytes > fullBytes && this.other?.isClosed === false) this.other.owner?.drained()
  }

  /** What a reader of bytes would refuse. */
  private check(bytes: number): void {
    if (bytes === 0) throw new OncewireError('malformed', 'never', 'an empty frame')
    if (bytes <= this.frameBytesMax) return
    const message = `a frame of ${bytes} bytes, and limits.frameBytesMax is ${this.frameBytesMax}`
    throw new OncewireError('frame-too-large', 'never', message)
  }

  /** What was sent before still arrives at the other end. */
  private shut(error: Error | undefined): void {
    if (this.isClosed) return
    this.isClosed = true
    setImmediate(() => {
      this.owner?.closed(error)
      setImmediate(() => this.other?.shut(undefined))
    })
  }
}

function unavailable(message: string): OncewireError {
  return new OncewireError('unavailable', 'never', message)
}
