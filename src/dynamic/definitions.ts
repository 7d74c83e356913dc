/**
 * The definitions of a checked program as what generated code would be: enums, structs and unions with their `write` and
 * `read`, exception classes, services.
 *
 * Invariant: one definition is made once, so that `instanceof` holds wherever it is used; its values are those of
 * generated code.
 */
import { methodName, structFieldName, unionKind } from '../codegen/names.ts'
import { plain, plainOf } from '../idl/plain.ts'
import type {
  Annotations,
  Enum,
  Field,
  Function,
  Service as ServiceIdl,
  Struct,
  Type as TypeIdl,
} from '../idl/program.ts'
import type { Method, Service } from '../rpc/service.ts'
import { missing } from '../wire/check.ts'
import type { EnumNames, ExceptionClass, Struct as StructValue, Type, UnknownField } from '../wire/shape.ts'
import { struct } from '../wire/struct.ts'
import { exceptionClass } from './exception.ts'
import { defaultsOf, fieldsOf, labelsOf, readFields, type Values, writeFields } from './fields.ts'
import { idlOf } from './idl.ts'
import { valueOf } from './values.ts'

/** A union's value. */
type Arm = { readonly kind: string; readonly value: unknown } | UnknownField

export class Definitions {
  private readonly enums = new Map<Enum, EnumNames>()
  private readonly structs = new Map<Struct, StructValue<unknown> | ExceptionClass>()
  private readonly services = new Map<ServiceIdl, Service<unknown>>()

  /** How values of a type travel. `around`: annotations of the field in which it stands. */
  type(type: TypeIdl, around?: Annotations): Type {
    const seen = plain(type, around)
    switch (seen.kind) {
      case 'base':
        return { scalar: seen.name }
      case 'list':
        return { list: this.type(seen.element) }
      case 'set':
        return { set: this.type(seen.element) }
      case 'map':
        return { map: [this.type(seen.key), this.type(seen.value)] }
      case 'enum':
        return this.enum(seen.definition)
      case 'exception':
        return this.exception(seen.definition)
      default:
        return this.struct(seen.definition)
    }
  }

  enum(definition: Enum): EnumNames {
    const known = this.enums.get(definition)
    if (known !== undefined) return known
    const made = Object.fromEntries(definition.members.map(({ name, value }) => [name, value]))
    this.enums.set(definition, made)
    return made
  }

  /** Of a struct or a union. */
  struct(definition: Struct): StructValue<unknown> {
    const known = this.structs.get(definition)
    if (known !== undefined) return known as StructValue<unknown>
    const made = definition.kind === 'union' ? unionOf(definition, this) : structOf(definition, this)
    this.structs.set(definition, made)
    return made
  }

  exception(definition: Struct): ExceptionClass {
    const known = this.structs.get(definition)
    if (known !== undefined) return known as ExceptionClass
    const made = exceptionClass(definition, this)
    this.structs.set(definition, made)
    return made
  }

  service(definition: ServiceIdl): Service<unknown> {
    const known = this.services.get(definition)
    if (known !== undefined) return known
    const { name, base, functions } = definition
    const made: Service<unknown> = {
      name,
      idl: () => idlOf(definition.program),
      ...(base === undefined ? {} : { base: this.service(base) }),
      methods: Object.fromEntries(functions.map((fn) => [methodName(fn), this.method(fn)])),
    }
    this.services.set(definition, made)
    return made
  }

  private method(fn: Function): Method {
    const { name, delivery, isOneway, key, returns } = fn
    return {
      delivery,
      ...(isOneway ? { oneway: true } : {}),
      ...(methodName(fn) === name ? {} : { wireName: name }),
      ...(key === undefined ? {} : { key }),
      arguments: Object.fromEntries(fn.arguments.map((field) => [field.name, this.argument(field)])),
      ...(returns === undefined || isOneway ? {} : { returns: this.type(returns) }),
      throws: Object.fromEntries(fn.throws.map(({ name: field, id, type }) => [field, [id, this.thrown(type)]])),
    }
  }

  private argument(field: Field): readonly [id: number, type: Type, absent?: unknown] {
    const type = this.type(field.type, field.annotations)
    if (field.default === undefined) return [field.id, type]
    return [field.id, type, valueOf(field.default, plainOf(field), this)]
  }

  private thrown(type: TypeIdl): ExceptionClass {
    return this.type(type) as ExceptionClass
  }
}

function structOf(definition: Struct, definitions: Definitions): StructValue<unknown> {
  const fields = fieldsOf(definition, structFieldName, definitions)
  const made: StructValue<Values, string> = struct<Values, string>({
    name: definition.name,
    fields: labelsOf(definition),
    defaults: () => defaultsOf(fields()),
    write(w, value) {
      const outer = w.begin(made)
      writeFields(w, fields(), value)
      w.end(outer)
    },
    read(r) {
      const outer = r.begin(made)
      const read = readFields(r, fields())
      r.end(outer)
      if (read.missing !== undefined) throw missing(made, read.missing.name)
      return read.values
    },
  })
  return made
}

function unionOf(definition: Struct, definitions: Definitions): StructValue<unknown> {
  const fields = fieldsOf(definition, unionKind, definitions)
  const made: StructValue<Arm> = struct<Arm>({
    name: definition.name,
    fields: labelsOf(definition),
    write(w, arm) {
      const outer = w.begin(made)
      const field = fields().find(({ name }) => name === arm.kind)
      if (field === undefined || !('value' in arm)) w.unknown(made, arm as UnknownField)
      else field.codec.writeField(w, field.id, arm.value, field.place)
      w.end(outer)
    },
    read(r) {
      const outer = r.begin(made)
      let arm: Arm | undefined
      for (let label = r.next(); label !== 0; label = r.next()) {
        const field = fields().find((candidate) => candidate.label === label)
        arm = field === undefined ? r.unknown(label) : { kind: field.name, value: field.codec.read(r) }
      }
      r.end(outer)
      return arm ?? r.unknown(0)
    },
  })
  return made
}
