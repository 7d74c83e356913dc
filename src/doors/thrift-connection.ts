/**
 * One connection of a stock Thrift client: framed, unframed or THeader, in any dialect.
 *
 * Invariant: the replies leave in the order in which the calls came. Bytes that are no message end this connection, once
 * what came before them is answered, and nothing else. Calls in flight are bounded: above that, no more is read.
 */
import type { Socket } from 'node:net'
import { OncewireError } from '../errors/oncewire-error.ts'
import { servedAs } from '../rpc/dispatcher.ts'
import { AssertionFailed } from '../std/assert.ts'
import type { Holder } from '../transport/held-bytes.ts'
import { peerOf } from '../transport/tcp-connection.ts'
import { NotUnderstood } from '../wire/check.ts'
import { applicationTypes, dialectOf, type Envelope, readMessage } from '../wire/envelope.ts'
import { FrameSplitter } from '../wire/framing.ts'
import type { Splitter } from '../wire/splitter.ts'
import { MessageSplitter } from '../wire/message-splitter.ts'
import { readTHeader, type THeader, theaderMagic } from '../wire/theader.ts'
import { type Guest, hangUp } from './guest.ts'
import { ReplyOrder } from './reply-order.ts'
import type { DoorFailure, SessionlessCalls } from './sessionless.ts'
import { closedReply, isSilent, runThrift, type ThriftCall } from './thrift-call.ts'
import { replyTo, type Way } from './thrift-reply.ts'

/** Above this many bytes that wait to be taken, no more is read. */
const fullBytes = 1 << 20

/** Tokens of one connection whose principals are remembered. */
const tokensMax = 16

export class ThriftConnection implements Guest, Holder {
  /** Messages that have arrived whole. */
  frameCount = 0
  private readonly socket: Socket
  private readonly calls: SessionlessCalls
  private readonly peer: string
  private readonly splitter: Splitter
  private readonly replies = new ReplyOrder((reply) => this.send(reply))
  /** Calls that run and that nobody waits for. */
  private silentCount = 0
  /** Of calls whose caller is being looked for. */
  private copiedBytes = 0
  /** By token; undefined: nobody. */
  private readonly principals = new Map<string, string | undefined>()
  private isCorked = false
  private isPaused = false
  private phase: 'open' | 'ending' | 'closed' = 'open'

  constructor(socket: Socket, calls: SessionlessCalls, isFramed: boolean) {
    this.socket = socket
    this.calls = calls
    this.peer = peerOf(socket)
    const { frameBytesMax } = calls.options.limits
    this.splitter = isFramed
      ? new FrameSplitter(frameBytesMax, (body) => this.frame(body))
      : new MessageSplitter(frameBytesMax, (message) => this.message(message, { isUnframed: true }))
    if (calls.options.authenticate === undefined) this.principals.set('', '')
    socket.on('drain', () => {
      this.goOn()
      this.tellHeld()
    })
    // What was asked is answered, also where the caller has said all that it will say.
    socket.on('end', () => this.end())
    socket.once('close', () => {
      this.phase = 'closed'
      calls.options.held.set(this, 0)
    })
  }

  /** Not while it is we who do not read. */
  get owesFrame(): boolean {
    return !this.isPaused && this.phase === 'open' && this.splitter.isMidMessage
  }

  /** Bytes have arrived. */
  push(chunk: Uint8Array): void {
    if (this.phase === 'open') this.take(() => this.splitter.push(chunk))
  }

  /** The peer broke a rule: no more is read. */
  fail(error: OncewireError): void {
    this.calls.options.complain(`Thrift connection of ${this.peer} ended`, error)
    this.end()
  }

  drop(error: OncewireError): void {
    this.calls.options.complain(`Thrift connection of ${this.peer} ended`, error)
    this.phase = 'closed'
    this.socket.destroy()
  }

  close(): void {
    this.replies.close()
    this.end()
    this.endIfAnswered()
  }

  private frame(body: Uint8Array): void {
    if (body.length < 2 || (body[0] as number) * 256 + (body[1] as number) !== theaderMagic) {
      return this.message(body, { isUnframed: false })
    }
    try {
      const { header, payload } = readTHeader(body, this.calls.options.limits.frameBytesMax)
      this.message(payload, { isUnframed: false, header })
    } catch (error) {
      const header: THeader = { seqid: 0, flags: 0, protocol: 'binary', isDeflated: false, pairs: {} }
      this.notUnderstood(error, { dialect: 'binary', header, isUnframed: false })
    }
  }

  private message(bytes: Uint8Array, how: { readonly isUnframed: boolean; readonly header?: THeader }): void {
    // What arrived in one chunk behind the last message may come after the end.
    if (this.phase !== 'open') return
    this.frameCount++
    try {
      const { envelope, payload } = readMessage(bytes)
      this.call({ header: undefined, ...how, envelope }, payload)
    } catch (error) {
      const dialect = dialectOf(bytes[0] ?? 0, bytes[1] ?? 0) ?? 'binary'
      this.notUnderstood(error, { header: undefined, ...how, dialect })
    }
  }

  private call(way: Way, payload: Uint8Array): void {
    const token = tokenOf(way.header)
    const found = servedAs(this.calls.options.dispatcher, way.envelope.name)
    let hasBegun = false
    const answer = this.expect(isSilent(way.envelope, found), () => closedReply(way, hasBegun))
    const run = (bytes: Uint8Array, principal: string | undefined): void => {
      // While its caller was being asked for, the server has closed: it was told that this never runs.
      if (this.phase === 'closed') return
      hasBegun = true
      runThrift(this.calls, { ...saidOf(way.header), way, found, payload: bytes, peer: this.peer, principal }, answer)
    }
    if (this.principals.has(token)) return run(payload, this.principals.get(token))
    // The bytes are used again before we know who this is.
    const copy = new Uint8Array(payload)
    this.copiedBytes += copy.length
    void this.calls.principalOf(token, this.peer).then((principal) => {
      this.copiedBytes -= copy.length
      if (this.principals.size >= tokensMax) this.principals.clear()
      this.principals.set(token, principal)
      run(copy, principal)
    })
  }

  /** Answers a message of which no more than the seqid is known; goes on with the next. @throws what is no such error */
  private notUnderstood(error: unknown, { dialect, ...how }: Omit<Way, 'envelope'> & Pick<Envelope, 'dialect'>): void {
    const cause = error instanceof OncewireError ? error.cause : undefined
    if (!(cause instanceof NotUnderstood)) throw error
    const { seqid, method: name, message, what } = cause
    const envelope: Envelope = { kind: 'call', name, seqid, dialect }
    const header = how.header && { ...how.header, seqid }
    const failure: DoorFailure = { kind: 'failure', code: 'malformed', executed: 'never', message }
    const reply = replyTo({ ...how, header, envelope }, { method: undefined, answer: failure, type: typesOf[what] })
    this.expect(false, () => reply)(reply)
  }

  /** A call has come; answers what takes its reply. */
  private expect(silent: boolean, closed: () => Uint8Array): (reply: Uint8Array) => void {
    let answer: (reply: Uint8Array) => void
    if (silent) {
      this.silentCount++
      answer = () => this.silentCount--
    } else {
      const slot = this.replies.reserve(closed)
      answer = (reply) => this.replies.fill(slot, reply)
    }
    if (this.isFull) this.pause()
    return (reply) => {
      answer(reply)
      if (this.phase !== 'open') this.endIfAnswered()
      else if (this.isFull) this.pause()
      else this.goOn()
      this.tellHeld()
    }
  }

  private get isFull(): boolean {
    const inFlight = this.replies.waiting + this.silentCount
    return inFlight >= this.calls.options.limits.window || this.waitingBytes > fullBytes
  }

  private get waitingBytes(): number {
    return this.socket.writableLength + this.replies.bytes + this.copiedBytes
  }

  private tellHeld(): void {
    const bytes = this.waitingBytes + (this.phase === 'open' ? this.splitter.keptBytes : 0)
    if (this.phase !== 'closed') this.calls.options.held.set(this, bytes)
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

  /** The replies of one turn leave in one write. */
  private send(reply: Uint8Array): void {
    const { socket } = this
    if (!socket.writable) return
    if (!this.isCorked) {
      this.isCorked = true
      socket.cork()
      process.nextTick(() => {
        this.isCorked = false
        socket.uncork()
      })
    }
    socket.write(reply)
  }

  private pause(): void {
    if (this.isPaused) return
    this.isPaused = true
    this.splitter.stop()
    this.socket.pause()
  }

  private goOn(): void {
    if (!this.isPaused || (this.phase === 'open' && this.isFull)) return
    this.isPaused = false
    this.socket.resume()
    if (this.phase === 'open') this.take(() => this.splitter.goOn())
  }

  /** Reads no more; what was asked is answered first. */
  private end(): void {
    if (this.phase !== 'open') return
    this.phase = 'ending'
    this.goOn()
    this.endIfAnswered()
  }

  private endIfAnswered(): void {
    if (this.phase !== 'ending' || this.replies.waiting > 0) return
    this.phase = 'closed'
    hangUp(this.socket)
  }
}

const typesOf = {
  kind: applicationTypes.invalidMessageType,
  protocol: applicationTypes.invalidProtocol,
  transform: applicationTypes.invalidTransform,
} as const

/** What a caller says of its call in info headers; not what proves who it is. */
function saidOf(header: THeader | undefined): Pick<ThriftCall, 'idempotencyKey' | 'headers' | 'leftMs' | 'duplicate'> {
  if (header === undefined) {
    return { idempotencyKey: undefined, headers: undefined, leftMs: Infinity, duplicate: 'attach' }
  }
  const { authorization: _, ...headers } = header.pairs
  return { idempotencyKey: headers['idempotency-key'], headers, leftMs: leftMsOf(headers), duplicate: 'attach' }
}

function tokenOf(header: THeader | undefined): string {
  return /^Bearer +(\S+)$/i.exec(header?.pairs['authorization'] ?? '')?.[1] ?? ''
}

/** fbthrift's header, which others pass on. */
function leftMsOf(pairs: Readonly<Record<string, string>>): number {
  const text = pairs['client_timeout'] ?? ''
  return /^\d{1,9}$/.test(text) && Number(text) > 0 ? Number(text) : Infinity
}
