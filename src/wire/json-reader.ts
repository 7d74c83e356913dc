/**
 * Reads values in Thrift's JSON protocol (TJSONProtocol), from the text as it comes: an i64 keeps all its digits, and a
 * map may have structs as its keys, as in no JSON.
 *
 * Invariant: as in `CheckedReader`. Space between tokens is skipped, numbers may stand in quotes, base64 may lack its
 * padding.
 */
import { fromBase64 } from '../std/base64.ts'
import { malformed } from './check.ts'
import { oddDoubles, ttypeOfTag } from './json-tag.ts'
import { JsonTokens, uuidForm } from './json-tokens.ts'
import type { Shape, Uuid } from './shape.ts'
import type { Room } from './weight.ts'

/** Where the next value stands; `left` of pairs counts keys and values: even at a key. */
type Place =
  | { readonly kind: 'struct'; isEmpty: boolean }
  | { readonly kind: 'items'; left: number }
  | { readonly kind: 'pairs'; left: number; isEmpty: boolean }

export class JsonReader extends JsonTokens {
  private readonly places: Place[] = []

  override reset(bytes: Uint8Array, room?: Room): void {
    super.reset(bytes, room)
    this.places.length = 0
  }

  override begin(shape: Shape): number {
    super.begin(shape)
    this.before()
    this.expect('{')
    this.places.push({ kind: 'struct', isEmpty: true })
    return 0
  }

  override next(): number {
    const place = this.places.at(-1) as Extract<Place, { kind: 'struct' }>
    if (this.peek() === '}') return 0
    if (!place.isEmpty) this.expect(',')
    place.isEmpty = false
    const id = this.integerOf(this.text(), 0x8000n)
    this.expect(':')
    this.expect('{')
    this.type = this.tag()
    this.expect(':')
    return (Number(id) << 8) | this.type
  }

  override end(outer: number): void {
    super.end(outer)
    this.expect('}')
    this.places.pop()
    this.after()
    if (this.places.length === 0) this.skipSpace()
  }

  override skip(): void {
    this.skipAny(0)
    this.after()
  }

  override bool(): boolean {
    const token = this.number()
    if (token !== '0' && token !== '1') throw malformed(`a bool of ${token}`)
    return token === '1'
  }

  override i8(): number {
    return Number(this.integer(0x80n))
  }

  override i16(): number {
    return Number(this.integer(0x8000n))
  }

  override i32(): number {
    return Number(this.integer(0x8000_0000n))
  }

  override i64(): bigint {
    return this.integer(1n << 63n)
  }

  override safeI64(): number {
    const value = Number(this.i64())
    if (!Number.isSafeInteger(value)) throw malformed(`an i64 read as a number is over 2^53 - 1: about ${value}`)
    return value
  }

  override double(): number {
    const token = this.number()
    const value = oddDoubles.get(token) ?? (/^[-+.\deE]+$/.test(token) ? Number(token) : NaN)
    if (Number.isNaN(value) && token !== 'NaN') throw malformed(`a double of ${JSON.stringify(token)}`)
    return value
  }

  override string(): string {
    this.before()
    const text = this.text()
    this.after()
    return text
  }

  override binary(): Uint8Array {
    const bytes = fromBase64(this.string())
    if (bytes === undefined) throw malformed('a binary that is no base64')
    return bytes
  }

  override uuid(): Uuid {
    const text = this.string()
    if (!uuidForm.test(text)) throw malformed('a uuid of another form')
    return text.toLowerCase() as Uuid
  }

  protected override openList(element: number): number {
    this.before()
    this.expect('[')
    const type = this.tag()
    this.expect(',')
    const count = this.count()
    if (count > 0) this.checkElement(element, type)
    this.places.push({ kind: 'items', left: count })
    this.closeIfDone()
    return count
  }

  protected override openMap(key: number, value: number): number {
    this.before()
    this.expect('[')
    const keyType = this.tag()
    this.expect(',')
    const valueType = this.tag()
    this.expect(',')
    const count = this.count()
    if (count > 0) {
      this.checkElement(key, keyType)
      this.checkElement(value, valueType)
    }
    this.expect(',')
    this.expect('{')
    this.places.push({ kind: 'pairs', left: count * 2, isEmpty: true })
    this.closeIfDone()
    return count
  }

  /** What stands before the payload of a message: `[1,"name",kind,seqid,` */
  message(): { version: number; name: string; kind: number; seqid: number; payloadBegin: number } {
    const int = (): number => Number(this.integerOf(this.bare(), 0x8000_0000n))
    this.expect('[')
    const version = int()
    this.expect(',')
    const name = this.text()
    this.expect(',')
    const kind = int()
    this.expect(',')
    const seqid = int()
    this.expect(',')
    return { version, name, kind, seqid, payloadBegin: this.position }
  }

  protected override length(): number {
    return this.count()
  }

  /** Values are stepped over by their brackets, not by their types. */
  protected override skipList(nesting: number): void {
    this.skipAny(nesting)
  }

  protected override skipMap(nesting: number): void {
    this.skipAny(nesting)
  }

  private before(): void {
    const place = this.places.at(-1)
    if (place?.kind === 'items') this.expect(',')
    else if (place?.kind === 'pairs') {
      if (place.left % 2 === 1) this.expect(':')
      else if (!place.isEmpty) this.expect(',')
      place.isEmpty = false
    }
  }

  private after(): void {
    const place = this.places.at(-1)
    if (place === undefined) return
    if (place.kind === 'struct') return this.expect('}')
    place.left--
    this.closeIfDone()
  }

  private closeIfDone(): void {
    const place = this.places.at(-1)
    if (place === undefined || place.kind === 'struct' || place.left > 0) return
    this.places.pop()
    if (place.kind === 'pairs') this.expect('}')
    this.expect(']')
    this.after()
  }

  /** Of elements: each takes two bytes at least. */
  private count(): number {
    return this.checkCount(Number(this.integerOf(this.bare(), 0x8000_0000n)), 2)
  }

  private tag(): number {
    const tag = this.text()
    const type = ttypeOfTag.get(tag)
    if (type === undefined) throw malformed(`a value of type ${JSON.stringify(tag)}, which Thrift's JSON does not have`)
    return type
  }

  private integer(half: bigint): bigint {
    return this.integerOf(this.number(), half)
  }

  private number(): string {
    this.before()
    const token = this.peek() === '"' ? this.text() : this.bare()
    this.after()
    return token
  }
}
