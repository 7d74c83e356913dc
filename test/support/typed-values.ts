/**
 * Types and values that fit them, for properties of codecs.
 */
import fc from 'fast-check'
import type { Scalar, Struct, Type } from '../../src/wire/shape.ts'
import { struct } from '../../src/wire/struct.ts'
import { typeCodec } from '../../src/wire/types.ts'

export type Values = Readonly<Record<string, unknown>>
/** A struct from a table of its fields, all of them optional. */
export function structOf(
  name: string,
  table: Readonly<Record<string, readonly [id: number, type: Type]>>,
): Struct<Values> {
  const fields = Object.entries(table).map(([field, [id, type]]) => ({ field, id, codec: typeCodec(type) }))
  const definition: Struct<Values> = struct<Values>({
    name,
    fields: Object.fromEntries(fields.map(({ field, id, codec }) => [field, (id << 8) | codec.ttype])),
    write(w, value) {
      const outer = w.begin(definition)
      for (const { field, id, codec } of fields) if (value[field] !== undefined) codec.writeField(w, id, value[field])
      w.end(outer)
    },
    read(r) {
      const value: Record<string, unknown> = {}
      const outer = r.begin(definition)
      for (let label = r.next(); label !== 0; label = r.next()) {
        const known = fields.find(({ id, codec }) => ((id << 8) | codec.ttype) === label)
        if (known === undefined) r.skip()
        else value[known.field] = known.codec.read(r)
      }
      r.end(outer)
      return value
    },
  })
  return definition
}

/** A type, and what values of it may be. */
interface Plan {
  readonly type: Type
  readonly values: fc.Arbitrary<unknown>
}

export const scalarValues: Readonly<Record<Scalar['scalar'], fc.Arbitrary<unknown>>> = {
  bool: fc.boolean(),
  i8: fc.integer({ min: -0x80, max: 0x7f }),
  i16: fc.integer({ min: -0x8000, max: 0x7fff }),
  i32: fc.integer(),
  i64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  safeI64: fc.maxSafeInteger(),
  double: fc.double(),
  string: fc.string({ unit: 'binary', maxLength: 40 }),
  binary: fc.uint8Array({ maxLength: 40 }),
  uuid: fc.uuid(),
}

const plan = fc.letrec<{ any: Plan; scalar: Plan; list: Plan; set: Plan; map: Plan; struct: Plan }>((tie) => ({
  any: fc.oneof({ maxDepth: 3 }, tie('scalar'), tie('list'), tie('set'), tie('map'), tie('struct')),
  scalar: fc.constantFrom<Plan>(
    ...Object.entries(scalarValues).map(([name, values]) => ({ type: { scalar: name as Scalar['scalar'] }, values })),
    // An enum whose members have the names by which the other types are known.
    { type: { list: 0, set: 1, map: 2, scalar: 3, fields: 4 }, values: fc.integer() },
  ),
  list: tie('any').map(({ type, values }) => ({ type: { list: type }, values: fc.array(values, { maxLength: 4 }) })),
  set: tie('any').map(({ type, values }) => ({
    type: { set: type },
    values: fc.array(values, { maxLength: 4 }).map((items) => new Set(items)),
  })),
  map: fc.tuple(tie('any'), tie('any')).map(([key, item]) => ({
    type: { map: [key.type, item.type] },
    values: fc.array(fc.tuple(key.values, item.values), { maxLength: 4 }).map((entries) => new Map(entries)),
  })),
  struct: tableOf(tie('any')),
}))

function tableOf(any: fc.Arbitrary<Plan>): fc.Arbitrary<Plan> {
  const fields = fc.uniqueArray(fc.tuple(fc.integer({ min: -0x8000, max: 0x7ffe }), any), {
    maxLength: 5,
    selector: ([id]) => id,
  })
  return fields.map((rows) => ({
    type: structOf('Some', Object.fromEntries(rows.map(([id, { type }]) => [`f${id}`, [id, type]]))),
    values: fc.record(Object.fromEntries(rows.map(([id, { values }]) => [`f${id}`, values])), { requiredKeys: [] }),
  }))
}

/** A struct of any fields, and a value of it. */
export const structs: fc.Arbitrary<{ readonly type: Struct<Values>; readonly value: Values }> = plan.struct.chain(
  ({ type, values }) => values.map((value) => ({ type: type as Struct<Values>, value: value as Values })),
)
