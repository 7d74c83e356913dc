/**
 * Session ids and method names on their way between bytes and text. The same few come in every frame, so those seen
 * last are remembered: 16 bytes are compared instead of 32 digits made.
 *
 * Invariant: what is remembered is bounded, and never changes what is read or written.
 */
import { assert } from '../std/assert.ts'
import type { ByteReader, ByteWriter } from '../std/bytes.ts'
import type { SessionId } from './frame.ts'

interface Seen {
  readonly text: SessionId
  readonly words: readonly [number, number, number, number]
}

const slots = 64
const seenByBytes: (Seen | undefined)[] = Array.from<undefined>({ length: slots })
const seenByText: (Seen | undefined)[] = Array.from<undefined>({ length: slots })

/** Writes a session id as 16 bytes. */
export function writeSession(out: ByteWriter, id: SessionId): void {
  const slot = (id.charCodeAt(30) * 16 + id.charCodeAt(31)) % slots
  let seen = seenByText[slot]
  if (seen === undefined || seen.text !== id) seen = seenByText[slot] = parse(id)
  const { words } = seen
  out.reserve(16)
  const { view, position } = out
  view.setUint32(position, words[0])
  view.setUint32(position + 4, words[1])
  view.setUint32(position + 8, words[2])
  view.setUint32(position + 12, words[3])
  out.position = position + 16
}

/** Reads 16 bytes as a session id. */
export function readSession(reader: ByteReader): SessionId {
  const a = reader.u32()
  const b = reader.u32()
  const c = reader.u32()
  const d = reader.u32()
  const seen = seenByBytes[d % slots]
  if (seen !== undefined) {
    const { words } = seen
    if (words[3] === d && words[0] === a && words[1] === b && words[2] === c) return seen.text
  }
  const text = hex(a) + hex(b) + hex(c) + hex(d)
  seenByBytes[d % slots] = { text, words: [a, b, c, d] }
  return text
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0')
}

function parse(id: SessionId): Seen {
  assert(/^[0-9a-f]{32}$/.test(id), `session id ${id} has not 32 hexadecimal digits`)
  const word = (at: number): number => parseInt(id.slice(at, at + 8), 16)
  return { text: id, words: [word(0), word(8), word(16), word(24)] }
}

/** Longer names are legal and not remembered. */
const rememberedBytesMax = 64

interface SeenName {
  readonly text: string
  readonly bytes: Uint8Array
}

const seenNames: (SeenName | undefined)[] = Array.from<undefined>({ length: slots })

/** Writes a method name behind its 16-bit length. */
export function writeMethod(out: ByteWriter, method: string): void {
  const { length } = method
  if (length > rememberedBytesMax) return out.text16(method)
  out.reserve(2 + length)
  const { bytes, position } = out
  for (let i = 0; i < length; i++) {
    const code = method.charCodeAt(i)
    if (code > 0x7f) return out.text16(method)
    bytes[position + 2 + i] = code
  }
  out.u16(length)
  out.position += length
}

/** Reads what `writeMethod` wrote. */
export function readMethod(reader: ByteReader): string {
  const length = reader.u16()
  if (length === 0 || length > rememberedBytesMax || length > reader.left) return reader.text(length)
  const { bytes, position } = reader
  const slot =
    (length * 7 + (bytes[position + length - 1] as number) * 3 + (bytes[position + (length >> 1)] as number)) % slots
  const seen = seenNames[slot]
  if (seen !== undefined && isAt(bytes, position, seen.bytes, length)) {
    reader.position += length
    return seen.text
  }
  const text = reader.text(length)
  seenNames[slot] = { text, bytes: bytes.slice(position, position + length) }
  return text
}

function isAt(bytes: Uint8Array, at: number, wanted: Uint8Array, length: number): boolean {
  if (wanted.length !== length) return false
  for (let i = 0; i < length; i++) if (bytes[at + i] !== wanted[i]) return false
  return true
}
