/**
 * Writes values in Thrift's compact protocol (thrift-compact-protocol specification): variable-length numbers, and field
 * ids as the step from the field before.
 *
 * Invariant: the field before is the one of the same struct. Text with a lone surrogate is written with U+FFFD in its
 * place.
 */
import { utf8Write } from '../std/host.ts'
import { CheckedWriter } from './checked-writer.ts'
import { compactFalse, compactOf, compactTrue } from './compact-type.ts'
import type { Shape } from './shape.ts'
import { TType } from './ttype.ts'

const scratch = new DataView(new ArrayBuffer(8))

export class CompactWriter extends CheckedWriter {
  private lastId = 0

  override reset(): void {
    super.reset()
    this.lastId = 0
  }

  /** Answers what the base wants back, and above it the id of the field before in the struct around. */
  override begin(shape: Shape): number {
    const outer = (this.lastId << 16) | (super.begin(shape) & 0xffff)
    this.lastId = 0
    return outer
  }

  override end(outer: number): void {
    super.end((outer << 16) >> 16)
    this.lastId = outer >> 16
    this.u8(TType.STOP)
  }

  protected override header(id: number, type: number): void {
    this.compactHeader(id, compactOf[type] as number)
  }

  protected override boolField(id: number, value: boolean): void {
    this.compactHeader(id, value ? compactTrue : compactFalse)
  }

  override rawBool(value: boolean): void {
    this.u8(value ? compactTrue : compactFalse)
  }

  override rawI16(value: number): void {
    this.rawI32(value)
  }

  override rawI32(value: number): void {
    this.varint((value << 1) ^ (value >> 31))
  }

  override rawI64(value: bigint): void {
    scratch.setBigInt64(0, value)
    this.zigzag64(scratch.getInt32(0), scratch.getInt32(4))
  }

  override rawSafeI64(value: number): void {
    this.zigzag64(Math.floor(value / 0x1_0000_0000) | 0, value | 0)
  }

  override rawDouble(value: number): void {
    this.reserve(8)
    this.view.setFloat64(this.position, value, true)
    this.position += 8
  }

  override rawString(text: string): void {
    const units = text.length
    this.reserve(5 + units * 3)
    // The length in bytes stands in front and is known behind: most texts are ASCII.
    const start = this.position + varintBytes(units)
    const length = utf8Write(this.bytes, text, start)
    const shift = varintBytes(length) - varintBytes(units)
    if (shift > 0) this.bytes.copyWithin(start + shift, start, start + length)
    this.varint(length)
    this.position += length
  }

  override rawBinary(value: Uint8Array): void {
    this.varint(value.length)
    this.raw(value)
  }

  override rawList(element: number, size: number): void {
    const type = compactOf[element] as number
    if (size < 15) return this.u8((size << 4) | type)
    this.u8(0xf0 | type)
    this.varint(size)
  }

  override rawMap(key: number, value: number, size: number): void {
    this.varint(size)
    if (size > 0) this.u8(((compactOf[key] as number) << 4) | (compactOf[value] as number))
  }

  private compactHeader(id: number, type: number): void {
    const step = id - this.lastId
    this.lastId = id
    if (step > 0 && step < 16) return this.u8((step << 4) | type)
    this.u8(type)
    this.rawI16(id)
  }

  private zigzag64(high: number, low: number): void {
    const sign = high >> 31
    let left = ((high << 1) | (low >>> 31)) ^ sign
    let value = (low << 1) ^ sign
    this.reserve(10)
    while (left !== 0 || value >>> 0 > 0x7f) {
      this.bytes[this.position++] = (value & 0x7f) | 0x80
      value = (value >>> 7) | (left << 25)
      left >>>= 7
    }
    this.bytes[this.position++] = value
  }
}

function varintBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5
}
