/**
 * What stock Thrift puts around the arguments and the result of a call: kind, name and seqid, in each of its protocols
 * (thrift-binary-protocol and thrift-compact-protocol specifications, "Message"; TJSONProtocol). And the exception that is
 * no declared one.
 *
 * Invariant: a message is answered in the dialect it came in; seqid pairs messages of one connection and is no xid.
 */
import type { OncewireError } from '../errors/oncewire-error.ts'
import { asText, ByteReader, type ByteWriter, Truncated } from '../std/bytes.ts'
import { utf8Write } from '../std/host.ts'
import { malformed, notUnderstood } from './check.ts'
import { JsonReader } from './json-reader.ts'
import type { Codec, Struct } from './shape.ts'
import { struct } from './struct.ts'

/** How a message is written. Binary has a version in front today; before, it had none, and all read both forms. */
export type Dialect = 'binary' | 'old-binary' | 'compact' | 'json'

export interface Envelope {
  readonly kind: 'call' | 'reply' | 'exception' | 'oneway'
  /** The method; `Service:method` where services are multiplexed. */
  readonly name: string
  readonly seqid: number
  readonly dialect: Dialect
}

/** The codec of the payload in a message of this dialect. */
export function codecOf(dialect: Dialect): Codec {
  return dialect === 'old-binary' ? 'binary' : dialect
}

const kinds = { call: 1, reply: 2, exception: 3, oneway: 4 } as const
const kindOf = new Map<number, Envelope['kind']>(
  Object.entries(kinds).map(([kind, number]) => [number, kind as Envelope['kind']]),
)
const binaryVersion = 0x8001
const compactId = 0x82
const compactVersion = 1

/** The dialect of a message that begins with these bytes; undefined: of none. */
export function dialectOf(first: number, second: number): Dialect | undefined {
  if (first === 0x80 && second === 0x01) return 'binary'
  if (first === compactId) return 'compact'
  if (first === 0x5b) return 'json'
  return first < 0x80 ? 'old-binary' : undefined
}

/** Writes a whole message; `payload` is a struct in the codec of the dialect. */
export function writeMessage(out: ByteWriter, envelope: Envelope, payload: Uint8Array): void {
  const { kind, name, seqid, dialect } = envelope
  switch (dialect) {
    case 'binary':
      out.u16(binaryVersion)
      out.u16(kinds[kind])
      writeName32(out, name)
      out.u32(seqid)
      break
    case 'old-binary':
      writeName32(out, name)
      out.u8(kinds[kind])
      out.u32(seqid)
      break
    case 'compact': {
      out.u8(compactId)
      out.u8((kinds[kind] << 5) | compactVersion)
      out.varint(seqid)
      out.varintText(name)
      break
    }
    case 'json':
      out.text(`[1,${JSON.stringify(name)},${kinds[kind]},${seqid},`)
  }
  out.raw(payload)
  if (dialect === 'json') out.text(']')
}

function writeName32(out: ByteWriter, name: string): void {
  out.reserve(4 + name.length * 3)
  const length = utf8Write(out.bytes, name, out.position + 4)
  out.u32(length)
  out.position += length
}

/** The payload is a view. @throws {OncewireError} malformed; with a `NotUnderstood` where only the kind is unknown */
export function readMessage(bytes: Uint8Array): { readonly envelope: Envelope; readonly payload: Uint8Array } {
  const dialect = dialectOf(bytes[0] ?? 0xff, bytes[1] ?? 0)
  if (dialect === undefined) throw noMessage(bytes)
  if (dialect === 'json') return readJson(bytes)
  const from = new ByteReader(bytes)
  try {
    const envelope = dialect === 'compact' ? readCompact(from) : readBinary(from, dialect)
    return { envelope, payload: bytes.subarray(from.position) }
  } catch (error) {
    if (error instanceof Truncated) throw malformed(`the envelope is cut off: ${error.message}`)
    throw error instanceof RangeError ? malformed(`the envelope has ${error.message}`) : error
  }
}

function readBinary(from: ByteReader, dialect: 'binary' | 'old-binary'): Envelope {
  if (dialect === 'old-binary') {
    const nameBytes = from.u32()
    // Whatever begins with a byte below 0x80 is taken for this dialect until here.
    if (nameBytes > from.left) throw noMessage(from.bytes)
    const name = from.text(nameBytes)
    const kind = from.u8()
    return envelopeOf(kind, { name, seqid: from.u32() | 0, dialect })
  }
  const kind = from.u32() & 0xff
  const name = from.text(from.u32())
  return envelopeOf(kind, { name, seqid: from.u32() | 0, dialect })
}

/** What is said of bytes that begin no message. */
export function noMessage(bytes: Uint8Array): OncewireError {
  const first = bytes.subarray(0, 4)
  const hex = Array.from(first, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
  return malformed(
    `a message that begins with ${hex}${asText(first)}: neither Thrift's binary (80 01), compact (82) nor JSON ([)`,
  )
}

function readCompact(from: ByteReader): Envelope {
  from.u8()
  const second = from.u8()
  if ((second & 0x1f) !== compactVersion) throw malformed(`an envelope of version ${second & 0x1f}; compact is 1`)
  const seqid = from.varint() | 0
  return envelopeOf(second >> 5, { name: from.text(from.varint()), seqid, dialect: 'compact' })
}

/** `[1,"name",kind,seqid,{...}]` */
function readJson(bytes: Uint8Array): ReturnType<typeof readMessage> {
  const reader = new JsonReader()
  reader.reset(bytes)
  const { version, name, kind, seqid, payloadBegin } = reader.message()
  if (version !== 1) throw malformed(`an envelope of version ${version}; JSON is 1`)
  const end = bytes.lastIndexOf(0x5d)
  if (end < payloadBegin) throw malformed('the message is cut off')
  return { envelope: envelopeOf(kind, { name, seqid, dialect: 'json' }), payload: bytes.subarray(payloadBegin, end) }
}

function envelopeOf(number: number, rest: Omit<Envelope, 'kind'>): Envelope {
  const kind = kindOf.get(number)
  if (kind !== undefined) return { kind, ...rest }
  const { name: method, seqid } = rest
  throw notUnderstood(`an envelope of kind ${number}; there are 1 to 4`, { what: 'kind', seqid, method })
}

/** Apache's numbers for `ApplicationException.type`. */
export const applicationTypes = {
  unknown: 0,
  unknownMethod: 1,
  invalidMessageType: 2,
  wrongMethodName: 3,
  badSequenceId: 4,
  missingResult: 5,
  internalError: 6,
  protocolError: 7,
  invalidTransform: 8,
  invalidProtocol: 9,
  unsupportedClientType: 10,
} as const

/** The payload of an envelope of kind `exception` (TApplicationException). Servers leave out either field. */
export interface ApplicationException {
  readonly message?: string | undefined
  readonly type?: number | undefined
}

export const ApplicationException: Struct<ApplicationException> = /* @__PURE__ */ struct<ApplicationException>({
  name: 'TApplicationException',
  fields: { message: 0x0001_0b, type: 0x0002_08 },
  write(w, value) {
    const outer = w.begin(ApplicationException)
    if (value.message !== undefined) w.string(1, value.message)
    if (value.type !== undefined) w.i32(2, value.type)
    w.end(outer)
  },
  read(r) {
    const outer = r.begin(ApplicationException)
    let message: string | undefined
    let type: number | undefined
    for (let field = r.next(); field !== 0; field = r.next()) {
      if (field === 0x0001_0b) message = r.string()
      else if (field === 0x0002_08) type = r.i32()
      else r.skip()
    }
    r.end(outer)
    return { message, type }
  },
})
