/**
 * Constants and defaults as TypeScript expressions.
 */
import { hasZero, plain, plainOf, type Plain } from '../idl/plain.ts'
import type { Definition, Type, Value } from '../idl/program.ts'
import { weightOf } from '../idl/values.ts'
import { type FileContext, propertyName, quoted } from './file.ts'
import { exceptionFieldName, structFieldName, unionKind } from './names.ts'

/** `value` where a constant or a default stands. */
export function literalText(value: Value, type: Plain, file: FileContext): string {
  const text = valueText(value, type, file)
  // The TypeScript compiler compares a literal with a type only so deep; ours has checked it.
  return weightOf(value).depth > 50 ? `${text} as never` : text
}

/** `value` as an expression of type `type`. */
function valueText(value: Value, type: Plain, file: FileContext): string {
  switch (value.kind) {
    case 'bool':
      return String(value.value)
    case 'integer':
      return integerText(value.value, type)
    case 'double':
      return Object.is(value.value, -0) ? '-0' : String(value.value)
    case 'string':
    case 'uuid':
      return quoted(value.value)
    case 'binary':
      return binaryText(value.value, file)
    case 'member': {
      if (type.kind !== 'enum') return integerText(BigInt(value.member.value), type)
      const { name } = value.member
      return `${file.name(value.enum)}${/^\w+$/.test(name) ? `.${name}` : `[${quoted(name)}]`}`
    }
    case 'list':
    case 'set':
      return itemsText(value, type, file)
    case 'map':
      return mapText(value, type, file)
    default:
      return structText(value, file)
  }
}

function integerText(value: bigint, type: Plain): string {
  return type.kind === 'base' && type.name === 'i64' ? `${value}n` : String(value)
}

function binaryText(text: string, file: FileContext): string {
  const array = file.global('Uint8Array')
  if (text === '') return `new ${array}()`
  const bytes = [...utf8(text)]
  return `${array}.of(${bytes.join(', ')})`
}

/** UTF-8, without the host: a constant is short. */
function* utf8(text: string): Generator<number> {
  for (const char of text) {
    const code = char.codePointAt(0) as number
    if (code < 0x80) yield code
    else if (code < 0x800) yield* [0xc0 | (code >> 6), 0x80 | (code & 63)]
    else if (code < 0x10000) yield* [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)]
    else yield* [0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)]
  }
}

function itemsText(value: Extract<Value, { kind: 'list' | 'set' }>, type: Plain, file: FileContext): string {
  const element = type.kind === 'list' || type.kind === 'set' ? plain(type.element) : type
  const items = `[${value.items.map((item) => valueText(item, element, file)).join(', ')}]`
  if (value.kind === 'list') return items
  return value.items.length === 0 ? `new ${file.global('Set')}()` : `new ${file.global('Set')}(${items})`
}

function mapText(value: Extract<Value, { kind: 'map' }>, type: Plain, file: FileContext): string {
  const [key, item] = type.kind === 'map' ? [plain(type.key), plain(type.value)] : [type, type]
  const map = `new ${file.global('Map')}`
  if (value.entries.length === 0) return `${map}()`
  const entries = value.entries.map(([k, v]) => `[${valueText(k, key, file)}, ${valueText(v, item, file)}]`)
  return `${map}([${entries.join(', ')}])`
}

function structText({ struct, fields }: Extract<Value, { kind: 'struct' }>, file: FileContext): string {
  if (struct.kind === 'union') {
    // Apache accepts a constant with two members; the last one stands.
    const chosen = struct.fields.findLast(({ name }) => fields.has(name))
    if (chosen === undefined) return `{ kind: 'unknown', id: 0 }`
    const text = valueText(fields.get(chosen.name) as Value, plainOf(chosen), file)
    return `{ kind: ${quoted(unionKind(chosen))}, value: ${text} }`
  }
  const nameOf = struct.kind === 'exception' ? exceptionFieldName : structFieldName
  const parts = struct.fields.map((field) => {
    const value = fields.get(field.name) ?? field.default
    const text =
      value === undefined
        ? absentText(field.type, { isOptional: field.requiredness === 'optional', file, plain: plainOf(field) })
        : valueText(value, plainOf(field), file)
    return `${propertyName(nameOf(field))}: ${text}`
  })
  const literal = parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`
  return struct.kind === 'exception' ? `new ${file.name(struct)}(${literal})` : literal
}

function absentText(
  type: Type,
  of: { readonly isOptional: boolean; readonly file: FileContext; readonly plain: Plain },
): string {
  return of.isOptional || !hasZero(of.plain) ? 'undefined' : zeroText(of.plain, of.file)
}

/** Zero, false or empty. */
export function zeroText(type: Plain, file: FileContext): string {
  switch (type.kind) {
    case 'base':
      return baseZero(type.name, file)
    case 'enum': {
      const zero = type.definition.members.find(({ value, name }) => value === 0 && /^\w+$/.test(name))
      return zero === undefined ? `0 as ${file.name(type.definition)}` : `${file.name(type.definition)}.${zero.name}`
    }
    case 'list':
      return '[]'
    case 'set':
      return `new ${file.global('Set')}()`
    case 'map':
      return `new ${file.global('Map')}()`
    default:
      return 'undefined'
  }
}

function baseZero(name: Extract<Plain, { kind: 'base' }>['name'], file: FileContext): string {
  switch (name) {
    case 'bool':
      return 'false'
    case 'i64':
      return '0n'
    case 'string':
      return `''`
    case 'binary':
      return `new ${file.global('Uint8Array')}()`
    case 'uuid':
      return `'00000000-0000-0000-0000-000000000000'`
    default:
      return '0'
  }
}

/** Definitions that must be there before the value can be made. */
export function* neededBy(value: Value): Generator<Definition> {
  switch (value.kind) {
    case 'member':
      yield value.enum
      break
    case 'list':
    case 'set':
      for (const item of value.items) yield* neededBy(item)
      break
    case 'map':
      for (const [key, item] of value.entries) {
        yield* neededBy(key)
        yield* neededBy(item)
      }
      break
    case 'struct':
      if (value.struct.kind === 'exception') yield value.struct
      for (const field of value.struct.fields) {
        const given = value.fields.get(field.name) ?? field.default
        if (given !== undefined) yield* neededBy(given)
        else if (plainOf(field).kind === 'enum') yield (plainOf(field) as Extract<Plain, { kind: 'enum' }>).definition
      }
      break
    default:
  }
}
