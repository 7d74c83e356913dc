/**
 * Reads values in Thrift's JSON protocol (TJSONProtocol), from the text as it comes: an i64 keeps all its digits, and a
 * map may have structs as its keys, as in no JSON.
 *
 * Invariant: as in `CheckedReader`. Space between tokens is skipped, numbers may stand in quotes, base64 may lack its
 * padding.
 */
import { fromBase64 } from '../std/base64.ts'
import { utf8Slice } from '../std/host.ts'
import { malformed } from './check.ts'
import { CheckedReader } from './checked-reader.ts'
import { oddDoubles, ttypeOfTag } from './json-tag.ts'
import type { Shape, Uuid } from './shape.ts'
import { nestingMax } from './ttype.ts'

/** Where the next value stands; `left` of pairs counts keys and values: even at a key. */
type Place =
  | { readonly kind: 'struct'; isEmpty: boolean }
  | { readonly kind: 'items'; left: number }
  | { readonly kind: 'pairs'; left: number; isEmpty: boolean }

/** A number has no more characters than this. */
const numberCharsMax = 400
const integer = /^-?\d+$/
const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export class JsonReader extends CheckedReader {
  private readonly places: Place[] = []

  override reset(bytes: Uint8Array): void {
    super.reset(bytes)
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

  override list(element: number): number {
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

  override map(key: number, value: number): number {
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

  private integerOf(token: string, half: bigint): bigint {
    const value = integer.test(token) && token.length <= numberCharsMax ? BigInt(token) : undefined
    if (value === undefined || value < -half || value >= half) {
      const shown = token.length > 40 ? `${token.slice(0, 40)}...` : token
      throw malformed(`${JSON.stringify(shown)} where a whole number from ${-half} to ${half - 1n} was expected`)
    }
    return value
  }

  private number(): string {
    this.before()
    const token = this.peek() === '"' ? this.text() : this.bare()
    this.after()
    return token
  }

  /** A token without quotes, up to a bracket, a comma, a colon or space. */
  private bare(): string {
    this.skipSpace()
    let token = ''
    while (this.left > 0) {
      const byte = this.bytes[this.position] as number
      if (!isBare(byte)) break
      if (token.length >= numberCharsMax) throw malformed(`a number of more than ${numberCharsMax} characters`)
      token += String.fromCharCode(byte)
      this.position++
    }
    return token
  }

  /** A text in quotes. */
  private text(): string {
    this.expect('"')
    const start = this.position
    let hasEscape = false
    for (let byte = this.byte(); byte !== 0x22; byte = this.byte()) {
      if (byte !== 0x5c) continue
      hasEscape = true
      this.byte()
    }
    const text = utf8Slice(this.bytes, start, this.position - 1)
    return hasEscape ? unescaped(text) : text
  }

  private skipAny(nesting: number): void {
    if (nesting > nestingMax) throw malformed(`values nested deeper than ${nestingMax}`)
    const first = this.peek()
    if (first === '"') return void this.text()
    if (first !== '{' && first !== '[') {
      if (this.bare() === '') throw malformed(`${JSON.stringify(first)} where a value was expected`)
      return
    }
    const last = first === '{' ? '}' : ']'
    this.position++
    if (this.peek() === last) return void this.position++
    for (;;) {
      this.skipAny(nesting + 1)
      if (first === '{') {
        this.expect(':')
        this.skipAny(nesting + 1)
      }
      if (this.peek() === last) return void this.position++
      this.expect(',')
    }
  }

  private peek(): string {
    this.skipSpace()
    return this.left > 0 ? String.fromCharCode(this.bytes[this.position] as number) : ''
  }

  private expect(char: string): void {
    this.skipSpace()
    const found = String.fromCharCode(this.byte())
    if (found !== char) throw malformed(`${JSON.stringify(found)} at ${this.position - 1} where ${char} was expected`)
  }

  private skipSpace(): void {
    while (this.left > 0 && isSpace(this.bytes[this.position] as number)) this.position++
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/** Digits, signs, points and letters. */
function isBare(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2b || byte === 0x2d || byte === 0x2e || isLetter(byte)
}

function isLetter(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a)
}

/** Control characters may stand as they are: some libraries do not escape them all. Half a pair reads as U+FFFD. */
function unescaped(text: string): string {
  const plain = text.replace(
    /\\(?:u([0-9a-fA-F]{4})|(.)|)/gsu,
    (_, hex: string | undefined, char: string | undefined) => {
      if (hex !== undefined) return String.fromCharCode(parseInt(hex, 16))
      const meant = escapes.get(char ?? '')
      if (meant === undefined) throw malformed(`a text with the escape \\${char ?? ''}, which JSON does not have`)
      return meant
    },
  )
  return plain.replace(/\p{Surrogate}/gu, '\ufffd')
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
])
