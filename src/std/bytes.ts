/**
 * A growing byte buffer to write into and a view to read from, big-endian, for headers that are not Thrift.
 *
 * Invariant: a reader never looks past its end; it throws `Truncated` instead.
 */
import { utf8Slice, utf8Write } from './host.ts'

/** Bytes being gathered. `position` is where the next one goes; what lies before it is written. */
export class ByteWriter {
  bytes: Uint8Array
  view: DataView
  position = 0

  constructor(capacity = 1024) {
    this.bytes = new Uint8Array(capacity)
    this.view = new DataView(this.bytes.buffer)
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.position + count
    if (needed <= this.bytes.length) return
    const bytes = new Uint8Array(Math.max(needed, this.bytes.length * 2))
    bytes.set(this.bytes.subarray(0, this.position))
    this.bytes = bytes
    this.view = new DataView(bytes.buffer)
  }

  u8(value: number): void {
    this.reserve(1)
    this.bytes[this.position++] = value
  }

  u16(value: number): void {
    this.reserve(2)
    this.view.setUint16(this.position, value)
    this.position += 2
  }

  u32(value: number): void {
    this.reserve(4)
    this.view.setUint32(this.position, value)
    this.position += 4
  }

  /** A whole number up to 2^53 - 1, in 8 bytes. */
  u53(value: number): void {
    this.reserve(8)
    this.view.setUint32(this.position, Math.floor(value / 0x1_0000_0000))
    this.view.setUint32(this.position + 4, value >>> 0)
    this.position += 8
  }

  /** An unsigned number of 32 bits in 1 to 5 bytes, low bits first. */
  varint(value: number): void {
    this.reserve(5)
    let left = value >>> 0
    for (; left > 0x7f; left >>>= 7) this.bytes[this.position++] = (left & 0x7f) | 0x80
    this.bytes[this.position++] = left
  }

  /** Raw bytes, as they are. */
  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.bytes.set(bytes, this.position)
    this.position += bytes.length
  }

  /** UTF-8 behind a 16-bit length in bytes; at most 65,535 bytes. */
  text16(text: string): void {
    this.reserve(2 + text.length * 3)
    const length = utf8Write(this.bytes, text, this.position + 2)
    if (length > 0xffff) throw new RangeError(`a text of ${length} bytes where 65,535 fit`)
    this.view.setUint16(this.position, length)
    this.position += 2 + length
  }

  /** UTF-8 behind its length in bytes, a varint. */
  varintText(text: string): void {
    const bytes = new Uint8Array(text.length * 3)
    const length = utf8Write(bytes, text, 0)
    this.varint(length)
    this.raw(bytes.subarray(0, length))
  }

  /** UTF-8 to the end: no length in front. */
  text(text: string): void {
    this.reserve(text.length * 3)
    this.position += utf8Write(this.bytes, text, this.position)
  }

  /** A copy of what was written. */
  slice(from = 0): Uint8Array {
    return this.bytes.slice(from, this.position)
  }
}

/** The bytes ended before the value did. */
export class Truncated extends Error {
  override readonly name = 'Truncated'
}

/** Reads what `ByteWriter` wrote. */
export class ByteReader {
  readonly bytes: Uint8Array
  readonly view: DataView
  position: number
  readonly end: number

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.position = 0
    this.end = bytes.length
  }

  get left(): number {
    return this.end - this.position
  }

  u8(): number {
    return this.view.getUint8(this.take(1))
  }

  u16(): number {
    return this.view.getUint16(this.take(2))
  }

  u32(): number {
    return this.view.getUint32(this.take(4))
  }

  /** Throws a RangeError for a number over 2^53 - 1. */
  u53(): number {
    const at = this.take(8)
    const high = this.view.getUint32(at)
    if (high > 0x1f_ffff) throw new RangeError('a number over 2^53 - 1')
    return high * 0x1_0000_0000 + this.view.getUint32(at + 4)
  }

  /** An unsigned number of 32 bits. Throws a RangeError for a longer one. */
  varint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8()
      if (shift === 28 && byte > 0x0f) break
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    throw new RangeError('a number of more than 32 bits')
  }

  /** A view of the next `count` bytes; copy it to keep it. */
  raw(count: number): Uint8Array {
    const at = this.take(count)
    return this.bytes.subarray(at, at + count)
  }

  text16(): string {
    return this.text(this.u16())
  }

  text(count: number): string {
    const at = this.take(count)
    return utf8Slice(this.bytes, at, at + count)
  }

  private take(count: number): number {
    const at = this.position
    if (at + count > this.end) throw new Truncated(`${count} bytes wanted at ${at} of ${this.end}`)
    this.position = at + count
    return at
  }
}

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += (byte + 0x100).toString(16).slice(1)
  return text
}

/** These bytes as people read them, where they are ASCII: ` (the text "HTTP")`; else nothing. */
export function asText(bytes: Uint8Array): string {
  const isText = bytes.length > 0 && bytes.every((byte) => byte >= 0x20 && byte < 0x7f)
  return isText ? ` (the text ${JSON.stringify(String.fromCharCode(...bytes))})` : ''
}

/** The bytes of a lower-case hexadecimal text; the length must be even. */
export function fromHex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length >> 1)
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(text.slice(i * 2, i * 2 + 2), 16)
  return bytes
}
