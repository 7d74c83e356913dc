/**
 * Frames within a process: `memory:name`. For tests, for the simulator, and for services that live together.
 *
 * Invariant: a frame is copied when it is sent, and arrives in a later turn of the loop, as over a network.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import { AssertionFailed } from '../std/assert.ts'
import { ByteWriter } from '../std/bytes.ts'
import type { Connection, ConnectionOwner, Listener, ListenOptions, Transport } from './transport.ts'

/** Connections between two ends of this process. */
export const memory: Transport = { connect, listen }

interface Listening {
  readonly accept: (connection: Connection) => ConnectionOwner
  readonly options: ListenOptions
}

const listening = new Map<string, Listening>()

class MemoryConnection implements Connection {
  readonly peer: string
  readonly isFull = false
  owner: ConnectionOwner | undefined
  private other: MemoryConnection | undefined
  private readonly out = new ByteWriter(1024)
  private readonly frameBytesMax: number
  private arriving: Uint8Array[] = []
  private isDelivering = false
  private isClosed = false

  constructor(peer: string, frameBytesMax: number) {
    this.peer = peer
    this.frameBytesMax = frameBytesMax
  }

  join(other: MemoryConnection): void {
    this.other = other
    other.other = this
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
    this.arriving.push(body)
    if (this.isDelivering) return
    this.isDelivering = true
    setImmediate(() => this.deliver())
  }

  private deliver(): void {
    this.isDelivering = false
    const frames = this.arriving
    this.arriving = []
    for (const body of frames) {
      if (this.isClosed) return
      try {
        if (body.length > this.frameBytesMax) throw tooLarge(body.length, this.frameBytesMax)
        this.owner?.received(body)
      } catch (error) {
        if (error instanceof AssertionFailed || !(error instanceof OncewireError)) throw error
        this.shut(error)
      }
    }
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

async function connect(
  url: URL,
  owner: ConnectionOwner,
  options: { readonly frameBytesMax: number },
): Promise<Connection> {
  const there = listening.get(url.pathname)
  if (there === undefined)
    throw new OncewireError('unavailable', 'never', `nobody listens at ${url.href} in this process`)
  const client = new MemoryConnection(url.href, options.frameBytesMax)
  const server = new MemoryConnection(url.href, there.options.frameBytesMax)
  client.join(server)
  client.owner = owner
  server.owner = there.accept(server)
  return client
}

async function listen(url: URL, accept: Listening['accept'], options: ListenOptions): Promise<Listener> {
  const name = url.pathname
  if (listening.has(name)) throw new OncewireError('listen-failed', 'never', `${url.href} is taken in this process`)
  const mine = { accept, options }
  listening.set(name, mine)
  return {
    url: url.href,
    async close() {
      if (listening.get(name) === mine) listening.delete(name)
    },
  }
}

function tooLarge(bytes: number, frameBytesMax: number): OncewireError {
  return new OncewireError(
    'frame-too-large',
    'never',
    `a frame of ${bytes} bytes, and limits.frameBytesMax is ${frameBytesMax}`,
  )
}
