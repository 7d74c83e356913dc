/**
 * Writes values as JSON for people and for HTTP: fields by their names, enums by theirs, lists and sets as arrays, maps as
 * objects (arrays of pairs where the keys are no text), binary as base64, a union as an object with its one field.
 *
 * Invariant: nothing is lost: an i64 that a JSON number would not carry in every language stands in quotes, as do NaN and
 * the infinities.
 */
import { toBase64 } from '../std/base64.ts'
import { CheckedWriter } from './checked-writer.ts'
import type { EnumNames, Shape } from './shape.ts'
import { isTextKey } from './ttype.ts'

/** Where the next value stands. */
type Place =
  | { readonly kind: 'struct'; readonly shape: Shape; isEmpty: boolean }
  | { readonly kind: 'items'; left: number; isEmpty: boolean }
  /** `left` counts keys and values: even at a key. `isObject`: else an array of pairs. */
  | { readonly kind: 'pairs'; readonly isObject: boolean; left: number; isEmpty: boolean }

export class PlainJsonWriter extends CheckedWriter {
  private readonly places: Place[] = []

  override reset(): void {
    super.reset()
    this.places.length = 0
  }

  override begin(shape: Shape): number {
    const outer = super.begin(shape)
    this.before()
    this.text('{')
    this.places.push({ kind: 'struct', shape, isEmpty: true })
    return outer
  }

  override end(outer: number): void {
    super.end(outer)
    this.places.pop()
    this.text('}')
    this.after()
  }

  protected override header(id: number): void {
    const place = this.places.at(-1) as Extract<Place, { kind: 'struct' }>
    const { shape, isEmpty } = place
    const name = Object.keys(shape.fields).find((field) => (shape.fields[field] as number) >> 8 === id) ?? String(id)
    this.text(`${isEmpty ? '' : ','}${JSON.stringify(name)}:`)
    place.isEmpty = false
  }

  protected override boolField(id: number, value: boolean): void {
    this.header(id)
    this.rawBool(value)
  }

  override rawBool(value: boolean): void {
    this.token(String(value))
  }

  override rawI8(value: number): void {
    this.token(String(value))
  }

  override rawI16(value: number): void {
    this.token(String(value))
  }

  override rawI32(value: number): void {
    this.token(String(value))
  }

  override rawI64(value: bigint): void {
    const isSafe = value >= -safeMax && value <= safeMax
    this.token(isSafe ? String(value) : `"${value}"`)
  }

  override rawSafeI64(value: number): void {
    this.token(String(value))
  }

  override rawDouble(value: number): void {
    if (!Number.isFinite(value)) return this.token(`"${value}"`)
    this.token(Object.is(value, -0) ? '-0.0' : String(value))
  }

  override rawString(text: string): void {
    this.token(JSON.stringify(text.replace(/\p{Surrogate}/gu, '\ufffd')))
  }

  override rawBinary(value: Uint8Array): void {
    this.token(`"${toBase64(value)}"`)
  }

  override rawUuid(text: string): void {
    this.token(`"${text.toLowerCase()}"`)
  }

  /** A number that the IDL does not name stays a number. */
  override rawEnum(value: number, names: EnumNames): void {
    const name = Object.keys(names).find((member) => names[member] === value)
    this.token(name === undefined ? String(value) : JSON.stringify(name))
  }

  override rawList(_element: number, size: number): void {
    this.before()
    this.text('[')
    this.places.push({ kind: 'items', left: size, isEmpty: true })
    this.closeIfDone()
  }

  override rawMap(key: number, _value: number, size: number): void {
    const isObject = isTextKey(key)
    this.before()
    this.text(isObject ? '{' : '[')
    this.places.push({ kind: 'pairs', isObject, left: size * 2, isEmpty: true })
    this.closeIfDone()
  }

  private token(text: string): void {
    const place = this.places.at(-1)
    const isKey = place?.kind === 'pairs' && place.isObject && place.left % 2 === 0
    this.before()
    this.text(isKey && !text.startsWith('"') ? `"${text}"` : text)
    this.after()
  }

  private before(): void {
    const place = this.places.at(-1)
    if (place === undefined || place.kind === 'struct') return
    const isValue = place.kind === 'pairs' && place.left % 2 === 1
    if (isValue) return this.text(place.isObject ? ':' : ',')
    this.text(place.isEmpty ? '' : ',')
    if (place.kind === 'pairs' && !place.isObject) this.text('[')
    place.isEmpty = false
  }

  private after(): void {
    const place = this.places.at(-1)
    if (place === undefined || place.kind === 'struct') return
    place.left--
    if (place.kind === 'pairs' && !place.isObject && place.left % 2 === 0) this.text(']')
    this.closeIfDone()
  }

  private closeIfDone(): void {
    const place = this.places.at(-1)
    if (place === undefined || place.kind === 'struct' || place.left > 0) return
    this.places.pop()
    this.text(place.kind === 'pairs' && place.isObject ? '}' : ']')
    this.after()
  }
}

const safeMax = BigInt(Number.MAX_SAFE_INTEGER)
