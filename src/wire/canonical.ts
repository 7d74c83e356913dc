/**
 * One encoding for equal values, without their schema: what the fingerprint under an idempotency key covers, since the
 * key crosses codecs and languages (protocol section 1, H11).
 *
 * Invariant: what a reader of the schema reads as equal is encoded equal: fields ascend by id, sets and maps by their
 * bytes; true is 1, NaN is one NaN, an empty container has no element type.
 */
import { ByteReader, ByteWriter, Truncated } from '../std/bytes.ts'
import { malformed } from './check.ts'
import { bytesMin, nestingMax, TType } from './ttype.ts'

/** Stock Thrift libraries skip this argument field; it carries our call information and is no argument. */
export const callInfoField = 32767

/** `bytes`: a struct in the binary codec. @throws {OncewireError} malformed */
export function canonical(bytes: Uint8Array): Uint8Array {
  const rewriting = new Rewriting(bytes)
  try {
    return rewriting.whole()
  } catch (error) {
    throw error instanceof Truncated ? malformed(`the value is cut off: ${error.message}`) : error
  }
}

class Rewriting {
  private readonly from: ByteReader
  private readonly to: ByteWriter
  private nesting = 0

  constructor(bytes: Uint8Array) {
    this.from = new ByteReader(bytes)
    this.to = new ByteWriter(bytes.length)
  }

  whole(): Uint8Array {
    this.struct(callInfoField)
    if (this.from.left > 0) throw malformed(`${this.from.left} bytes behind the end of the value`)
    return this.to.slice()
  }

  private struct(leftOut?: number): void {
    const { from, to } = this
    const starts: number[] = []
    for (let type = from.u8(); type !== TType.STOP; type = from.u8()) {
      const id = (from.u16() << 16) >> 16
      const start = to.position
      to.u8(type)
      to.u16(id)
      this.value(type)
      if (id === leftOut) to.position = start
      else starts.push(start)
    }
    const idOf = (part: number): number => to.view.getInt16((starts[part] as number) + 1)
    this.sort(starts, (a, b) => idOf(a) - idOf(b))
    to.u8(TType.STOP)
  }

  private value(type: number): void {
    const { from, to } = this
    if (++this.nesting > nestingMax) throw malformed(`values nested deeper than ${nestingMax}`)
    switch (type) {
      case TType.BOOL:
        to.u8(from.u8() === 0 ? 0 : 1)
        break
      case TType.DOUBLE:
        this.double()
        break
      case TType.STRING: {
        const length = from.u32()
        to.u32(length)
        to.raw(from.raw(length))
        break
      }
      case TType.STRUCT:
        this.struct()
        break
      case TType.LIST:
        this.elements([from.u8()])
        break
      case TType.SET:
        this.sortByBytes(this.elements([from.u8()]))
        break
      case TType.MAP:
        this.sortByBytes(this.elements([from.u8(), from.u8()]))
        break
      default: {
        const size = bytesMin[type] ?? 0
        if (size === 0) throw malformed(`a value of wire type ${type}, which Thrift does not have`)
        to.raw(from.raw(size))
      }
    }
    this.nesting--
  }

  private double(): void {
    const bytes = this.from.raw(8)
    const isNaN = Number.isNaN(new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0))
    this.to.raw(isNaN ? theNaN : bytes)
  }

  /** Elements of one type each, or of two: key and value. Answers where each begins. */
  private elements(types: readonly number[]): number[] {
    const { from, to } = this
    const count = from.u32()
    if (count > from.left) throw malformed(`a container of ${count} elements in the ${from.left} bytes left`)
    for (const type of types) to.u8(count === 0 ? TType.STOP : type)
    to.u32(count)
    const starts: number[] = []
    for (let left = count; left > 0; left--) {
      starts.push(to.position)
      for (const type of types) this.value(type)
    }
    return starts
  }

  private sortByBytes(starts: readonly number[]): void {
    const { bytes, position } = this.to
    this.sort(starts, (a, b) => {
      let atA = starts[a] as number
      let atB = starts[b] as number
      const endA = starts[a + 1] ?? position
      const endB = starts[b + 1] ?? position
      while (atA < endA && atB < endB && bytes[atA] === bytes[atB]) {
        atA++
        atB++
      }
      if (atA < endA && atB < endB) return (bytes[atA] as number) - (bytes[atB] as number)
      return endA - atA - (endB - atB)
    })
  }

  /**
   * Puts the parts that begin at `starts` into the order of `compare`. The parts go by their numbers, for a set of bytes
   * has as many as a frame has bytes: a view of each would take fifty times the frame.
   */
  private sort(starts: readonly number[], compare: (a: number, b: number) => number): void {
    let sorted = 1
    while (sorted < starts.length && compare(sorted - 1, sorted) <= 0) sorted++
    if (sorted >= starts.length) return
    const { to } = this
    const first = starts[0] as number
    const copy = to.slice(first)
    const order = new Uint32Array(starts.length).map((_, part) => part).sort(compare)
    to.position = first
    for (const part of order) {
      const start = (starts[part] as number) - first
      const end = (starts[part + 1] ?? first + copy.length) - first
      if (end - start > 32) to.raw(copy.subarray(start, end))
      else for (let at = start; at < end; at++) to.u8(copy[at] as number)
    }
  }
}

const theNaN = Uint8Array.of(0x7f, 0xf8, 0, 0, 0, 0, 0, 0)
