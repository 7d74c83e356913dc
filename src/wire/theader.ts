/**
 * THeader: a frame whose header names the protocol, the transforms and free key-value pairs (Apache Thrift,
 * doc/specs/HeaderFormat.md). The frame's length in front is not part of what is read and written here.
 *
 * Invariant: an unknown transform is an error; an unknown kind of info ends the infos, not the message; what is inflated
 * is bounded.
 */
import { ByteReader, type ByteWriter, Truncated } from '../std/bytes.ts'
import { deflate, inflate } from '../std/host.ts'
import { malformed, notUnderstood } from './check.ts'

export const theaderMagic = 0x0fff
const zlib = 1
const keyValue = 1
/** C++ refuses 16,384 words; Node reads the number of words as signed. */
const headerBytesMax = 0xffff
/** Transforms and pairs of one header. */
const itemsMax = 1024

export interface THeader {
  readonly seqid: number
  readonly flags: number
  readonly protocol: 'binary' | 'compact'
  /** The payload travels compressed. */
  readonly isDeflated: boolean
  readonly pairs: Readonly<Record<string, string>>
}

const protocolOf = new Map<number, THeader['protocol']>([
  [0, 'binary'],
  [2, 'compact'],
])

/**
 * `frame` begins with the magic. The payload, a message, is a view or what was inflated.
 *
 * @throws {OncewireError} malformed; with a `NotUnderstood` where only protocol or transform is unknown
 */
export function readTHeader(
  frame: Uint8Array,
  payloadBytesMax: number,
): { readonly header: THeader; readonly payload: Uint8Array } {
  try {
    return read(frame, payloadBytesMax)
  } catch (error) {
    if (error instanceof Truncated || error instanceof RangeError) throw malformed(`a THeader frame: ${error.message}`)
    throw error
  }
}

function read(frame: Uint8Array, payloadBytesMax: number): ReturnType<typeof readTHeader> {
  const fixed = new ByteReader(frame)
  fixed.u16()
  const flags = fixed.u16()
  const seqid = fixed.u32() | 0
  const headerBytes = fixed.u16() * 4
  const from = new ByteReader(fixed.raw(headerBytes))
  const protocolId = from.varint()
  const protocol = protocolOf.get(protocolId)
  if (protocol === undefined) {
    const message = `a THeader frame of protocol ${protocolId}; there are 0 and 2`
    throw notUnderstood(message, { what: 'protocol', seqid, method: '' })
  }
  let isDeflated = false
  for (let left = bounded(from.varint(), 'transforms'); left > 0; left--) {
    const transform = from.varint()
    if (transform !== zlib || isDeflated) {
      const message = `a THeader frame with transform ${transform}; only 1 (zlib) is known, and once`
      throw notUnderstood(message, { what: 'transform', seqid, method: '' })
    }
    isDeflated = true
  }
  const pairs = readPairs(from)
  const rest = fixed.raw(fixed.left)
  const payload = isDeflated ? inflated(rest, payloadBytesMax) : rest
  return { header: { seqid, flags, protocol, isDeflated, pairs }, payload }
}

function readPairs(from: ByteReader): Record<string, string> {
  const pairs = Object.create(null) as Record<string, string>
  // What pads the header to whole words is 0 and no kind of info.
  while (from.left > 0 && from.varint() === keyValue) {
    for (let left = bounded(from.varint(), 'pairs'); left > 0; left--) {
      const key = from.text(from.varint())
      pairs[key] = from.text(from.varint())
    }
  }
  return pairs
}

function bounded(count: number, what: string): number {
  if (count > itemsMax) throw malformed(`a THeader frame with ${count} ${what}`)
  return count
}

function inflated(bytes: Uint8Array, bytesMax: number): Uint8Array {
  const plain = inflate(bytes, bytesMax)
  if (plain === undefined) throw malformed(`a THeader frame that does not inflate to at most ${bytesMax} bytes`)
  return plain
}

/** Writes a frame without its length. @throws {RangeError} if the pairs need more than 64 KiB */
export function writeTHeader(out: ByteWriter, header: THeader, payload: Uint8Array): void {
  const { seqid, flags, protocol, isDeflated, pairs } = header
  out.u16(theaderMagic)
  out.u16(flags)
  out.u32(seqid)
  const words = out.position
  out.u16(0)
  const begin = out.position
  out.varint(protocol === 'compact' ? 2 : 0)
  out.varint(isDeflated ? 1 : 0)
  if (isDeflated) out.varint(zlib)
  const entries = Object.entries(pairs)
  if (entries.length > 0) {
    out.varint(keyValue)
    out.varint(entries.length)
    for (const [key, value] of entries) {
      out.varintText(key)
      out.varintText(value)
    }
  }
  while ((out.position - begin) % 4 !== 0) out.u8(0)
  const headerBytes = out.position - begin
  if (headerBytes > headerBytesMax) throw new RangeError(`headers of ${headerBytes} bytes where 65,535 fit`)
  out.view.setUint16(words, headerBytes / 4)
  out.raw(isDeflated ? deflate(payload) : payload)
}
