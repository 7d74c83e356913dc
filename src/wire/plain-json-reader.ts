/**
 * Reads JSON that people and HTTP clients write (see plain-json-writer.ts). A number may stand in quotes, an enum may be
 * its number, `null` is an absent field.
 *
 * Invariant: what does not fit is told with its place (`order.items[3].price`), the type that was expected, and what a
 * misspelt name probably means.
 */
import type { OncewireError } from '../errors/oncewire-error.ts'
import { fromBase64 } from '../std/base64.ts'
import { didYouMean } from '../std/suggest.ts'
import { malformed } from './check.ts'
import { oddDoubles } from './json-tag.ts'
import { JsonTokens, uuidForm } from './json-tokens.ts'
import type { Shape, Unrecognized, Uuid } from './shape.ts'
import { isTextKey, typeName } from './ttype.ts'
import type { Room } from './weight.ts'

/** Where the next value stands. */
type Place =
  | { readonly kind: 'struct'; readonly shape: Shape; field: string; isEmpty: boolean }
  | { readonly kind: 'items'; readonly size: number; left: number }
  /** `left` counts keys and values: even at a key. `isObject`: else an array of pairs. */
  | { readonly kind: 'pairs'; readonly isObject: boolean; left: number; isEmpty: boolean; key: string }

export class PlainJsonReader extends JsonTokens {
  private readonly places: Place[] = []
  /** Where each container begins that was looked ahead over, and how many it holds; the next of them to be read. */
  private readonly begins: number[] = []
  private readonly counts: number[] = []
  private nextCount = 0
  private countedUpTo = 0
  /** The token read last stood in quotes. */
  private isQuoted = false

  override reset(bytes: Uint8Array, room?: Room): void {
    super.reset(bytes, room)
    this.places.length = 0
    this.forgetCounts()
    this.countedUpTo = 0
  }

  override begin(shape: Shape): number {
    super.begin(shape)
    this.before()
    this.open('{', shape.name === '' ? 'an object' : `an object (${shape.name})`)
    this.places.push({ kind: 'struct', shape, field: '', isEmpty: true })
    return 0
  }

  override next(): number {
    const place = this.places.at(-1) as Extract<Place, { kind: 'struct' }>
    const { fields, name } = place.shape
    for (;;) {
      if (this.peek() === '}') return 0
      if (!place.isEmpty) this.expect(',')
      place.isEmpty = false
      const field = this.text()
      const label = Object.hasOwn(fields, field) ? fields[field] : undefined
      if (label === undefined) {
        const known = Object.keys(fields)
        place.field = ''
        const owner = name === '' ? 'there is' : `${name} has`
        throw this.wrong(
          `no field ${JSON.stringify(field)}: ${owner} ${known.join(', ') || 'none'}.${didYouMean(field, known)}`,
        )
      }
      place.field = field
      this.expect(':')
      this.type = label & 0xff
      if (this.peek() !== 'n') return label
      this.literal('null')
    }
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
    const token = this.token('a boolean')
    if (token !== 'true' && token !== 'false') throw this.wrong(`must be true or false, not ${shown(token)}`)
    this.after()
    return token === 'true'
  }

  override i8(): number {
    return Number(this.whole(0x80n))
  }

  override i16(): number {
    return Number(this.whole(0x8000n))
  }

  override i32(): number {
    return Number(this.whole(0x8000_0000n))
  }

  override i64(): bigint {
    return this.whole(1n << 63n)
  }

  override safeI64(): number {
    return Number(this.whole(1n << 53n))
  }

  override double(): number {
    const token = this.token('a number')
    const value = oddDoubles.get(token) ?? (/^-?\d[-+.\deE]*$/.test(token) ? Number(token) : NaN)
    if (Number.isNaN(value) && token !== 'NaN') throw this.wrong(`must be a number, not ${shown(token)}`)
    if (!Number.isFinite(value) && !oddDoubles.has(token)) throw this.wrong(`${shown(token)} is too large for a double`)
    this.after()
    return value
  }

  override string(): string {
    const text = this.quoted('a string')
    this.after()
    return text
  }

  override binary(): Uint8Array {
    const bytes = fromBase64(this.quoted('base64'))
    if (bytes === undefined) throw this.wrong('must be base64')
    this.after()
    return bytes
  }

  override uuid(): Uuid {
    const text = this.quoted('a uuid')
    if (!uuidForm.test(text)) throw this.wrong(`must be a uuid, not ${shown(text)}`)
    this.after()
    return text.toLowerCase() as Uuid
  }

  override enum<N extends number>(names: Readonly<Record<string, N>>): N | Unrecognized {
    const token = this.token('the name of an enum member')
    const named = Object.hasOwn(names, token) ? names[token] : undefined
    if (named === undefined && !/^-?\d+$/.test(token)) {
      const known = Object.keys(names)
      throw this.wrong(`must be one of ${known.join(', ')}, not ${shown(token)}.${didYouMean(token, known)}`)
    }
    const value = named ?? (Number(this.fitting(token, 0x8000_0000n)) as N)
    this.after()
    return value
  }

  protected override openList(): number {
    this.before()
    this.open('[', 'an array')
    const size = this.count()
    this.places.push({ kind: 'items', size, left: size })
    this.closeIfDone()
    return size
  }

  protected override openMap(key: number): number {
    const isObject = isTextKey(key)
    this.before()
    if (isObject) this.open('{', 'an object')
    else this.open('[', `an array of pairs, since its keys are of type ${typeName(key)}`)
    const size = this.count()
    this.places.push({ kind: 'pairs', isObject, left: size * 2, isEmpty: true, key: '' })
    this.closeIfDone()
    return size
  }

  protected override length(): never {
    throw malformed('JSON has no lengths')
  }

  protected override skipList(nesting: number): void {
    this.skipAny(nesting)
  }

  protected override skipMap(nesting: number): void {
    this.skipAny(nesting)
  }

  private whole(half: bigint): bigint {
    const value = this.fitting(this.token('a whole number'), half)
    this.after()
    return value
  }

  private fitting(token: string, half: bigint): bigint {
    const value = /^-?\d{1,25}$/.test(token) ? BigInt(token) : undefined
    if (value === undefined || value < -half || value >= half) {
      throw this.wrong(`must be a whole number from ${-half} to ${half - 1n}, not ${shown(token)}`)
    }
    return value
  }

  /** The next value, which is no object and no array; without its quotes. */
  private token(expected: string): string {
    this.before()
    const first = this.peek()
    if (first === '{' || first === '[' || first === '') throw this.wrong(`must be ${expected}`)
    this.isQuoted = first === '"'
    const text = this.isQuoted ? this.text() : this.bare()
    const place = this.places.at(-1)
    if (place?.kind === 'pairs' && place.left % 2 === 0) place.key = text
    return text
  }

  private quoted(expected: string): string {
    const text = this.token(expected)
    if (!this.isQuoted) throw this.wrong(`must be ${expected} in quotes`)
    return text
  }

  private open(bracket: string, expected: string): void {
    if (this.peek() !== bracket) throw this.wrong(`must be ${expected}`)
    this.expect(bracket)
  }

  private literal(word: string): void {
    const found = this.bare()
    if (found !== word) throw this.wrong(`${shown(found)} is no JSON value`)
  }

  /**
   * How many elements the container has that was just opened. The outermost one counts those inside it too: else each
   * level would look once more over all that lies deeper.
   */
  private count(): number {
    if (this.position >= this.countedUpTo) this.lookAhead()
    while ((this.begins[this.nextCount] as number) < this.position) this.nextCount++
    return this.counts[this.nextCount] as number
  }

  private lookAhead(): void {
    const { position } = this
    this.forgetCounts()
    this.position-- // onto its bracket
    this.skipAny(0)
    this.countedUpTo = this.position
    this.position = position
  }

  private forgetCounts(): void {
    this.begins.length = 0
    this.counts.length = 0
    this.nextCount = 0
  }

  protected override opened(): number {
    this.counts.push(0)
    return this.begins.push(this.position) - 1
  }

  protected override closed(container: number, count: number): void {
    this.counts[container] = count
  }

  private before(): void {
    const place = this.places.at(-1)
    if (place === undefined || place.kind === 'struct') return
    if (place.kind === 'items') {
      if (place.left < place.size) this.expect(',')
    } else if (place.left % 2 === 1) this.expect(place.isObject ? ':' : ',')
    else {
      if (!place.isEmpty) this.expect(',')
      if (!place.isObject) this.open('[', 'a pair: [key, value]')
      place.isEmpty = false
    }
  }

  private after(): void {
    const place = this.places.at(-1)
    if (place === undefined || place.kind === 'struct') return
    place.left--
    if (place.kind === 'pairs' && !place.isObject && place.left % 2 === 0) this.expect(']')
    this.closeIfDone()
  }

  private closeIfDone(): void {
    const place = this.places.at(-1)
    if (place === undefined || place.kind === 'struct' || place.left > 0) return
    this.expect(place.kind === 'pairs' && place.isObject ? '}' : ']')
    this.places.pop()
    this.after()
  }

  /** Names the place of the value that is being read. */
  private wrong(message: string): OncewireError {
    let path = ''
    for (const place of this.places) {
      if (place.kind === 'struct') path += place.field === '' ? '' : `${path === '' ? '' : '.'}${place.field}`
      else if (place.kind === 'items') path += `[${place.size - place.left}]`
      else path += `[${place.left % 2 === 1 ? JSON.stringify(place.key) : 'key'}]`
    }
    return malformed(path === '' ? message : `${path}: ${message}`)
  }
}

function shown(token: string): string {
  return JSON.stringify(token.length > 40 ? `${token.slice(0, 40)}...` : token)
}
