/**
 * One TCP connection once it is known what it speaks: frames, or messages that need none, out of and into a socket.
 *
 * Invariant: the frames of one turn of the loop leave in one write, whole, from a buffer that is not touched again until
 * the socket has taken it.
 */
import type { Socket } from 'node:net'
import { OncewireError } from '../errors/oncewire-error.ts'
import { AssertionFailed } from '../std/assert.ts'
import { ByteWriter } from '../std/bytes.ts'
import { FrameSplitter, type Splitter } from '../wire/framing.ts'
import { MessageSplitter } from '../wire/message-splitter.ts'
import type { Connection, ConnectionOwner } from './transport.ts'

/** Above this many bytes that the socket has not taken, a connection is full. */
const fullBytes = 1 << 20
/** A write buffer larger than this is not kept for the next turn. */
const keptBytesMax = 1 << 18
const sparesMax = 4
/** A peer that does not end its side after ours may not keep the connection longer. */
const lingerMs = 1000

export class TcpConnection implements Connection {
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
  private readonly spares: ByteWriter[] = []
  private out = new ByteWriter(8192)
  /** Where the last whole frame in `out` ends; what lies behind it has only been begun. */
  private wholeBytes = 0
  private isFlushDue = false
  private isClosed = false
  private failure: Error | undefined

  constructor(socket: Socket, frameBytesMax: number, framing: 'framed' | 'unframed' = 'framed') {
    this.socket = socket
    this.peer = peerOf(socket)
    const received = (body: Uint8Array): void => {
      this.frameCount++
      this.owner.received(body)
    }
    const isFramed = framing === 'framed'
    this.lengthBytes = isFramed ? 4 : 0
    this.splitter = isFramed ? new FrameSplitter(frameBytesMax, received) : new MessageSplitter(frameBytesMax, received)
    socket.setNoDelay(true)
    socket.on('drain', () => this.owner.drained())
    socket.on('error', (error) => (this.failure ??= unavailable(this.peer, 'unknown', error)))
    socket.on('close', () => {
      this.isClosed = true
      this.owner.closed(this.failure)
    })
  }

  /** From here on `owner` is told what happens. */
  belongTo(owner: ConnectionOwner): void {
    this.owner = owner
  }

  /** The peer has begun what it has not finished: its first frame, or a later one. One that is silent owes nothing. */
  get owesFrame(): boolean {
    return this.splitter.isMidFrame || (this.hasBegun && this.frameCount === 0)
  }

  get isFull(): boolean {
    return this.socket.writableLength + this.wholeBytes > fullBytes
  }

  get isOpen(): boolean {
    return !this.isClosed && this.socket.writable
  }

  begin(): ByteWriter {
    // Back to the last whole frame: the one before may have failed to encode.
    this.out.position = this.wholeBytes
    if (this.lengthBytes > 0) this.out.u32(0)
    return this.out
  }

  end(): void {
    const { out, wholeBytes } = this
    if (this.isClosed) return
    if (this.lengthBytes > 0) out.view.setUint32(wholeBytes, out.position - wholeBytes - 4)
    this.wholeBytes = out.position
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
    this.socket.destroy()
  }

  /** Takes bytes that have arrived. A bad frame ends this connection; a mistake of ours, the process. */
  push(chunk: Uint8Array): void {
    if (this.isClosed) return
    try {
      this.splitter.push(chunk)
    } catch (error) {
      if (error instanceof AssertionFailed || !(error instanceof OncewireError)) throw error
      this.fail(error)
    }
  }

  private flush(): void {
    const { out, wholeBytes, socket, isFull } = this
    this.isFlushDue = false
    this.wholeBytes = 0
    if (wholeBytes === 0 || !socket.writable) return
    this.out = this.spares.pop() ?? new ByteWriter(8192)
    socket.write(out.bytes.subarray(0, wholeBytes), () => {
      if (out.bytes.length <= keptBytesMax && this.spares.length < sparesMax) this.spares.push(out)
    })
    // When the kernel takes all of it at once, the socket never says that it has drained.
    if (isFull && !socket.writableNeedDrain && !this.isClosed) this.owner.drained()
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
