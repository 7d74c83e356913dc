/**
 * What the writers of all codecs share: the buffer, the place in the value, and the check of each value. A codec adds
 * how a field's header and the bytes of a value look.
 *
 * Invariant: a value is checked before a byte of it is written, and the error names struct and field.
 */
import type { OncewireError } from '../errors/oncewire-error.ts'
import { ByteWriter } from '../std/bytes.ts'
import { invalid, placeOf, unknownArm, wrongValue } from './check.ts'
import type { ElementWriter, EnumNames, Shape, UnknownField, Uuid, Writer } from './shape.ts'
import { structsMax, TType } from './ttype.ts'

const noShape: Shape = { name: '', fields: {} }
/** A buffer that one large value has grown beyond this is given back. */
const keptBytes = 1 << 20

export abstract class CheckedWriter extends ByteWriter implements Writer {
  readonly put: ElementWriter = new CheckedElements(this)
  private shape: Shape = noShape
  /** Id of the field whose container was begun last in this struct: the place of its elements. */
  private container = 0
  /** The shapes of the structs around this one. */
  private readonly outer: Shape[] = []

  protected abstract header(id: number, type: number): void
  protected abstract boolField(id: number, value: boolean): void
  abstract rawBool(value: boolean): void
  abstract rawI16(value: number): void
  abstract rawI32(value: number): void
  abstract rawI64(value: bigint): void
  abstract rawSafeI64(value: number): void
  abstract rawDouble(value: number): void
  abstract rawString(value: string): void
  abstract rawBinary(value: Uint8Array): void
  abstract rawList(element: number, size: number): void
  abstract rawMap(key: number, value: number, size: number): void

  /** Forgets what was written, also after an error. */
  reset(): void {
    this.position = 0
    this.shape = noShape
    this.outer.length = 0
    if (this.bytes.length > keptBytes) {
      this.bytes = new Uint8Array(1024)
      this.view = new DataView(this.bytes.buffer)
    }
  }

  begin(shape: Shape): number {
    if (this.outer.length >= structsMax) {
      throw invalid(`${shape.name}: structs nested deeper than ${structsMax}; does the value hold itself?`)
    }
    this.outer.push(this.shape)
    this.shape = shape
    return this.container
  }

  end(outer: number): void {
    this.shape = this.outer.pop() ?? noShape
    this.container = outer
  }

  bool(id: number, value: boolean): void {
    if (typeof value !== 'boolean') throw this.wrong(id, expected.bool, value)
    this.boolField(id, value)
  }

  i8(id: number, value: number): void {
    if (!isInteger(value, 0x80)) throw this.wrong(id, expected.i8, value)
    this.header(id, TType.I8)
    this.rawI8(value)
  }

  i16(id: number, value: number): void {
    if (!isInteger(value, 0x8000)) throw this.wrong(id, expected.i16, value)
    this.header(id, TType.I16)
    this.rawI16(value)
  }

  i32(id: number, value: number): void {
    if (!isI32(value)) throw this.wrong(id, expected.i32, value)
    this.header(id, TType.I32)
    this.rawI32(value)
  }

  i64(id: number, value: bigint): void {
    if (!isI64(value)) throw this.wrong(id, expected.i64, value)
    this.header(id, TType.I64)
    this.rawI64(value)
  }

  safeI64(id: number, value: number): void {
    if (!Number.isSafeInteger(value)) throw this.wrong(id, expected.safeI64, value)
    this.header(id, TType.I64)
    this.rawSafeI64(value)
  }

  double(id: number, value: number): void {
    if (typeof value !== 'number') throw this.wrong(id, expected.double, value)
    this.header(id, TType.DOUBLE)
    this.rawDouble(value)
  }

  string(id: number, value: string): void {
    if (typeof value !== 'string') throw this.wrong(id, expected.string, value)
    this.header(id, TType.STRING)
    this.rawString(value)
  }

  binary(id: number, value: Uint8Array): void {
    if (!isBinary(value)) throw this.wrong(id, expected.binary, value)
    this.header(id, TType.STRING)
    this.rawBinary(value)
  }

  uuid(id: number, value: Uuid): void {
    if (!isUuid(value)) throw this.wrong(id, expected.uuid, value)
    this.header(id, TType.UUID)
    this.rawUuid(value)
  }

  enum(id: number, value: number, names: EnumNames): void {
    if (!isI32(value)) throw this.wrong(id, expected.enum, value)
    this.header(id, TType.I32)
    this.rawEnum(value, names)
  }

  struct<T>(id: number, value: T, type: { write(w: Writer, value: T): void }): void {
    if (typeof value !== 'object' || value === null) throw this.wrong(id, expected.struct, value)
    this.header(id, TType.STRUCT)
    type.write(this, value)
  }

  list(id: number, element: number, size: number): void {
    if (typeof size !== 'number') throw this.wrong(id, expected.list, size)
    this.header(id, TType.LIST)
    this.container = id
    this.rawList(element, size)
  }

  set(id: number, element: number, size: number): void {
    if (typeof size !== 'number') throw this.wrong(id, expected.set, size)
    this.header(id, TType.SET)
    this.container = id
    this.rawList(element, size)
  }

  map(id: number, key: number, value: number, size: number): void {
    if (typeof size !== 'number') throw this.wrong(id, expected.map, size)
    this.header(id, TType.MAP)
    this.container = id
    this.rawMap(key, value, size)
  }

  unknown(shape: Shape, value: UnknownField): never {
    throw unknownArm(shape, value)
  }

  rawI8(value: number): void {
    this.u8(value)
  }

  rawEnum(value: number, _names: EnumNames): void {
    this.rawI32(value)
  }

  rawUuid(text: string): void {
    this.reserve(16)
    for (let i = 0; i < 36; i += 2) {
      if (text.charCodeAt(i) === 0x2d) i++
      this.bytes[this.position++] = parseInt(text.slice(i, i + 2), 16)
    }
  }

  wrongElement(expected: string, value: unknown): OncewireError {
    const place = placeOf(this.shape, this.container)
    return wrongValue(place === '' ? 'an element' : `an element of ${place}`, expected, value)
  }

  /** Where a value did not even have the form that generated code takes for granted. */
  wrongForm(error: TypeError): OncewireError {
    return invalid(`${this.shape.name}${this.shape.name === '' ? '' : ': '}${error.message}`, error)
  }

  private wrong(id: number, expected: string, value: unknown): OncewireError {
    return wrongValue(placeOf(this.shape, id), expected, value)
  }
}

const expected = {
  bool: 'a boolean',
  i8: 'a whole number from -128 to 127 (i8)',
  i16: 'a whole number from -32768 to 32767 (i16)',
  i32: 'a whole number from -2147483648 to 2147483647 (i32)',
  i64: 'a bigint from -2n ** 63n to 2n ** 63n - 1n (i64)',
  safeI64: 'a whole number up to 2 ** 53 - 1 (i64 with js.type = "number")',
  double: 'a number (double)',
  string: 'a string',
  binary: 'a Uint8Array (binary), of less than 2 GiB',
  uuid: 'a uuid such as 00112233-4455-6677-8899-aabbccddeeff',
  enum: 'a number of its enum (i32)',
  struct: 'a struct',
  list: 'an array',
  set: 'a Set',
  map: 'a Map',
} as const

function isInteger(value: unknown, half: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= -half && value < half
}

function isI32(value: unknown): boolean {
  return typeof value === 'number' && (value | 0) === value
}

function isI64(value: unknown): boolean {
  return typeof value === 'bigint' && BigInt.asIntN(64, value) === value
}

function isBinary(value: unknown): boolean {
  return value instanceof Uint8Array && value.length <= 0x7fff_ffff
}

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

function isUuid(value: unknown): boolean {
  return typeof value === 'string' && uuidForm.test(value)
}

/** The same values without a header. */
class CheckedElements implements ElementWriter {
  private readonly w: CheckedWriter

  constructor(w: CheckedWriter) {
    this.w = w
  }

  bool(value: boolean): void {
    if (typeof value !== 'boolean') throw this.w.wrongElement(expected.bool, value)
    this.w.rawBool(value)
  }
  i8(value: number): void {
    if (!isInteger(value, 0x80)) throw this.w.wrongElement(expected.i8, value)
    this.w.rawI8(value)
  }
  i16(value: number): void {
    if (!isInteger(value, 0x8000)) throw this.w.wrongElement(expected.i16, value)
    this.w.rawI16(value)
  }
  i32(value: number): void {
    if (!isI32(value)) throw this.w.wrongElement(expected.i32, value)
    this.w.rawI32(value)
  }
  i64(value: bigint): void {
    if (!isI64(value)) throw this.w.wrongElement(expected.i64, value)
    this.w.rawI64(value)
  }
  safeI64(value: number): void {
    if (!Number.isSafeInteger(value)) throw this.w.wrongElement(expected.safeI64, value)
    this.w.rawSafeI64(value)
  }
  double(value: number): void {
    if (typeof value !== 'number') throw this.w.wrongElement(expected.double, value)
    this.w.rawDouble(value)
  }
  string(value: string): void {
    if (typeof value !== 'string') throw this.w.wrongElement(expected.string, value)
    this.w.rawString(value)
  }
  binary(value: Uint8Array): void {
    if (!isBinary(value)) throw this.w.wrongElement(expected.binary, value)
    this.w.rawBinary(value)
  }
  uuid(value: Uuid): void {
    if (!isUuid(value)) throw this.w.wrongElement(expected.uuid, value)
    this.w.rawUuid(value)
  }
  enum(value: number, names: EnumNames): void {
    if (!isI32(value)) throw this.w.wrongElement(expected.enum, value)
    this.w.rawEnum(value, names)
  }
  list(element: number, size: number): void {
    if (typeof size !== 'number') throw this.w.wrongElement(expected.list, size)
    this.w.rawList(element, size)
  }
  set(element: number, size: number): void {
    if (typeof size !== 'number') throw this.w.wrongElement(expected.set, size)
    this.w.rawList(element, size)
  }
  map(key: number, value: number, size: number): void {
    if (typeof size !== 'number') throw this.w.wrongElement(expected.map, size)
    this.w.rawMap(key, value, size)
  }
}
