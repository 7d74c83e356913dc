/**
 * Frames as bytes, protocol version 1. Big-endian; a text that ends its frame has no length in front.
 *
 * Invariant: what decodes has passed every check of its layout; anything else throws `malformed`. Payloads and outcomes
 * are views into the body: who keeps one copies it.
 */
import { type ErrorCode, isErrorCode } from '../errors/codes.ts'
import { OncewireError } from '../errors/oncewire-error.ts'
import { unreachable } from '../std/assert.ts'
import { ByteReader, type ByteWriter, fromHex, toHex, Truncated } from '../std/bytes.ts'
import { readMethod, readSession, writeMethod, writeSession } from './frame-names.ts'
import type {
  CallFrame,
  Delivery,
  Frame,
  Hello,
  RefusedFrame,
  ReplyFrame,
  ResolveFrame,
  SessionKind,
  Welcome,
} from './frame.ts'

/** Byte 0 of a body. */
const kinds = {
  hello: 1,
  welcome: 2,
  call: 3,
  reply: 4,
  refused: 5,
  resolve: 6,
  ack: 7,
  bye: 8,
  ping: 9,
  pong: 10,
} as const satisfies Record<Frame['kind'], number>

const deliveries: readonly Delivery[] = ['at-least-once', 'at-most-once', 'exactly-once', 'external']
const sessionKinds: readonly SessionKind[] = ['memory', 'durable']
const outcomeKinds = ['reply', 'exception', 'failure'] as const
const refusable = ['call', 'hello'] as const
const executedWords = ['never', 'once'] as const

// Flags of a CALL beside the delivery in its lowest two bits, and of a REPLY beside the outcome's kind.
const onewayFlag = 4
const keyFlag = 8
const headersFlag = 16
const replayFlag = 4
// Of a RESOLVE, beside `keyFlag`.
const fingerprintFlag = 1
const fingerprintBytes = 32

/** Appends the body of a frame. */
export function encodeFrame(out: ByteWriter, frame: Frame): void {
  out.u8(kinds[frame.kind])
  switch (frame.kind) {
    case 'call':
      return encodeCall(out, frame)
    case 'reply':
      return encodeReply(out, frame)
    case 'hello':
      return encodeHello(out, frame)
    case 'welcome':
      return encodeWelcome(out, frame)
    case 'refused':
      writeSession(out, frame.session)
      out.u53(frame.number)
      out.u8(refusable.indexOf(frame.of))
      out.u8(sessionKinds.indexOf(frame.sessionKind))
      out.text16(frame.code)
      return out.text(frame.message)
    case 'resolve':
      return encodeResolve(out, frame)
    case 'ack':
      writeSession(out, frame.session)
      out.u32(frame.epoch)
      return out.u53(frame.firstUnacked)
    case 'bye':
      writeSession(out, frame.session)
      out.u32(frame.epoch)
      return out.u53(frame.highest)
    case 'ping':
    case 'pong':
      return out.u32(frame.nonce)
    default:
      return unreachable(frame)
  }
}

/** @throws {OncewireError} malformed */
export function decodeFrame(body: Uint8Array): Frame {
  try {
    const reader = new ByteReader(body)
    const frame = decodeKind(reader, reader.u8())
    if (reader.left > 0) throw malformed(`${reader.left} bytes too many at the end of a frame of kind ${frame.kind}`)
    return frame
  } catch (error) {
    if (error instanceof Truncated || error instanceof RangeError) {
      throw malformed(`a frame of ${body.length} bytes and kind ${body[0] ?? 'none'} ends early: ${error.message}`)
    }
    throw error
  }
}

function decodeKind(reader: ByteReader, kind: number): Frame {
  switch (kind) {
    case kinds.call:
      return decodeCall(reader)
    case kinds.reply:
      return decodeReply(reader)
    case kinds.hello:
      return decodeHello(reader)
    case kinds.welcome:
      return decodeWelcome(reader)
    case kinds.refused:
      return decodeRefused(reader)
    case kinds.resolve:
      return decodeResolve(reader)
    case kinds.ack: {
      const session = readSession(reader)
      const epoch = reader.u32()
      return { kind: 'ack', session, epoch, firstUnacked: reader.u53() }
    }
    case kinds.bye: {
      const session = readSession(reader)
      const epoch = reader.u32()
      return { kind: 'bye', session, epoch, highest: reader.u53() }
    }
    case kinds.ping:
      return { kind: 'ping', nonce: reader.u32() }
    case kinds.pong:
      return { kind: 'pong', nonce: reader.u32() }
    default:
      throw malformed(`no frame is of kind ${kind}: does the peer speak a newer version?`)
  }
}

function encodeCall(out: ByteWriter, frame: CallFrame): void {
  const { idempotencyKey, headers } = frame
  writeSession(out, frame.session)
  out.u53(frame.number)
  out.u53(frame.firstUnacked)
  out.u32(frame.epoch)
  out.u8(
    deliveries.indexOf(frame.delivery) |
      (frame.isOneway ? onewayFlag : 0) |
      (idempotencyKey === undefined ? 0 : keyFlag) |
      (headers === undefined ? 0 : headersFlag),
  )
  out.u16(Math.min(frame.attempt, 0xffff))
  out.u32(Math.min(Math.max(Math.ceil(frame.leftMs), 0), 0xffff_ffff))
  writeMethod(out, frame.method)
  if (idempotencyKey !== undefined) out.text16(idempotencyKey)
  if (headers !== undefined) encodeHeaders(out, headers)
  out.raw(frame.payload)
}

function decodeCall(reader: ByteReader): CallFrame {
  const session = readSession(reader)
  const number = reader.u53()
  const firstUnacked = reader.u53()
  const epoch = reader.u32()
  const flags = reader.u8()
  if (flags > 31) throw malformed(`flags ${flags} of a call`)
  const attempt = reader.u16()
  const leftMs = reader.u32()
  const method = readMethod(reader)
  const idempotencyKey = flags & keyFlag ? reader.text16() : undefined
  const headers = flags & headersFlag ? decodeHeaders(reader) : undefined
  return {
    kind: 'call',
    session,
    number,
    firstUnacked,
    epoch,
    delivery: deliveries[flags & 3] as Delivery,
    isOneway: (flags & onewayFlag) !== 0,
    attempt,
    leftMs,
    method,
    idempotencyKey,
    headers,
    payload: reader.raw(reader.left),
  }
}

function encodeHeaders(out: ByteWriter, headers: Readonly<Record<string, string>>): void {
  const entries = Object.entries(headers)
  out.u16(entries.length)
  for (const [name, value] of entries) {
    writeText32(out, name)
    writeText32(out, value)
  }
}

function decodeHeaders(reader: ByteReader): Readonly<Record<string, string>> {
  const entries: [string, string][] = []
  for (let left = reader.u16(); left > 0; left--) {
    const name = reader.text(reader.u32())
    entries.push([name, reader.text(reader.u32())])
  }
  return Object.fromEntries(entries)
}

/** Headers are the application's: no length of theirs may make a frame impossible to write. */
function writeText32(out: ByteWriter, text: string): void {
  const at = out.position
  out.u32(0)
  out.text(text)
  out.view.setUint32(at, out.position - at - 4)
}

function encodeResolve(out: ByteWriter, frame: ResolveFrame): void {
  const { fingerprint, idempotency } = frame
  writeSession(out, frame.session)
  out.u53(frame.number)
  out.u53(frame.firstUnacked)
  out.u32(frame.epoch)
  out.u8((fingerprint === undefined ? 0 : fingerprintFlag) | (idempotency === undefined ? 0 : keyFlag))
  if (fingerprint !== undefined) out.raw(fingerprint)
  if (idempotency === undefined) return
  writeMethod(out, idempotency.method)
  out.text16(idempotency.key)
  out.raw(idempotency.fingerprint)
}

function decodeResolve(reader: ByteReader): ResolveFrame {
  const session = readSession(reader)
  const number = reader.u53()
  const firstUnacked = reader.u53()
  const epoch = reader.u32()
  const flags = reader.u8()
  if ((flags & ~(fingerprintFlag | keyFlag)) !== 0) throw malformed(`flags ${flags} of a resolve`)
  // Copied, unlike payloads: a RESOLVE is rare, and is looked at later.
  const fingerprint = flags & fingerprintFlag ? reader.raw(fingerprintBytes).slice() : undefined
  const idempotency =
    flags & keyFlag
      ? { method: readMethod(reader), key: reader.text16(), fingerprint: reader.raw(fingerprintBytes).slice() }
      : undefined
  return { kind: 'resolve', session, number, firstUnacked, epoch, fingerprint, idempotency }
}

function encodeReply(out: ByteWriter, { session, number, isReplay, outcome }: ReplyFrame): void {
  writeSession(out, session)
  out.u53(number)
  out.u8(outcomeKinds.indexOf(outcome.kind) | (isReplay ? replayFlag : 0))
  if (outcome.kind !== 'failure') return out.raw(outcome.bytes)
  out.u8(executedWords.indexOf(outcome.executed))
  out.text16(outcome.code)
  out.text(outcome.message)
}

function decodeReply(reader: ByteReader): ReplyFrame {
  const session = readSession(reader)
  const number = reader.u53()
  const flags = reader.u8()
  const isReplay = (flags & replayFlag) !== 0
  const kind = word(outcomeKinds, flags & ~replayFlag)
  if (kind !== 'failure') {
    return { kind: 'reply', session, number, isReplay, outcome: { kind, bytes: reader.raw(reader.left) } }
  }
  const executed = word(executedWords, reader.u8())
  return { kind: 'reply', session, number, isReplay, outcome: { kind, executed, ...readError(reader) } }
}

function decodeRefused(reader: ByteReader): RefusedFrame {
  const session = readSession(reader)
  const number = reader.u53()
  const of = word(refusable, reader.u8())
  const sessionKind = word(sessionKinds, reader.u8())
  return { kind: 'refused', of, session, number, sessionKind, ...readError(reader) }
}

function readError(reader: ByteReader): { readonly code: ErrorCode; readonly message: string } {
  const code = reader.text16()
  const message = reader.text(reader.left)
  if (isErrorCode(code)) return { code, message }
  // A newer peer may know more codes; what it says stays readable.
  return { code: 'internal-error', message: `${code}: ${message}` }
}

function encodeHello(out: ByteWriter, frame: Hello): void {
  out.u8(frame.versions.length)
  for (const version of frame.versions) out.u16(version)
  out.u8(sessionKinds.indexOf(frame.session))
  out.u8(frame.resume === undefined ? 0 : 1)
  if (frame.resume !== undefined) writeSession(out, frame.resume)
  out.u32(frame.epoch)
  out.raw(fromHex(frame.instance))
  out.u53(frame.highest)
  out.text16(frame.ledgerId)
  out.text(frame.token)
}

function decodeHello(reader: ByteReader): Hello {
  const versions: number[] = []
  for (let left = reader.u8(); left > 0; left--) versions.push(reader.u16())
  const session = word(sessionKinds, reader.u8())
  const resume = word([false, true], reader.u8()) ? readSession(reader) : undefined
  const epoch = reader.u32()
  const instance = toHex(reader.raw(8))
  const highest = reader.u53()
  const ledgerId = reader.text16()
  const token = reader.text(reader.left)
  return { kind: 'hello', versions, session, resume, epoch, instance, highest, ledgerId, token }
}

function encodeWelcome(out: ByteWriter, frame: Welcome): void {
  out.u16(frame.version)
  out.u8(sessionKinds.indexOf(frame.session))
  writeSession(out, frame.id)
  out.u32(frame.epoch)
  out.raw(fromHex(frame.instance))
  out.u53(frame.leaseMs)
  out.u32(frame.window)
  out.u32(frame.replyBytesMax)
  out.u53(frame.keyRetentionMs)
  out.text16(frame.ledgerId)
  out.text16(frame.incarnation)
}

function decodeWelcome(reader: ByteReader): Welcome {
  const version = reader.u16()
  const session = word(sessionKinds, reader.u8())
  const id = readSession(reader)
  const epoch = reader.u32()
  const instance = toHex(reader.raw(8))
  const leaseMs = reader.u53()
  const window = reader.u32()
  const replyBytesMax = reader.u32()
  const keyRetentionMs = reader.u53()
  const ledgerId = reader.text16()
  const incarnation = reader.text16()
  return {
    kind: 'welcome',
    version,
    session,
    id,
    epoch,
    instance,
    leaseMs,
    window,
    replyBytesMax,
    keyRetentionMs,
    ledgerId,
    incarnation,
  }
}

function word<const T>(words: readonly T[], index: number): T {
  const found = words[index]
  if (found === undefined) throw malformed(`${index} where 0 to ${words.length - 1} have a meaning`)
  return found
}

function malformed(message: string): OncewireError {
  return new OncewireError('malformed', 'unknown', message)
}
