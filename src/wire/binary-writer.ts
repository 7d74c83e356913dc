/**
 * Writes values in Thrift's binary protocol (thrift-binary-protocol specification).
 *
 * Invariant: a value is checked before a byte of it is written. Text with a lone surrogate is written with U+FFFD in
 * its place: ED A0 80 never leaves.
 */
import { utf8Write } from '../std/host.ts'
import { unknownArm, wrongValue } from './check.ts'
import type { ElementWriter, EnumNames, Shape, UnknownField, Uuid, Writer } from './shape.ts'
import { TType } from './ttype.ts'

const noShape: Shape = { name: 'value', fields: {} }
const i64Min = -(2n ** 63n)
const i64Max = 2n ** 63n - 1n
/** Up to here a loop in JavaScript beats the call into C++. */
const shortText = 24

export class BinaryWriter implements Writer {
  readonly put: ElementWriter
  private bytes = new Uint8Array(4096)
  private view = new DataView(this.bytes.buffer)
  private position = 0
  private shape: Shape = noShape
  /** Shapes of the structs around the one being written, for error messages. */
  private readonly outer: Shape[] = []

  constructor() {
    this.put = new BinaryElements(this)
  }

  /** Forgets what was written; the buffer stays. */
  reset(): void {
    this.position = 0
    this.shape = noShape
    this.outer.length = 0
  }

  /** A copy of what was written since `reset`. */
  finish(): Uint8Array {
    return this.bytes.slice(0, this.position)
  }

  begin(shape: Shape): number {
    this.outer.push(this.shape)
    this.shape = shape
    return 0
  }

  end(_outer: number): void {
    this.shape = this.outer.pop() ?? noShape
    this.reserve(1)
    this.bytes[this.position++] = TType.STOP
  }

  bool(id: number, value: boolean): void {
    this.checkBool(id, value)
    this.header(id, TType.BOOL)
    this.bytes[this.position++] = value ? 1 : 0
  }

  i8(id: number, value: number): void {
    this.checkInteger(id, value, 8)
    this.header(id, TType.I8)
    this.bytes[this.position++] = value
  }

  i16(id: number, value: number): void {
    this.checkInteger(id, value, 16)
    this.header(id, TType.I16)
    this.rawI16(value)
  }

  i32(id: number, value: number): void {
    if ((value | 0) !== value) this.checkInteger(id, value, 32)
    this.header(id, TType.I32)
    this.rawI32(value)
  }

  i64(id: number, value: bigint): void {
    this.checkI64(id, value)
    this.header(id, TType.I64)
    this.rawI64(value)
  }

  safeI64(id: number, value: number): void {
    this.checkSafe(id, value)
    this.header(id, TType.I64)
    this.rawSafe(value)
  }

  double(id: number, value: number): void {
    this.checkDouble(id, value)
    this.header(id, TType.DOUBLE)
    this.rawDouble(value)
  }

  string(id: number, value: string): void {
    this.checkString(id, value)
    this.header(id, TType.STRING)
    this.rawString(value)
  }

  binary(id: number, value: Uint8Array): void {
    this.checkBinary(id, value)
    this.header(id, TType.STRING)
    this.rawBinary(value)
  }

  uuid(id: number, value: Uuid): void {
    this.checkUuid(id, value)
    this.header(id, TType.UUID)
    this.rawUuid(value)
  }

  enum(id: number, value: number, _names: EnumNames): void {
    if ((value | 0) !== value) this.checkInteger(id, value, 32)
    this.header(id, TType.I32)
    this.rawI32(value)
  }

  struct<T>(id: number, value: T, type: { write(w: Writer, value: T): void }): void {
    if (typeof value !== 'object' || value === null) throw wrongValue(this.shape, id, 'a struct', value)
    this.header(id, TType.STRUCT)
    type.write(this, value)
  }

  list(id: number, element: number, size: number): void {
    this.checkSize(id, size, 'an array')
    this.header(id, TType.LIST)
    this.rawList(element, size)
  }

  set(id: number, element: number, size: number): void {
    this.checkSize(id, size, 'a Set')
    this.header(id, TType.SET)
    this.rawList(element, size)
  }

  map(id: number, key: number, value: number, size: number): void {
    this.checkSize(id, size, 'a Map')
    this.header(id, TType.MAP)
    this.rawMap(key, value, size)
  }

  unknown(shape: Shape, value: UnknownField): never {
    throw unknownArm(shape, value)
  }

  // Checks and raw values: shared with the elements of containers, which have no header.

  checkBool(id: number, value: unknown): void {
    if (typeof value !== 'boolean') throw wrongValue(this.shape, id, 'a boolean', value)
  }

  checkInteger(id: number, value: unknown, bits: 8 | 16 | 32): void {
    const half = 2 ** (bits - 1)
    if (typeof value !== 'number' || !Number.isInteger(value) || value < -half || value >= half) {
      throw wrongValue(this.shape, id, `a whole number from ${-half} to ${half - 1} (i${bits})`, value)
    }
  }

  checkI64(id: number, value: unknown): void {
    if (typeof value !== 'bigint') throw wrongValue(this.shape, id, 'a bigint (i64)', value)
    if (value < i64Min || value > i64Max) throw wrongValue(this.shape, id, 'from -2^63 to 2^63 - 1 (i64)', value)
  }

  checkSafe(id: number, value: unknown): void {
    if (!Number.isSafeInteger(value))
      throw wrongValue(this.shape, id, 'a whole number up to 2^53 - 1 (i64, js.type = "number")', value)
  }

  checkDouble(id: number, value: unknown): void {
    if (typeof value !== 'number') throw wrongValue(this.shape, id, 'a number (double)', value)
  }

  checkString(id: number, value: unknown): void {
    if (typeof value !== 'string') throw wrongValue(this.shape, id, 'a string', value)
  }

  checkBinary(id: number, value: unknown): void {
    if (!(value instanceof Uint8Array)) throw wrongValue(this.shape, id, 'a Uint8Array (binary)', value)
  }

  checkUuid(id: number, value: unknown): void {
    if (typeof value !== 'string' || !uuidForm.test(value)) {
      throw wrongValue(this.shape, id, 'a uuid such as 00112233-4455-6677-8899-aabbccddeeff', value)
    }
  }

  checkSize(id: number, size: unknown, expected: string): void {
    if (typeof size !== 'number') throw wrongValue(this.shape, id, expected, size)
  }

  rawByte(value: number): void {
    this.reserve(1)
    this.bytes[this.position++] = value
  }

  rawI16(value: number): void {
    this.reserve(2)
    this.view.setInt16(this.position, value)
    this.position += 2
  }

  rawI32(value: number): void {
    this.reserve(4)
    const at = this.position
    const { bytes } = this
    bytes[at] = value >> 24
    bytes[at + 1] = value >> 16
    bytes[at + 2] = value >> 8
    bytes[at + 3] = value
    this.position = at + 4
  }

  rawI64(value: bigint): void {
    this.reserve(8)
    this.view.setBigInt64(this.position, value)
    this.position += 8
  }

  rawSafe(value: number): void {
    this.rawI32(Math.floor(value / 0x1_0000_0000) | 0)
    this.rawI32(value | 0)
  }

  rawDouble(value: number): void {
    this.reserve(8)
    this.view.setFloat64(this.position, value)
    this.position += 8
  }

  rawString(text: string): void {
    const units = text.length
    this.reserve(4 + units * 3)
    const start = this.position + 4
    const { bytes } = this
    let at = start
    if (units <= shortText) {
      let unit = 0
      while (at - start < units && (unit = text.charCodeAt(at - start)) < 0x80) bytes[at++] = unit
    }
    if (at - start < units) at = start + utf8Write(bytes, text, start)
    this.rawI32(at - start)
    this.position = at
  }

  rawBinary(value: Uint8Array): void {
    this.reserve(4 + value.length)
    this.rawI32(value.length)
    this.bytes.set(value, this.position)
    this.position += value.length
  }

  rawUuid(text: string): void {
    this.reserve(16)
    for (let i = 0; i < 36; i += 2) {
      if (text.charCodeAt(i) === 0x2d) i++
      this.bytes[this.position++] = parseInt(text.slice(i, i + 2), 16)
    }
  }

  rawList(element: number, size: number): void {
    this.rawByte(element)
    this.rawI32(size)
  }

  rawMap(key: number, value: number, size: number): void {
    this.rawByte(key)
    this.rawByte(value)
    this.rawI32(size)
  }

  /** Field header, and room for any fixed-size value behind it. */
  private header(id: number, type: number): void {
    this.reserve(24)
    const at = this.position
    const { bytes } = this
    bytes[at] = type
    bytes[at + 1] = id >> 8
    bytes[at + 2] = id
    this.position = at + 3
  }

  private reserve(count: number): void {
    const needed = this.position + count
    if (needed <= this.bytes.length) return
    const bytes = new Uint8Array(Math.max(needed, this.bytes.length * 2))
    bytes.set(this.bytes.subarray(0, this.position))
    this.bytes = bytes
    this.view = new DataView(bytes.buffer)
  }
}

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** The same values without a header; errors name the struct, for an element has no field. */
class BinaryElements implements ElementWriter {
  private readonly w: BinaryWriter

  constructor(w: BinaryWriter) {
    this.w = w
  }

  bool(value: boolean): void {
    this.w.checkBool(element, value)
    this.w.rawByte(value ? 1 : 0)
  }
  i8(value: number): void {
    this.w.checkInteger(element, value, 8)
    this.w.rawByte(value)
  }
  i16(value: number): void {
    this.w.checkInteger(element, value, 16)
    this.w.rawI16(value)
  }
  i32(value: number): void {
    if ((value | 0) !== value) this.w.checkInteger(element, value, 32)
    this.w.rawI32(value)
  }
  i64(value: bigint): void {
    this.w.checkI64(element, value)
    this.w.rawI64(value)
  }
  safeI64(value: number): void {
    this.w.checkSafe(element, value)
    this.w.rawSafe(value)
  }
  double(value: number): void {
    this.w.checkDouble(element, value)
    this.w.rawDouble(value)
  }
  string(value: string): void {
    this.w.checkString(element, value)
    this.w.rawString(value)
  }
  binary(value: Uint8Array): void {
    this.w.checkBinary(element, value)
    this.w.rawBinary(value)
  }
  uuid(value: Uuid): void {
    this.w.checkUuid(element, value)
    this.w.rawUuid(value)
  }
  enum(value: number, _names: EnumNames): void {
    this.i32(value)
  }
  list(type: number, size: number): void {
    this.w.checkSize(element, size, 'an array')
    this.w.rawList(type, size)
  }
  set(type: number, size: number): void {
    this.w.checkSize(element, size, 'a Set')
    this.w.rawList(type, size)
  }
  map(key: number, value: number, size: number): void {
    this.w.checkSize(element, size, 'a Map')
    this.w.rawMap(key, value, size)
  }
}

/** No field has this id. */
const element = 0x10000
