/**
 * Writes values in Thrift's binary protocol (thrift-binary-protocol specification).
 *
 * Invariant: text with a lone surrogate is written with U+FFFD in its place: ED A0 80 never leaves. A double keeps the
 * sign of its zero.
 */
import { utf8Write } from '../std/host.ts'
import { CheckedWriter } from './checked-writer.ts'
import { TType } from './ttype.ts'

/** Up to here a loop in JavaScript beats the call into C++. */
const shortText = 24

export class BinaryWriter extends CheckedWriter {
  override end(outer: number): void {
    super.end(outer)
    this.u8(TType.STOP)
  }

  protected override header(id: number, type: number): void {
    this.reserve(3)
    const at = this.position
    const { bytes } = this
    bytes[at] = type
    bytes[at + 1] = id >> 8
    bytes[at + 2] = id
    this.position = at + 3
  }

  protected override boolField(id: number, value: boolean): void {
    this.header(id, TType.BOOL)
    this.rawBool(value)
  }

  override rawBool(value: boolean): void {
    this.u8(value ? 1 : 0)
  }

  override rawI16(value: number): void {
    this.u16(value)
  }

  override rawI32(value: number): void {
    this.u32(value)
  }

  override rawI64(value: bigint): void {
    this.reserve(8)
    this.view.setBigInt64(this.position, value)
    this.position += 8
  }

  override rawSafeI64(value: number): void {
    this.u32(Math.floor(value / 0x1_0000_0000))
    this.u32(value)
  }

  override rawDouble(value: number): void {
    this.reserve(8)
    this.view.setFloat64(this.position, value)
    this.position += 8
  }

  override rawString(text: string): void {
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
    this.view.setUint32(this.position, at - start)
    this.position = at
  }

  override rawBinary(value: Uint8Array): void {
    this.u32(value.length)
    this.raw(value)
  }

  override rawList(element: number, size: number): void {
    this.u8(element)
    this.u32(size)
  }

  override rawMap(key: number, value: number, size: number): void {
    this.u8(key)
    this.u8(value)
    this.u32(size)
  }
}
