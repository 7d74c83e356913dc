/**
 * Reads values in Thrift's binary protocol (thrift-binary-protocol specification).
 *
 * Invariant: hostile bytes cost no more than their own length: a size is checked against what is left before anything is
 * allocated, nesting stops at 64, and the only error is `malformed`.
 */
import type { OncewireError } from '../errors/oncewire-error.ts'
import { utf8Slice } from '../std/host.ts'
import { malformed } from './check.ts'
import type { Reader, Shape, UnknownField, Unrecognized, Uuid } from './shape.ts'
import { bytesMin, depthMax, TType, typeName } from './ttype.ts'

const shortText = 16

export class BinaryReader implements Reader {
  private bytes: Uint8Array = new Uint8Array()
  private view: DataView = new DataView(new ArrayBuffer(0))
  private position = 0
  private limit = 0
  private depth = 0
  /** Wire type of the field read last, for `skip`. */
  private type = 0

  /** Begins at the first of `bytes`. */
  reset(bytes: Uint8Array): void {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.position = 0
    this.limit = bytes.length
    this.depth = 0
  }

  get left(): number {
    return this.limit - this.position
  }

  begin(_shape: Shape): number {
    if (++this.depth > depthMax) throw malformed(`structs nested deeper than ${depthMax}`)
    return 0
  }

  end(_outer: number): void {
    this.depth--
  }

  next(): number {
    const type = this.byte()
    this.type = type
    if (type === TType.STOP) return 0
    const at = this.take(2)
    return (((this.bytes[at] as number) << 24) >> 8) | ((this.bytes[at + 1] as number) << 8) | type
  }

  skip(): void {
    this.skipValue(this.type, this.depth)
  }

  bool(): boolean {
    return this.byte() !== 0
  }

  i8(): number {
    return (this.byte() << 24) >> 24
  }

  i16(): number {
    return this.view.getInt16(this.take(2))
  }

  i32(): number {
    const at = this.take(4)
    const { bytes } = this
    return (
      ((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)
    )
  }

  i64(): bigint {
    return this.view.getBigInt64(this.take(8))
  }

  safeI64(): number {
    const at = this.take(8)
    const value = this.view.getInt32(at) * 0x1_0000_0000 + this.view.getUint32(at + 4)
    if (!Number.isSafeInteger(value)) throw malformed(`an i64 read as a number is over 2^53 - 1: about ${value}`)
    return value
  }

  double(): number {
    return this.view.getFloat64(this.take(8))
  }

  string(): string {
    const length = this.size()
    const at = this.take(length)
    if (length > shortText) return utf8Slice(this.bytes, at, at + length)
    let text = ''
    for (let i = at; i < at + length; i++) {
      const byte = this.bytes[i] as number
      if (byte >= 0x80) return utf8Slice(this.bytes, at, at + length)
      text += String.fromCharCode(byte)
    }
    return text
  }

  binary(): Uint8Array {
    const length = this.size()
    const at = this.take(length)
    // A copy, and no Buffer: the bytes it came in are used again.
    return new Uint8Array(this.bytes.subarray(at, at + length))
  }

  uuid(): Uuid {
    const at = this.take(16)
    let text = ''
    for (let i = 0; i < 16; i++) {
      if (i === 4 || i === 6 || i === 8 || i === 10) text += '-'
      text += ((this.bytes[at + i] as number) + 0x100).toString(16).slice(1)
    }
    return text as Uuid
  }

  enum<N extends number>(_names: Readonly<Record<string, N>>): N | Unrecognized {
    return this.i32() as N
  }

  list(element: number): number {
    return this.elements(this.byte(), element)
  }

  set(element: number): number {
    return this.elements(this.byte(), element)
  }

  map(key: number, value: number): number {
    const keyType = this.byte()
    const valueType = this.byte()
    const count = this.count((bytesMin[keyType] ?? 0) + (bytesMin[valueType] ?? 0))
    if (count > 0 && keyType !== key) throw otherType(key, keyType)
    if (count > 0 && valueType !== value) throw otherType(value, valueType)
    return count
  }

  unknown(field: number): UnknownField {
    if (field !== 0) this.skip()
    return { kind: 'unknown', id: field >> 8 }
  }

  private elements(type: number, expected: number): number {
    const count = this.count(bytesMin[type] ?? 0)
    if (count > 0 && type !== expected) throw otherType(expected, type)
    return count
  }

  /** A number of elements that the bytes left can hold. */
  private count(elementBytesMin: number): number {
    const count = this.i32()
    if (count < 0) throw malformed(`a container of ${count} elements`)
    if (count > 0 && count * Math.max(1, elementBytesMin) > this.left) {
      throw malformed(`a container of ${count} elements in the ${this.left} bytes left`)
    }
    return count
  }

  private size(): number {
    const length = this.i32()
    if (length < 0 || length > this.left) throw malformed(`a text or binary of ${length} bytes with ${this.left} left`)
    return length
  }

  private byte(): number {
    if (this.position >= this.limit) throw this.truncated(1)
    return this.bytes[this.position++] as number
  }

  private take(count: number): number {
    const at = this.position
    if (at + count > this.limit) throw this.truncated(count)
    this.position = at + count
    return at
  }

  private truncated(count: number): OncewireError {
    return malformed(`the bytes end at ${this.limit}, and ${count} more were expected at ${this.position}`)
  }

  private skipValue(type: number, depth: number): void {
    if (depth > depthMax) throw malformed(`values nested deeper than ${depthMax}`)
    switch (type) {
      case TType.STRING:
        this.take(this.size())
        return
      case TType.STRUCT:
        for (let inner = this.byte(); inner !== TType.STOP; inner = this.byte()) {
          this.take(2)
          this.skipValue(inner, depth + 1)
        }
        return
      case TType.LIST:
      case TType.SET: {
        const element = this.byte()
        for (let left = this.count(bytesMin[element] ?? 0); left > 0; left--) this.skipValue(element, depth + 1)
        return
      }
      case TType.MAP: {
        const key = this.byte()
        const value = this.byte()
        for (let left = this.count((bytesMin[key] ?? 0) + (bytesMin[value] ?? 0)); left > 0; left--) {
          this.skipValue(key, depth + 1)
          this.skipValue(value, depth + 1)
        }
        return
      }
      default: {
        const bytes = bytesMin[type] ?? 0
        if (bytes === 0) throw malformed(`a field of wire type ${type}, which Thrift does not have`)
        this.take(bytes)
      }
    }
  }
}

function otherType(expected: number, found: number): OncewireError {
  return malformed(`elements of type ${typeName(found)} where ${typeName(expected)} was expected`)
}
