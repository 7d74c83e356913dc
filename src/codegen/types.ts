/**
 * Thrift types as TypeScript types, as wire types, and as rows of a method's table.
 */
import { plain, plainOf, type Plain } from '../idl/plain.ts'
import type { Annotations, BaseName, Field, Type } from '../idl/program.ts'
import type { FileContext } from './file.ts'

const wireTypes: Readonly<Record<Plain['kind'] | BaseName | 'safeI64', number>> = {
  base: 0,
  bool: 2,
  i8: 3,
  double: 4,
  i16: 6,
  i32: 8,
  enum: 8,
  i64: 10,
  safeI64: 10,
  string: 11,
  binary: 11,
  struct: 12,
  union: 12,
  exception: 12,
  map: 13,
  set: 14,
  list: 15,
  uuid: 16,
}

export function wireType(type: Plain): number {
  return wireTypes[type.kind === 'base' ? type.name : type.kind]
}

/** `id << 8 | wire type`, as the reader hands it out and `case` labels show it. */
export function label(field: Field): string {
  const value = (field.id << 8) | wireType(plainOf(field))
  if (value < 0) return String(value)
  const digits = value.toString(16).padStart(6, '0')
  return `0x${digits.slice(0, -2).padStart(4, '0')}_${digits.slice(-2)}`
}

/** The type as a reader of the file would write it: a typedef by its name. */
export function typeText(type: Type, file: FileContext, around?: Annotations): string {
  if (
    type.kind === 'named' &&
    type.definition.kind === 'typedef' &&
    around?.has('js.type') !== true &&
    isAlias(type.definition.type)
  ) {
    return file.name(type.definition)
  }
  const seen = plain(type, around)
  switch (seen.kind) {
    case 'base':
      return baseText(seen.name, file)
    case 'list': {
      const element = typeText(seen.element, file)
      return `readonly ${/^readonly | \| /.test(element) ? `(${element})` : element}[]`
    }
    case 'set':
      return `${file.global('ReadonlySet')}<${typeText(seen.element, file)}>`
    case 'map':
      return `${file.global('ReadonlyMap')}<${typeText(seen.key, file)}, ${typeText(seen.value, file)}>`
    default:
      return file.name(seen.definition)
  }
}

/** A typedef of a struct or enum is exported as a second name; others are types of their own name. */
export function isAlias(type: Type): boolean {
  const { kind } = plain(type)
  return kind === 'base' || kind === 'list' || kind === 'set' || kind === 'map'
}

/** The same type, for a variable that is being filled. */
export function mutableText(type: Plain, type_: Type, file: FileContext): string {
  if (type.kind === 'list') {
    const element = typeText(type.element, file)
    return `${/^readonly | \| /.test(element) ? `(${element})` : element}[]`
  }
  if (type.kind === 'set') return `${file.global('Set')}<${typeText(type.element, file)}>`
  if (type.kind === 'map') return `${file.global('Map')}<${typeText(type.key, file)}, ${typeText(type.value, file)}>`
  if (type.kind === 'base') return baseText(type.name, file)
  return typeText(type_, file)
}

function baseText(name: BaseName | 'safeI64', file: FileContext): string {
  switch (name) {
    case 'bool':
      return 'boolean'
    case 'i64':
      return 'bigint'
    case 'string':
      return 'string'
    case 'binary':
      return file.global('Uint8Array')
    case 'uuid':
      return file.use('Uuid')
    default:
      return 'number'
  }
}

/** A row's type: `i64`, `Work`, `{ list: string }`. */
export function tableText(type: Type, file: FileContext, around?: Annotations): string {
  const seen = plain(type, around)
  switch (seen.kind) {
    case 'base':
      return file.use(seen.name)
    case 'list':
    case 'set':
      return `{ ${seen.kind}: ${tableText(seen.element, file)} }`
    case 'map':
      return `{ map: [${tableText(seen.key, file)}, ${tableText(seen.value, file)}] }`
    default:
      return file.name(seen.definition)
  }
}
