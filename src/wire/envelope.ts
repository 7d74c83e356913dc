/**
 * What stock Thrift puts around the arguments and the result of a call: kind, name and seqid, in the binary protocol,
 * strict or not (thrift-binary-protocol specification, "Message"). And the exception that is no declared one.
 *
 * Invariant: an envelope is answered in the form it came in; seqid pairs frames of one connection and is no xid.
 */
import { type ByteReader, type ByteWriter, Truncated } from '../std/bytes.ts'
import { utf8Write } from '../std/host.ts'
import { malformed } from './check.ts'
import type { Struct } from './shape.ts'
import { struct } from './struct.ts'

export interface Envelope {
  readonly kind: 'call' | 'reply' | 'exception' | 'oneway'
  /** The method; `Service:method` where services are multiplexed. */
  readonly name: string
  readonly seqid: number
  /** With the version in front, as everybody writes it today; all read both forms. */
  readonly isStrict: boolean
}

const kinds = { call: 1, reply: 2, exception: 3, oneway: 4 } as const
const kindOf = new Map<number, Envelope['kind']>(
  Object.entries(kinds).map(([kind, number]) => [number, kind as Envelope['kind']]),
)
const version = 0x8001

/** Puts the envelope in front of a payload that is written next. */
export function writeEnvelope(out: ByteWriter, { kind, name, seqid, isStrict }: Envelope): void {
  if (isStrict) {
    out.u16(version)
    out.u16(kinds[kind])
  }
  out.reserve(4 + name.length * 3)
  const length = utf8Write(out.bytes, name, out.position + 4)
  out.u32(length)
  out.position += length
  if (!isStrict) out.u8(kinds[kind])
  out.u32(seqid)
}

/** Reads up to where the payload begins. @throws {OncewireError} malformed */
export function readEnvelope(from: ByteReader): Envelope {
  try {
    return read(from)
  } catch (error) {
    throw error instanceof Truncated ? malformed(`the envelope is cut off: ${error.message}`) : error
  }
}

function read(from: ByteReader): Envelope {
  const first = from.u32()
  const isStrict = first >= 0x8000_0000
  if (isStrict && first >>> 16 !== version) {
    throw malformed(`an envelope of version 0x${(first >>> 16).toString(16)}; Thrift's binary protocol is 0x8001`)
  }
  const name = from.text(isStrict ? from.u32() : first)
  const number = isStrict ? first & 0xff : from.u8()
  const kind = kindOf.get(number)
  if (kind === undefined) throw malformed(`an envelope of kind ${number}; there are 1 to 4`)
  return { kind, name, seqid: from.u32() | 0, isStrict }
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
