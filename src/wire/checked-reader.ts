/**
 * What the readers of all codecs share: the bytes, how far they were read, and the limits that hostile bytes meet. A
 * codec adds how headers and numbers look.
 *
 * Invariant: a size is checked against the bytes left before anything of that size is allocated, nesting and the memory
 * that values take are bounded, and the only error is `malformed`. Bad UTF-8 reads as U+FFFD.
 */
import type { OncewireError } from '../errors/oncewire-error.ts'
import { utf8Slice } from '../std/host.ts'
import { malformed } from './check.ts'
import type { Reader, Shape, UnknownField, Unrecognized, Uuid } from './shape.ts'
import { bytesMin, nestingMax, structsMax, TType, typeName } from './ttype.ts'
import { defaultRoom, listWeight, mapWeight, type Room, setWeight, structWeight } from './weight.ts'

/** Up to here a loop in JavaScript beats the call into C++. */
const shortText = 16
const nothing = new Uint8Array()
const unknownShape: Shape = { name: 'a struct that is skipped', fields: {} }

export abstract class CheckedReader implements Reader {
  protected bytes: Uint8Array = nothing
  protected view: DataView = new DataView(nothing.buffer)
  protected position = 0
  /** Wire type of the field read last, for `skip`. */
  protected type = 0
  private limit = 0
  private structs = 0
  private room: Room = defaultRoom()
  /** Of the shape begun last, which often comes again. */
  private shape: Shape = unknownShape
  private shapeWeight = 0

  abstract next(): number
  abstract bool(): boolean
  abstract i16(): number
  abstract i32(): number
  abstract i64(): bigint
  abstract safeI64(): number
  abstract double(): number
  /** How many elements follow; their type has been checked. */
  protected abstract openList(element: number): number
  protected abstract openMap(key: number, value: number): number
  /** Length of a text or binary, not yet checked. */
  protected abstract length(): number
  protected abstract skipList(nesting: number): void
  protected abstract skipMap(nesting: number): void

  /** Begins at the first of `bytes`; what is read takes its memory from `room`. */
  reset(bytes: Uint8Array, room: Room = defaultRoom()): void {
    this.room = room
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.position = 0
    this.limit = bytes.length
    this.structs = 0
  }

  get left(): number {
    return this.limit - this.position
  }

  begin(shape: Shape): number {
    if (++this.structs > structsMax) throw malformed(`structs nested deeper than ${structsMax}`)
    if (shape !== this.shape) {
      this.shape = shape
      this.shapeWeight = structWeight(shape)
    }
    this.weigh(this.shapeWeight)
    return 0
  }

  end(_outer: number): void {
    this.structs--
  }

  skip(): void {
    this.skipValue(this.type, 0)
  }

  i8(): number {
    return (this.byte() << 24) >> 24
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
    // Not `slice`: of a Buffer that would be a view of bytes that are used again.
    const copy = new Uint8Array(length)
    copy.set(this.bytes.subarray(at, at + length))
    return copy
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
    const count = this.openList(element)
    this.weigh(listWeight(element, count))
    return count
  }

  set(element: number): number {
    const count = this.openList(element)
    this.weigh(setWeight(element, count))
    return count
  }

  map(key: number, value: number): number {
    const count = this.openMap(key, value)
    this.weigh(mapWeight(key, value, count))
    return count
  }

  unknown(field: number): UnknownField {
    if (field !== 0) this.skip()
    return { kind: 'unknown', id: field >> 8 }
  }

  /** `count`, if the bytes left can hold so many elements. */
  protected checkCount(count: number, elementBytesMin: number): number {
    if (count < 0 || count * Math.max(1, elementBytesMin) > this.left) {
      throw malformed(`a container of ${count} elements in the ${this.left} bytes left`)
    }
    return count
  }

  protected checkElement(expected: number, found: number): void {
    if (found !== expected) {
      throw malformed(`elements of type ${typeName(found)} where ${typeName(expected)} was expected`)
    }
  }

  protected byte(): number {
    if (this.position >= this.limit) throw this.truncated(1)
    return this.bytes[this.position++] as number
  }

  /** Where `count` bytes begin that are now read. */
  protected take(count: number): number {
    const at = this.position
    if (at + count > this.limit) throw this.truncated(count)
    this.position = at + count
    return at
  }

  protected skipValue(type: number, nesting: number): void {
    if (nesting > nestingMax) throw malformed(`values nested deeper than ${nestingMax}`)
    switch (type) {
      case TType.BOOL:
        return void this.bool()
      case TType.I16:
        return void this.i16()
      case TType.I32:
        return void this.i32()
      case TType.I64:
        return void this.i64()
      case TType.STRING:
        return void this.take(this.size())
      case TType.STRUCT:
        return this.skipStruct(nesting)
      case TType.MAP:
        return this.skipMap(nesting + 1)
      case TType.SET:
      case TType.LIST:
        return this.skipList(nesting + 1)
      default: {
        const bytes = bytesMin[type] ?? 0
        if (bytes === 0) throw malformed(`a value of wire type ${type}, which Thrift does not have`)
        this.take(bytes)
      }
    }
  }

  private skipStruct(nesting: number): void {
    const outer = this.begin(unknownShape)
    while (this.next() !== 0) this.skipValue(this.type, nesting + 1)
    this.end(outer)
  }

  private size(): number {
    const length = this.length()
    if (length < 0 || length > this.left) throw malformed(`a text or binary of ${length} bytes with ${this.left} left`)
    return length
  }

  private weigh(bytes: number): void {
    this.room.left -= bytes
    if (this.room.left < 0) throw malformed(`a value that takes more memory than ${this.room.name}`)
  }

  private truncated(count: number): OncewireError {
    return malformed(`the bytes end at ${this.limit}, and ${count} more were expected at ${this.position}`)
  }
}
