/**
 * Reads values in Thrift's compact protocol (thrift-compact-protocol specification).
 *
 * Invariant: a number has at most the bytes that its type can need. Both element types that a bool has in the field (1
 * and 2) are read, and both ways to write a false element (0 and 2).
 */
import { malformed } from './check.ts'
import { CheckedReader } from './checked-reader.ts'
import { compactBytesMin, compactFalse, compactTrue, ttypeOf } from './compact-type.ts'
import type { Shape } from './shape.ts'
import { TType } from './ttype.ts'
import type { Room } from './weight.ts'

const scratch = new DataView(new ArrayBuffer(8))

export class CompactReader extends CheckedReader {
  private lastId = 0
  /** The value of a bool that stood in its field's header. */
  private held: boolean | undefined
  private high = 0

  override reset(bytes: Uint8Array, room?: Room): void {
    super.reset(bytes, room)
    this.lastId = 0
    this.held = undefined
  }

  override begin(shape: Shape): number {
    super.begin(shape)
    const outer = this.lastId
    this.lastId = 0
    return outer
  }

  override end(outer: number): void {
    super.end(outer)
    this.lastId = outer
  }

  override next(): number {
    const header = this.byte()
    if (header === TType.STOP) {
      this.type = TType.STOP
      return 0
    }
    const compact = header & 0x0f
    const type = this.ttype(compact)
    const step = header >> 4
    const id = step === 0 ? this.i16() : this.lastId + step
    if (id > 0x7fff) throw malformed(`a field id of ${id}`)
    this.type = type
    this.lastId = id
    this.held = type === TType.BOOL ? compact === compactTrue : undefined
    return (id << 8) | type
  }

  override bool(): boolean {
    const { held } = this
    if (held !== undefined) {
      this.held = undefined
      return held
    }
    const byte = this.byte()
    if (byte > compactFalse) throw malformed(`a bool of ${byte}`)
    return byte === compactTrue
  }

  override i16(): number {
    const value = this.i32()
    if ((value << 16) >> 16 !== value) throw malformed(`an i16 of ${value}`)
    return value
  }

  override i32(): number {
    const value = this.varint32()
    return (value >>> 1) ^ -(value & 1)
  }

  override i64(): bigint {
    const low = this.zigzag64()
    scratch.setInt32(0, this.high)
    scratch.setInt32(4, low)
    return scratch.getBigInt64(0)
  }

  override safeI64(): number {
    const low = this.zigzag64()
    const value = this.high * 0x1_0000_0000 + (low >>> 0)
    if (!Number.isSafeInteger(value)) throw malformed(`an i64 read as a number is over 2^53 - 1: about ${value}`)
    return value
  }

  override double(): number {
    return this.view.getFloat64(this.take(8), true)
  }

  protected override openList(element: number): number {
    const [type, count] = this.listHeader()
    if (count > 0) this.checkElement(element, type)
    return count
  }

  protected override openMap(key: number, value: number): number {
    const [keyType, valueType, count] = this.mapHeader()
    if (count > 0) {
      this.checkElement(key, keyType)
      this.checkElement(value, valueType)
    }
    return count
  }

  protected override length(): number {
    return this.varint32()
  }

  protected override skipList(nesting: number): void {
    const [type, count] = this.listHeader()
    for (let left = count; left > 0; left--) this.skipValue(type, nesting)
  }

  protected override skipMap(nesting: number): void {
    const [key, value, count] = this.mapHeader()
    for (let left = count; left > 0; left--) {
      this.skipValue(key, nesting)
      this.skipValue(value, nesting)
    }
  }

  private listHeader(): readonly [type: number, count: number] {
    const header = this.byte()
    const long = header >> 4 === 15
    const count = long ? this.varint32() : header >> 4
    // Some write an element type of 0 for an empty list.
    if (count === 0) return [TType.STOP, 0]
    const type = this.ttype(header & 0x0f)
    return [type, this.checkCount(count, compactBytesMin[type] as number)]
  }

  private mapHeader(): readonly [key: number, value: number, count: number] {
    const count = this.varint32()
    if (count === 0) return [TType.STOP, TType.STOP, 0]
    const types = this.byte()
    const key = this.ttype(types >> 4)
    const value = this.ttype(types & 0x0f)
    return [key, value, this.checkCount(count, (compactBytesMin[key] as number) + (compactBytesMin[value] as number))]
  }

  private ttype(compact: number): number {
    const type = ttypeOf[compact] as number
    if (type === 0) throw malformed(`a value of compact type ${compact}, which Thrift does not have`)
    return type
  }

  /** As a signed number: a length over 2^31 is negative. */
  private varint32(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte()
      if (shift === 28 && byte > 0x0f) break
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw malformed('a number of more than 32 bits')
  }

  /** Answers the low 32 bits and leaves the high ones in `high`. */
  private zigzag64(): number {
    let low = 0
    let high = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte()
      if (shift === 63 && byte > 1) throw malformed('a number of more than 64 bits')
      const bits = byte & 0x7f
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high = bits >> 4
      } else high |= bits << (shift - 32)
      if (byte < 0x80) break
    }
    const sign = -(low & 1)
    this.high = (high >>> 1) ^ sign
    return ((low >>> 1) | (high << 31)) ^ sign
  }
}
