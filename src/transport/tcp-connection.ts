/**
 * One TCP connection once it is known what it speaks: frames, or messages that need none, out of and into a socket.
 *
 * Invariant: the frames of one turn of the loop leave in one write (large ones in some), whole, from a buffer that is not
 * touched again until the socket has taken it. A server reads no more while its peer does not take its answers.
 */
import type { Socket } from 'node:net'
import { OncewireError } from '../errors/oncewire-error.ts'
import { assert, AssertionFailed } from '../std/assert.ts'
import { ByteWriter } from '../std/bytes.ts'
import { FrameSplitter } from '../wire/framing.ts'
import type { Splitter } from '../wire/splitter.ts'
import { MessageSplitter } from '../wire/message-splitter.ts'
import type { HeldBytes, Holder } from './held-bytes.ts'
import type { Connection, ConnectionOwner } from './transport.ts'

/** Above this many bytes that the socket has not taken, a connection is full. */
const fullBytes = 1 << 20
/** Write buffers that no connection uses now; larger ones are not kept. */
const spares: ByteWriter[] = []
const sparesMax = 64
const spareBytesMax = 1 << 18
/** A peer that does not end its side after ours may not keep the connection longer. */
const lingerMs = 1000

export interface TcpOptions {
  readonly frameBytesMax: number
  /** `framed` if absent. */
  readonly framing?: 'framed' | 'unframed' | undefined
  /** Of a server, which reads no more while the peer does not take its answers. A client always reads, or both could wait. */
  readonly held?: HeldBytes | undefined
}

export class TcpConnection implements Connection, Holder {
  readonly peer: string
  /** Frames that have arrived whole. */
  frameCount = 0
  /** The peer has said something. */
  hasBegun = false
  private readonly socket: Socket
  private readonly splitter: Splitter
  /** Bytes of the length in front of each frame. */
  private readonly lengthBytes: number
  private owner: ConnectionOwner = nobody
  private readonly held: HeldBytes | undefined
  private out: ByteWriter | undefined
  /** Where the last whole frame in `out` ends; what lies behind it has only been begun. */
  private wholeBytes = 0
  private isFlushDue = false
  private isPaused = false
  private isClosed = false
  private failure: Error | undefined

  constructor(socket: Socket, { frameBytesMax, framing = 'framed', held }: TcpOptions) {
    this.socket = socket
    this.held = held
    this.peer = peerOf(socket)
    const received = (body: Uint8Array): void => {
      if (this.isClosed) return
      this.frameCount++
      this.owner.received(body)
      if (held !== undefined && this.isFull) this.pause()
    }
    const isFramed = framing === 'framed'
    this.lengthBytes = isFramed ? 4 : 0
    this.splitter = isFramed ? new FrameSplitter(frameBytesMax, received) : new MessageSplitter(frameBytesMax, received)
    socket.setNoDelay(true)
    socket.on('drain', () => this.drained())
    socket.on('error', (error) => (this.failure ??= unavailable(this.peer, 'unknown', error)))
    socket.on('close', () => {
      this.isClosed = true
      held?.set(this, 0)
      this.owner.closed(this.failure)
    })
  }

  /** From here on `owner` is told what happens. */
  belongTo(owner: ConnectionOwner): void {
    this.owner = owner
  }

  /** The peer has begun what it has not finished: its first frame, or a later one. One that is silent owes nothing. */
  get owesFrame(): boolean {
    if (this.isPaused) return false
    return this.splitter.isMidMessage || (this.hasBegun && this.frameCount === 0)
  }

  get isFull(): boolean {
    return this.socket.writableLength + this.wholeBytes > fullBytes
  }

  get isOpen(): boolean {
    return !this.isClosed && this.socket.writable
  }

  begin(): ByteWriter {
    this.out ??= spares.pop() ?? new ByteWriter(8192)
    // Back to the last whole frame: the one before may have failed to encode.
    this.out.position = this.wholeBytes
    if (this.lengthBytes > 0) this.out.u32(0)
    return this.out
  }

  end(): void {
    const { out, wholeBytes } = this
    assert(out !== undefined, 'a frame ended that was not begun')
    if (this.isClosed) return
    if (this.lengthBytes > 0) out.view.setUint32(wholeBytes, out.position - wholeBytes - 4)
    this.wholeBytes = out.position
    this.tellHeld()
    if (this.wholeBytes > fullBytes) return this.flush()
    if (this.isFlushDue) return
    this.isFlushDue = true
    process.nextTick(() => this.flush())
  }

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.flush()
    this.socket.end()
    const linger = setTimeout(() => this.socket.destroy(), lingerMs).unref()
    this.socket.once('close', () => clearTimeout(linger))
  }

  /** Ends the connection because the peer broke a rule. */
  fail(error: OncewireError): void {
    this.failure ??= error
    this.isClosed = true
    this.out = undefined
    this.wholeBytes = 0
    this.socket.destroy()
  }

  drop(error: OncewireError): void {
    this.fail(error)
  }

  /** Takes bytes that have arrived. A bad frame ends this connection; a mistake of ours, the process. */
  push(chunk: Uint8Array): void {
    if (!this.isClosed) this.take(() => this.splitter.push(chunk))
  }

  private take(read: () => void): void {
    try {
      read()
    } catch (error) {
      if (error instanceof AssertionFailed || !(error instanceof OncewireError)) throw error
      this.fail(error)
    }
    this.tellHeld()
  }

  private flush(): void {
    const { out, wholeBytes, socket, isFull } = this
    this.isFlushDue = false
    this.wholeBytes = 0
    this.out = undefined
    if (out === undefined || wholeBytes === 0 || !socket.writable) return
    socket.write(out.bytes.subarray(0, wholeBytes), () => {
      if (out.bytes.length <= spareBytesMax && spares.length < sparesMax) spares.push(out)
    })
    // Crash point transport:after-write
    // When the kernel takes all of it at once, the socket never says that it has drained.
    if (isFull && !socket.writableNeedDrain) {
      process.nextTick(() => {
        if (!this.isFull) this.drained()
      })
    }
  }

  private pause(): void {
    if (this.isPaused) return
    this.isPaused = true
    this.splitter.stop()
    this.socket.pause()
  }

  private drained(): void {
    if (this.isClosed) return
    this.owner.drained()
    this.tellHeld()
    if (!this.isPaused || this.isFull) return
    this.isPaused = false
    this.socket.resume()
    this.take(() => this.splitter.goOn())
  }

  private tellHeld(): void {
    const { held, splitter, socket, wholeBytes, isClosed } = this
    if (!isClosed) held?.set(this, splitter.keptBytes + socket.writableLength + wholeBytes)
  }
}

const nobody: ConnectionOwner = { received: () => {}, drained: () => {}, closed: () => {} }

/** @param executed whether a call could have been on its way */
export function unavailable(peer: string, executed: 'never' | 'unknown', cause: NodeJS.ErrnoException): OncewireError {
  // Of several addresses of one name none answered: the message of that error is empty.
  const why = cause.code === 'ECONNREFUSED' ? 'nobody listens there' : cause.message || cause.code
  return new OncewireError('unavailable', executed, `${peer}: ${why}`, { cause })
}

/** Who is at the other end, for people. */
export function peerOf({ remoteAddress = '?', remotePort = 0 }: Socket): string {
  return remoteAddress.includes(':') ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`
}
