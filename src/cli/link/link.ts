/**
 * A faulty link between client and server: it sees frames, and loses, repeats, delays or tears them as it is told. Where
 * there are no frames it sees bytes, of which it loses none.
 *
 * Invariant: knows of our protocol only where a frame ends and what docs/protocol.md says of its first bytes; imports
 * nothing of the library.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { Pipe, Throttle } from './pipe.ts'
import { Cutter, look, type SeenFrame, type Speech, speechOf } from './units.ts'

export type { SeenFrame } from './units.ts'

/** What is decided about: a frame, or bytes that arrived together. */
export interface Unit {
  /** Connections count from 1. */
  readonly connection: number
  readonly isToServer: boolean
  /** Of this direction of the connection, from 0. */
  readonly index: number
  /** Else bytes, of which none may be missing or come twice. */
  readonly isFrame: boolean
  /** Of a session's frame. */
  readonly seen: SeenFrame | undefined
  readonly bytes: Buffer
}

/** Everything that may happen to a unit; what is absent does not. */
export interface Trouble {
  /** 0: lost; 2: twice. Frames only. */
  readonly copies?: number
  /** It goes behind the next one. Frames only. */
  readonly isBehind?: boolean
  /** A further copy arrives so much later, on whatever connection there is then. Frames of sessions only. */
  readonly lateMs?: number
  /** One bit of it is changed. */
  readonly isCorrupted?: boolean
  /** The connection ends inside it, or from there on nothing passes and nobody is told. */
  readonly ending?: 'cut' | 'half-open'
  /** Where inside, from 0 to 1. */
  readonly place?: number
  readonly delayMs?: number
}

export type Fate = 'delivered' | 'lost' | 'twice'

/** Decides about a unit; `deliver` delivers one more copy, whenever it is called. */
export type Rule = (unit: Unit, deliver: () => void) => Fate | Trouble

const fates: Readonly<Record<Fate, Trouble>> = { lost: { copies: 0 }, delivered: {}, twice: { copies: 2 } }

export interface LinkOptions {
  /** Bytes a second of each direction, for all connections together. */
  readonly bytesPerSecond?: number | undefined
  /** Frames are not looked for. */
  readonly isBytesOnly?: boolean | undefined
  /** Whether a new connection is let in. */
  readonly admits?: ((connection: number) => boolean) | undefined
  /** The server could not be reached. */
  readonly onAway?: ((error: Error) => void) | undefined
  /** Bytes that have arrived at the link. */
  readonly onBytes?: ((count: number) => void) | undefined
}

/** Where a link is, or leads to. */
export type Place = { readonly host: string; readonly port: number } | { readonly path: string }

/** Connections that are half open; beyond them the oldest is cut. */
const halfOpenMax = 1000

export class FaultyLink {
  rule: Rule = () => 'delivered'
  private server: Server | undefined
  private target: Place | undefined
  private connections = 0
  private isParted = false
  private readonly options: LinkOptions
  private readonly open = new Set<LinkedPair>()
  /** Clients that came during a partition. */
  private readonly outside = new Set<Socket>()
  private readonly stuck: LinkedPair[] = []
  private readonly throttles: readonly (Throttle | undefined)[]

  constructor(options: LinkOptions = {}) {
    this.options = options
    const { bytesPerSecond } = options
    this.throttles = [0, 1].map(() => (bytesPerSecond === undefined ? undefined : new Throttle(bytesPerSecond)))
  }

  /** Answers the address for clients. It stays the same wherever the server goes. */
  async listen(place: Place = { host: '127.0.0.1', port: 0 }): Promise<string> {
    const server = createServer({ allowHalfOpen: true }, (client) => this.join(client))
    this.server = server
    server.listen(place)
    await once(server, 'listening')
    return 'path' in place ? `unix:${place.path}` : `tcp://${place.host}:${(server.address() as AddressInfo).port}`
  }

  /** Where the server is now; undefined: nowhere. */
  pointAt(target: string | Place | undefined): void {
    if (typeof target !== 'string') this.target = target
    else {
      const { hostname, port } = new URL(target)
      this.target = { host: hostname, port: Number(port) }
    }
  }

  get openCount(): number {
    return this.open.size
  }

  /** Cuts all connections. */
  cut(): void {
    for (const pair of this.open) pair.destroy()
    for (const socket of this.outside) socket.destroy()
  }

  /** Nothing passes any more, and nothing is lost: what waits goes on after `heal`. */
  part(): void {
    this.isParted = true
    for (const pair of this.open) pair.hold()
  }

  heal(): void {
    this.isParted = false
    for (const pair of this.open) pair.release()
    for (const client of this.outside) this.pair(client)
    this.outside.clear()
  }

  close(): void {
    this.cut()
    this.server?.close()
  }

  private join(client: Socket): void {
    client.on('error', () => {}) // Who is reset is closed too.
    client.setNoDelay(true)
    if (!this.isParted) return this.pair(client)
    client.pause()
    this.outside.add(client)
    client.on('close', () => this.outside.delete(client))
  }

  private pair(client: Socket): void {
    const connection = ++this.connections
    const { admits, onAway } = this.options
    if (this.target === undefined || admits?.(connection) === false) return void client.resetAndDestroy()
    const server = connect({ ...this.target, allowHalfOpen: true, noDelay: true })
    let isThere = false
    server.on('connect', () => (isThere = true))
    server.on('error', (error) => {
      if (isThere) return
      onAway?.(error)
      client.resetAndDestroy()
    })
    const pair = new LinkedPair({ client, server, connection }, this.options, {
      throttles: this.throttles,
      decide: (unit, deliver) => {
        const fate = this.rule(unit, deliver)
        return typeof fate === 'string' ? fates[fate] : fate
      },
      late: (unit) => this.deliverLate(unit),
      stuck: () => this.keepStuck(pair),
    })
    this.open.add(pair)
    server.on('close', () => this.open.delete(pair))
    client.resume()
  }

  private keepStuck(pair: LinkedPair): void {
    this.stuck.push(pair)
    if (this.stuck.length > halfOpenMax) this.stuck.shift()?.destroy()
  }

  /** To whom is connected by then; to nobody, if there is none. */
  private deliverLate({ bytes, isToServer }: Unit): void {
    const pair = [...this.open].findLast(({ isSession }) => isSession)
    pair?.deliver(bytes, isToServer)
  }
}

/** What a pair needs of its link. */
interface LinkParts {
  readonly throttles: readonly (Throttle | undefined)[]
  decide(unit: Unit, deliver: () => void): Trouble
  late(unit: Unit): void
  stuck(): void
}

interface Sockets {
  readonly client: Socket
  readonly server: Socket
  readonly connection: number
}

/** One client's connection, and the link's own to the server. */
class LinkedPair {
  private speech: Speech | undefined
  private isStuck = false
  private readonly sockets: Sockets
  private readonly parts: LinkParts
  private readonly toServer: Lane
  private readonly toClient: Lane

  constructor(sockets: Sockets, { isBytesOnly, onBytes }: LinkOptions, parts: LinkParts) {
    this.sockets = sockets
    this.parts = parts
    const { client, server } = sockets
    this.toServer = this.lane(new Pipe(client, server, parts.throttles[0]), true)
    this.toClient = this.lane(new Pipe(server, client, parts.throttles[1]), false)
    if (isBytesOnly) this.speaks('bytes')
    client.on('data', (chunk: Buffer) => {
      onBytes?.(chunk.length)
      this.toServer.push(chunk)
      if (this.speech !== undefined) return
      const speech = speechOf(this.toServer.first)
      if (speech !== undefined) this.speaks(speech)
    })
    server.on('data', (chunk: Buffer) => {
      onBytes?.(chunk.length)
      // A server that speaks first speaks nothing that we know.
      if (this.speech === undefined) this.speaks('bytes')
      this.toClient.push(chunk)
    })
    client.on('end', () => this.toServer.end())
    server.on('end', () => this.toClient.end())
    client.on('close', () => this.closed(server))
    server.on('close', () => this.closed(client))
  }

  get isSession(): boolean {
    return this.speech === 'session' && !this.isStuck
  }

  deliver(bytes: Buffer, isToServer: boolean): void {
    ;(isToServer ? this.toServer : this.toClient).pipe.send(bytes)
  }

  hold(): void {
    this.toServer.pipe.hold()
    this.toClient.pipe.hold()
  }

  release(): void {
    if (this.isStuck) return
    this.toServer.pipe.release()
    this.toClient.pipe.release()
  }

  destroy(): void {
    this.sockets.client.destroy()
    this.sockets.server.destroy()
  }

  /** Neither end hears of the other, not even that it is gone. */
  private stick(): void {
    this.isStuck = true
    this.hold()
    this.parts.stuck()
  }

  private closed(other: Socket): void {
    if (!this.isStuck) other.destroy()
  }

  private speaks(speech: Speech): void {
    this.speech = speech
    this.toServer.speaks(speech)
    this.toClient.speaks(speech)
  }

  private lane(pipe: Pipe, isToServer: boolean): Lane {
    const { connection } = this.sockets
    return new Lane({ pipe, connection, isToServer }, this.parts, (ending) =>
      ending === 'cut' ? this.destroy() : this.stick(),
    )
  }
}

interface Direction {
  readonly pipe: Pipe
  readonly connection: number
  readonly isToServer: boolean
}

/** A frame that goes behind the next one does not wait longer for it. */
const behindMs = 50

/** One direction of a connection. */
class Lane {
  readonly pipe: Pipe
  private readonly direction: Direction
  private readonly parts: LinkParts
  private readonly onEnding: (ending: 'cut' | 'half-open') => void
  private readonly cutter = new Cutter((bytes, isFrame) => this.carry(bytes, isFrame))
  private speech: Speech = 'bytes'
  private isPrefacing = false
  private isOver = false
  private index = 0
  private behind: { readonly bytes: Buffer; readonly timer: NodeJS.Timeout } | undefined

  constructor(direction: Direction, parts: LinkParts, onEnding: (ending: 'cut' | 'half-open') => void) {
    this.direction = direction
    this.pipe = direction.pipe
    this.parts = parts
    this.onEnding = onEnding
  }

  get first(): Buffer {
    return this.cutter.first
  }

  speaks(speech: Speech): void {
    this.speech = speech
    this.isPrefacing = speech === 'session' && this.direction.isToServer
    this.cutter.speaks(speech, this.direction.isToServer)
    this.cutter.push(Buffer.alloc(0))
  }

  push(chunk: Buffer): void {
    if (!this.isOver) this.cutter.push(chunk)
  }

  end(): void {
    if (this.isOver) return
    this.isOver = true
    this.cutter.end()
    this.overtake()
    this.pipe.end()
  }

  private carry(bytes: Buffer, isFrame: boolean): void {
    if (this.isOver && isFrame) return
    // Four bytes that say what is spoken are nobody's message.
    if (this.isPrefacing) {
      this.isPrefacing = false
      return this.pipe.send(bytes)
    }
    const { connection, isToServer } = this.direction
    const seen = isFrame && this.speech === 'session' ? look(bytes) : undefined
    const unit: Unit = { connection, isToServer, index: this.index++, isFrame, seen, bytes }
    const trouble = this.parts.decide(unit, () => this.pipe.send(bytes))
    if (trouble.lateMs !== undefined) setTimeout(() => this.parts.late(unit), trouble.lateMs).unref()
    this.meet(unit, trouble)
  }

  private meet({ bytes, isFrame }: Unit, trouble: Trouble): void {
    const { copies = 1, delayMs = 0, place = 0.5, ending } = trouble
    if (ending !== undefined) {
      this.isOver = true
      // At least one byte, and not all.
      const inside = bytes.subarray(0, Math.max(1, Math.floor(bytes.length * place)))
      if (inside.length < bytes.length) this.pipe.send(inside)
      return this.onEnding(ending)
    }
    const sent = trouble.isCorrupted === true ? corrupted(bytes, place) : bytes
    if (trouble.isBehind === true && isFrame && copies === 1 && this.behind === undefined) {
      this.behind = { bytes: sent, timer: setTimeout(() => this.overtake(), behindMs) }
      return
    }
    for (let i = 0; i < (isFrame ? copies : 1); i++) this.pipe.send(sent, delayMs)
    this.overtake()
  }

  /** What went behind has been overtaken. */
  private overtake(): void {
    if (this.behind === undefined) return
    clearTimeout(this.behind.timer)
    this.pipe.send(this.behind.bytes)
    this.behind = undefined
  }
}

/** With one bit changed; of a frame not in its length. */
function corrupted(bytes: Buffer, place: number): Buffer {
  const changed = Buffer.from(bytes)
  const from = Math.min(4, changed.length - 1)
  const at = from + Math.floor(place * (changed.length - from))
  changed[at] = (changed[at] as number) ^ (1 << (at % 8))
  return changed
}
