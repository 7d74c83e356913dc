/**
 * Defaults of the IDL as the values they stand for.
 *
 * Invariant: what codegen/values.ts writes as an expression is made here.
 */
import { structFieldName, unionKind } from '../codegen/names.ts'
import { hasZero, plain, plainOf, type Plain } from '../idl/plain.ts'
import type { Value } from '../idl/program.ts'
import { utf8Write } from '../std/host.ts'
import { typeCodec } from '../wire/types.ts'
import type { Definitions } from './definitions.ts'

/** `value` as a value of type `type`. */
export function valueOf(value: Value, type: Plain, definitions: Definitions): unknown {
  switch (value.kind) {
    case 'integer':
      return integer(value.value, type)
    case 'member':
      return type.kind === 'enum' ? value.member.value : integer(BigInt(value.member.value), type)
    case 'binary':
      return bytesOf(value.value)
    case 'list':
      return items(value.items, type, definitions)
    case 'set':
      return new Set(items(value.items, type, definitions))
    case 'map': {
      const [key, item] = type.kind === 'map' ? [plain(type.key), plain(type.value)] : [type, type]
      return new Map(value.entries.map(([k, v]) => [valueOf(k, key, definitions), valueOf(v, item, definitions)]))
    }
    case 'struct':
      return structValue(value, definitions)
    default:
      return value.value
  }
}

function integer(value: bigint, type: Plain): bigint | number {
  return type.kind === 'base' && type.name === 'i64' ? value : Number(value)
}

function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 3)
  return bytes.slice(0, utf8Write(bytes, text, 0))
}

function items(values: readonly Value[], type: Plain, definitions: Definitions): unknown[] {
  const element = type.kind === 'list' || type.kind === 'set' ? plain(type.element) : type
  return values.map((item) => valueOf(item, element, definitions))
}

function structValue({ struct, fields }: Extract<Value, { kind: 'struct' }>, definitions: Definitions): unknown {
  if (struct.kind === 'union') {
    // Apache accepts a constant with two members; the last one stands.
    const chosen = struct.fields.findLast(({ name }) => fields.has(name))
    if (chosen === undefined) return { kind: 'unknown', id: 0 }
    return { kind: unionKind(chosen), value: valueOf(fields.get(chosen.name) as Value, plainOf(chosen), definitions) }
  }
  const values = Object.fromEntries(
    struct.fields.map((field) => {
      const given = fields.get(field.name) ?? field.default
      const type = plainOf(field)
      if (given !== undefined) return [structFieldName(field), valueOf(given, type, definitions)]
      const isAbsent = field.requiredness === 'optional' || !hasZero(type)
      const zero = (): unknown => typeCodec(definitions.type(field.type, field.annotations)).zero()
      return [structFieldName(field), isAbsent ? undefined : zero()]
    }),
  )
  return struct.kind === 'exception' ? new (definitions.exception(struct))(values as never) : values
}
