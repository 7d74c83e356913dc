/**
 * Writes values in Thrift's JSON protocol (TJSONProtocol): `{"1":{"i32":5},"2":{"lst":["str",1,"x"]}}`.
 *
 * Invariant: every bracket that is opened is closed by what closes its value: a struct's end, or the last of the elements
 * that were announced. A number as the key of a map stands in quotes; a lone surrogate is written as U+FFFD.
 */
import { toBase64 } from '../std/base64.ts'
import { CheckedWriter } from './checked-writer.ts'
import { tagOf } from './json-tag.ts'
import type { Shape } from './shape.ts'
import { TType } from './ttype.ts'

/** Where the next value stands. */
type Place =
  | { readonly kind: 'struct'; isEmpty: boolean }
  | { readonly kind: 'items'; left: number }
  /** `left` counts keys and values: even at a key. */
  | { readonly kind: 'pairs'; left: number; isEmpty: boolean }

export class JsonWriter extends CheckedWriter {
  private readonly places: Place[] = []

  override reset(): void {
    super.reset()
    this.places.length = 0
  }

  override begin(shape: Shape): number {
    const outer = super.begin(shape)
    this.before()
    this.text('{')
    this.places.push({ kind: 'struct', isEmpty: true })
    return outer
  }

  override end(outer: number): void {
    super.end(outer)
    this.places.pop()
    this.text('}')
    this.after()
  }

  protected override header(id: number, type: number): void {
    const place = this.places.at(-1) as Extract<Place, { kind: 'struct' }>
    this.text(`${place.isEmpty ? '' : ','}"${id}":{"${tagOf.get(type)}":`)
    place.isEmpty = false
  }

  protected override boolField(id: number, value: boolean): void {
    this.header(id, TType.BOOL)
    this.rawBool(value)
  }

  override rawBool(value: boolean): void {
    this.number(value ? '1' : '0')
  }

  override rawI8(value: number): void {
    this.number(String(value))
  }

  override rawI16(value: number): void {
    this.number(String(value))
  }

  override rawI32(value: number): void {
    this.number(String(value))
  }

  override rawI64(value: bigint): void {
    this.number(String(value))
  }

  override rawSafeI64(value: number): void {
    this.number(String(value))
  }

  override rawDouble(value: number): void {
    if (!Number.isFinite(value)) return this.value(`"${value}"`)
    this.number(Object.is(value, -0) ? '-0.0' : String(value))
  }

  override rawString(text: string): void {
    this.value(JSON.stringify(text.replace(/\p{Surrogate}/gu, '\ufffd')))
  }

  override rawBinary(value: Uint8Array): void {
    this.value(`"${toBase64(value)}"`)
  }

  override rawUuid(text: string): void {
    this.value(`"${text.toLowerCase()}"`)
  }

  override rawList(element: number, size: number): void {
    this.before()
    this.text(`["${tagOf.get(element)}",${size}`)
    this.places.push({ kind: 'items', left: size })
    this.closeIfDone()
  }

  override rawMap(key: number, value: number, size: number): void {
    this.before()
    this.text(`["${tagOf.get(key)}","${tagOf.get(value)}",${size},{`)
    this.places.push({ kind: 'pairs', left: size * 2, isEmpty: true })
    this.closeIfDone()
  }

  private number(digits: string): void {
    const place = this.places.at(-1)
    this.value(place?.kind === 'pairs' && place.left % 2 === 0 ? `"${digits}"` : digits)
  }

  private value(text: string): void {
    this.before()
    this.text(text)
    this.after()
  }

  private before(): void {
    const place = this.places.at(-1)
    if (place?.kind === 'items') this.text(',')
    else if (place?.kind === 'pairs') {
      if (place.left % 2 === 1) this.text(':')
      else if (!place.isEmpty) this.text(',')
      place.isEmpty = false
    }
  }

  private after(): void {
    const place = this.places.at(-1)
    if (place === undefined) return
    if (place.kind === 'struct') return this.text('}')
    place.left--
    this.closeIfDone()
  }

  private closeIfDone(): void {
    const place = this.places.at(-1)
    if (place === undefined || place.kind === 'struct' || place.left > 0) return
    this.places.pop()
    this.text(place.kind === 'items' ? ']' : '}]')
    this.after()
  }
}
