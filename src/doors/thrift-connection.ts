/**
 * One connection of a stock Thrift client: framed, unframed or THeader, in any dialect.
 *
 * Invariant: each message is answered in the dialect, framing and with the seqid it came with, and in the order in which
 * the calls came, whatever order they end in; a oneway call is never answered. Bytes that are no message end this connection
 * and nothing else.
 */
import type { Socket } from 'node:net'
import { OncewireError } from '../errors/oncewire-error.ts'
import { type Served, servedAs } from '../rpc/dispatcher.ts'
import { keyInArguments } from '../rpc/call-info.ts'
import { AssertionFailed } from '../std/assert.ts'
import { ByteWriter } from '../std/bytes.ts'
import { codecOf, type Envelope, readMessage } from '../wire/envelope.ts'
import { FrameSplitter, type Splitter } from '../wire/framing.ts'
import { MessageSplitter } from '../wire/message-splitter.ts'
import { readTHeader, type THeader, theaderMagic } from '../wire/theader.ts'
import type { DoorAnswer, SessionlessCalls } from './sessionless.ts'
import { exceptionOf, payloadOf, writeReply } from './thrift-reply.ts'

/** Above this many bytes that the socket has not taken, no more is read. */
const fullBytes = 1 << 20

/** Tokens of one connection whose principals are remembered. */
const tokensMax = 16

/** A reply that may have to wait for those before it. */
interface Slot {
  bytes: Uint8Array | undefined
}

export class ThriftConnection {
  /** Messages that have arrived whole. */
  frameCount = 0
  private readonly socket: Socket
  private readonly calls: SessionlessCalls
  private readonly peer: string
  private readonly splitter: Splitter
  private readonly slots: Slot[] = []
  /** By token; undefined: nobody. */
  private readonly principals = new Map<string, string | undefined>()
  private isCorked = false
  private isPaused = false
  private isEnding = false

  constructor(socket: Socket, calls: SessionlessCalls, isFramed: boolean) {
    this.socket = socket
    this.calls = calls
    this.peer = `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`
    const { frameBytesMax } = calls.options.limits
    this.splitter = isFramed
      ? new FrameSplitter(frameBytesMax, (body) => this.frame(body))
      : new MessageSplitter(frameBytesMax, (message) => this.message(message, undefined, true))
    if (calls.options.authenticate === undefined) this.principals.set('', '')
    socket.on('drain', () => this.goOn())
    // What was asked is answered, also where the caller has said all that it will say.
    socket.on('end', () => this.endWhenAnswered())
  }

  get owesFrame(): boolean {
    return this.splitter.isMidFrame
  }

  /** Bytes have arrived. */
  push(chunk: Uint8Array): void {
    try {
      this.splitter.push(chunk)
    } catch (error) {
      if (error instanceof AssertionFailed || !(error instanceof OncewireError)) throw error
      this.fail(error)
    }
  }

  /** Ends the connection because the peer broke a rule. */
  fail(error: OncewireError): void {
    this.calls.options.log(`Thrift connection of ${this.peer} ended`, error)
    this.socket.destroy()
  }

  private frame(body: Uint8Array): void {
    if (body.length < 2 || (body[0] as number) * 256 + (body[1] as number) !== theaderMagic) {
      return this.message(body, undefined, false)
    }
    const { header, payload } = readTHeader(body, this.calls.options.limits.frameBytesMax)
    this.message(payload, header, false)
  }

  private message(bytes: Uint8Array, header: THeader | undefined, isUnframed: boolean): void {
    this.frameCount++
    const { envelope, payload } = readMessage(bytes)
    const way: Way = { envelope, header, isUnframed }
    const token = tokenOf(header)
    if (this.principals.has(token)) return this.call(way, payload, this.principals.get(token))
    // The bytes are used again before we know who this is.
    const copy = new Uint8Array(payload)
    const slot = this.reserve(envelope)
    void this.calls.principalOf(token, this.peer).then((principal) => {
      if (this.principals.size >= tokensMax) this.principals.clear()
      this.principals.set(token, principal)
      this.call(way, copy, principal, slot)
    })
  }

  private call(
    way: Way,
    payload: Uint8Array,
    principal: string | undefined,
    slot: Slot | undefined = this.reserve(way.envelope),
  ): void {
    const { envelope, header } = way
    const found = servedAs(this.calls.options.dispatcher, envelope.name)
    const served = 'method' in found ? found : undefined
    const isAnswered = slot !== undefined && served?.method.isOneway !== true
    const answer = (given: DoorAnswer, isReplay = false): void => {
      if (isAnswered) this.answered(slot, this.replyTo(way, served, { ...given, isReplay }))
    }
    // Before 0.9.3 a oneway call looked like every other: the IDL decides. Nobody waits for its end.
    if (slot !== undefined && !isAnswered) this.answered(slot, empty)
    if (envelope.kind === 'reply' || envelope.kind === 'exception') {
      const message = `a ${envelope.kind} was sent to a server`
      return answer({ kind: 'failure', code: 'malformed', executed: 'never', message })
    }
    if (!('method' in found)) return answer({ kind: 'failure', executed: 'never', ...found })
    const codec = codecOf(envelope.dialect)
    const isKeyed = found.method.delivery === 'exactly-once'
    this.calls.call(
      {
        served: found,
        payload,
        codec,
        idempotencyKey: header?.pairs['idempotency-key'] ?? (isKeyed ? keyInArguments(payload, codec) : undefined),
        headers: header?.pairs,
        leftMs: leftMsOf(header),
        peer: this.peer,
        principal,
      },
      answer,
    )
  }

  /** A place in the order of replies; none for a call that says itself that it wants none. */
  private reserve(envelope: Envelope): Slot | undefined {
    if (envelope.kind === 'oneway') return undefined
    const slot: Slot = { bytes: undefined }
    this.slots.push(slot)
    if (this.slots.length >= this.calls.options.limits.window) this.pause()
    return slot
  }

  private replyTo(way: Way, served: Served | undefined, answer: DoorAnswer & { isReplay: boolean }): Uint8Array {
    const { dialect } = way.envelope
    const out = new ByteWriter(256)
    try {
      writeReply(out, way, answer, payloadOf(served?.method, answer, codecOf(dialect)))
    } catch (error) {
      if (!(error instanceof OncewireError) && !(error instanceof RangeError)) throw error
      // What cannot be told in this dialect is told as a failure: the call has run.
      out.position = 0
      const failure = { kind: 'failure', code: 'internal-error', executed: 'once', message: error.message } as const
      writeReply(out, way, failure, exceptionOf(failure).encode(codecOf(dialect)))
    }
    return out.slice()
  }

  private answered(slot: Slot, bytes: Uint8Array): void {
    slot.bytes = bytes
    const { slots, socket } = this
    for (let first = slots[0]; first?.bytes !== undefined; first = slots[0]) {
      slots.shift()
      if (first.bytes.length === 0 || !socket.writable) continue
      this.cork()
      socket.write(first.bytes)
    }
    if (this.isEnding) this.endWhenAnswered()
    if (socket.writableLength > fullBytes) this.pause()
    else this.goOn()
  }

  /** The replies of one turn leave in one write. */
  private cork(): void {
    if (this.isCorked) return
    this.isCorked = true
    this.socket.cork()
    process.nextTick(() => {
      this.isCorked = false
      this.socket.uncork()
    })
  }

  private pause(): void {
    if (this.isPaused) return
    this.isPaused = true
    this.socket.pause()
  }

  private goOn(): void {
    const { limits } = this.calls.options
    if (!this.isPaused || this.slots.length >= limits.window || this.socket.writableLength > fullBytes) return
    this.isPaused = false
    this.socket.resume()
  }

  private endWhenAnswered(): void {
    this.isEnding = true
    if (this.slots.length === 0) this.socket.end()
  }
}

/** How a message came, and how its answer goes. */
export interface Way {
  readonly envelope: Envelope
  readonly header: THeader | undefined
  readonly isUnframed: boolean
}

const empty = new Uint8Array(0)

function tokenOf(header: THeader | undefined): string {
  return /^Bearer (.*)$/.exec(header?.pairs['authorization'] ?? '')?.[1] ?? ''
}

/** fbthrift's header, which others pass on. */
function leftMsOf(header: THeader | undefined): number {
  const text = header?.pairs['client_timeout'] ?? ''
  return /^\d{1,9}$/.test(text) && Number(text) > 0 ? Number(text) : Infinity
}
