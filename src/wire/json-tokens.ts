/**
 * Reads the tokens of JSON text as they come: numbers keep all their digits.
 *
 * Invariant: as in `CheckedReader`. Space between tokens is skipped; a number has a bounded length. Half a surrogate pair
 * reads as U+FFFD.
 */
import { utf8Slice } from '../std/host.ts'
import { malformed } from './check.ts'
import { CheckedReader } from './checked-reader.ts'
import { nestingMax } from './ttype.ts'

/** A number has no more characters than this. */
const numberCharsMax = 400
const wholeNumber = /^-?\d+$/
export const uuidForm: RegExp = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export abstract class JsonTokens extends CheckedReader {
  protected integerOf(token: string, half: bigint): bigint {
    const value = wholeNumber.test(token) && token.length <= numberCharsMax ? BigInt(token) : undefined
    if (value === undefined || value < -half || value >= half) {
      const shown = token.length > 40 ? `${token.slice(0, 40)}...` : token
      throw malformed(`${JSON.stringify(shown)} where a whole number from ${-half} to ${half - 1n} was expected`)
    }
    return value
  }

  /** A token without quotes, up to a bracket, a comma, a colon or space. */
  protected bare(): string {
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
  protected text(): string {
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

  protected skipAny(nesting: number): void {
    if (nesting > nestingMax) throw malformed(`values nested deeper than ${nestingMax}`)
    const first = this.peek()
    if (first === '"') return void this.text()
    if (first !== '{' && first !== '[') {
      if (this.bare() === '') throw malformed(`${JSON.stringify(first)} where a value was expected`)
      return
    }
    const last = first === '{' ? '}' : ']'
    this.position++
    const container = this.opened()
    let count = 0
    while (this.peek() !== last) {
      if (count++ > 0) this.expect(',')
      this.skipAny(nesting + 1)
      if (first === '{') {
        this.expect(':')
        this.skipAny(nesting + 1)
      }
    }
    this.position++
    this.closed(container, count)
  }

  /** Behind the bracket of a container that is stepped over; answers what `closed` wants back. */
  protected opened(): number {
    return 0
  }

  /** Behind the last bracket of it: so many elements, or pairs. */
  protected closed(_container: number, _count: number): void {}

  protected peek(): string {
    this.skipSpace()
    return this.left > 0 ? String.fromCharCode(this.bytes[this.position] as number) : ''
  }

  protected expect(char: string): void {
    this.skipSpace()
    const found = String.fromCharCode(this.byte())
    if (found !== char) throw malformed(`${JSON.stringify(found)} at ${this.position - 1} where ${char} was expected`)
  }

  protected skipSpace(): void {
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
