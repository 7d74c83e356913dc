/**
 * Reads values in Thrift's binary protocol (thrift-binary-protocol specification). Any bool but 0 is true.
 */
import { malformed } from './check.ts'
import { CheckedReader } from './checked-reader.ts'
import { bytesMin, TType } from './ttype.ts'

export class BinaryReader extends CheckedReader {
  override next(): number {
    const type = this.byte()
    this.type = type
    if (type === TType.STOP) return 0
    const at = this.take(2)
    return (((this.bytes[at] as number) << 24) >> 8) | ((this.bytes[at + 1] as number) << 8) | type
  }

  override bool(): boolean {
    return this.byte() !== 0
  }

  override i16(): number {
    return this.view.getInt16(this.take(2))
  }

  override i32(): number {
    return this.view.getInt32(this.take(4))
  }

  override i64(): bigint {
    return this.view.getBigInt64(this.take(8))
  }

  override safeI64(): number {
    const at = this.take(8)
    const value = this.view.getInt32(at) * 0x1_0000_0000 + this.view.getUint32(at + 4)
    if (!Number.isSafeInteger(value)) throw malformed(`an i64 read as a number is over 2^53 - 1: about ${value}`)
    return value
  }

  override double(): number {
    return this.view.getFloat64(this.take(8))
  }

  protected override openList(element: number): number {
    const type = this.byte()
    const count = this.count(type)
    if (count > 0) this.checkElement(element, type)
    return count
  }

  protected override openMap(key: number, value: number): number {
    const keyType = this.byte()
    const valueType = this.byte()
    const count = this.count(keyType, valueType)
    if (count > 0) {
      this.checkElement(key, keyType)
      this.checkElement(value, valueType)
    }
    return count
  }

  protected override length(): number {
    return this.i32()
  }

  protected override skipList(nesting: number): void {
    const type = this.byte()
    for (let left = this.count(type); left > 0; left--) this.skipValue(type, nesting)
  }

  protected override skipMap(nesting: number): void {
    const key = this.byte()
    const value = this.byte()
    for (let left = this.count(key, value); left > 0; left--) {
      this.skipValue(key, nesting)
      this.skipValue(value, nesting)
    }
  }

  private count(type: number, second = TType.STOP as number): number {
    return this.checkCount(this.i32(), (bytesMin[type] ?? 0) + (bytesMin[second] ?? 0))
  }
}
