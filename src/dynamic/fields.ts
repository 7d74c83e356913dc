/**
 * The fields of a struct, a union or an exception at run time: their names, labels, and how their values travel.
 *
 * Invariant: names, defaults and what is always there are those of generated code (codegen/names.ts, idl/plain.ts).
 */
import { wireType } from '../codegen/types.ts'
import { isAlwaysThere, plainOf } from '../idl/plain.ts'
import type { Field, Struct } from '../idl/program.ts'
import type { Fields, Reader, Writer } from '../wire/shape.ts'
import { typeCodec, type TypeCodec } from '../wire/types.ts'
import type { Definitions } from './definitions.ts'
import { valueOf } from './values.ts'

/** A struct's value, or an exception's fields. */
export type Values = Readonly<Record<string, unknown>>

export interface RuntimeField {
  /** In TypeScript. */
  readonly name: string
  readonly id: number
  /** `id << 8 | wire type`. */
  readonly label: number
  /** `Struct.field`, for errors. */
  readonly place: string
  readonly isRequired: boolean
  readonly isAlwaysThere: boolean
  readonly codec: TypeCodec
  /** Makes the IDL's default; undefined if there is none. */
  readonly absent: (() => unknown) | undefined
}

/** By their names in the IDL. */
export function labelsOf({ fields }: Struct): Fields {
  return Object.fromEntries(fields.map((field) => [field.name, labelOf(field)]))
}

/** A type may hold itself, so its fields are put together when the first value comes by. */
export function fieldsOf(
  { name: owner, fields }: Struct,
  nameOf: (field: Field) => string,
  definitions: Definitions,
): () => readonly RuntimeField[] {
  const put = (): readonly RuntimeField[] =>
    fields.map((field) => ({
      name: nameOf(field),
      id: field.id,
      label: labelOf(field),
      place: `${owner}.${field.name}`,
      isRequired: field.requiredness === 'required',
      isAlwaysThere: isAlwaysThere(field),
      codec: typeCodec(definitions.type(field.type, field.annotations)),
      absent: defaultOf(field, definitions),
    }))
  let made: readonly RuntimeField[] | undefined
  return () => (made ??= put())
}

function defaultOf(field: Field, definitions: Definitions): (() => unknown) | undefined {
  const { default: value } = field
  return value && (() => valueOf(value, plainOf(field), definitions))
}

/** The defaults of the IDL, made anew. */
export function defaultsOf(fields: readonly RuntimeField[]): Values {
  return Object.fromEntries(fields.flatMap(({ name, absent }) => (absent === undefined ? [] : [[name, absent()]])))
}

/** What the IDL gives where the value gives nothing is written as if it had been given. */
export function writeFields(w: Writer, fields: readonly RuntimeField[], values: Values): void {
  for (const { name, id, place, isAlwaysThere, codec, absent } of fields) {
    const given = values[name]
    const value = given === undefined ? absent?.() : given
    if (value !== undefined || isAlwaysThere) codec.writeField(w, id, value, place)
  }
}

/** All fields by name, absent ones as their default, zero or undefined; and the names of required ones that are not there. */
export function readFields(
  r: Reader,
  fields: readonly RuntimeField[],
): { readonly values: Record<string, unknown>; readonly missing: RuntimeField | undefined } {
  const found = new Map<number, unknown>()
  const known = new Map(fields.map((field) => [field.label, field]))
  for (let label = r.next(); label !== 0; label = r.next()) {
    const field = known.get(label)
    if (field === undefined) r.skip()
    else found.set(label, field.codec.read(r))
  }
  const values = Object.fromEntries(
    fields.map((field) => [field.name, found.has(field.label) ? found.get(field.label) : absentValue(field)]),
  )
  return { values, missing: fields.find(({ isRequired, label }) => isRequired && !found.has(label)) }
}

function absentValue({ absent, isAlwaysThere, codec }: RuntimeField): unknown {
  return absent === undefined ? (isAlwaysThere ? codec.zero() : undefined) : absent()
}

function labelOf(field: Field): number {
  return (field.id << 8) | wireType(plainOf(field))
}
