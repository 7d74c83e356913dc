/**
 * A service with all that Thrift has, and values for it.
 */
import fc from 'fast-check'
import type { CallOptions, Service } from '../../src/index.ts'
import { compileService } from '../../src/rpc/compile.ts'
import type { CompiledMethod } from '../../src/rpc/service.ts'
import * as types from '../../src/wire/types.ts'
import { structOf, type Values } from './typed-values.ts'

export const Kind = { SMALL: 1, LARGE: 2 } as const
const point = structOf('Point', { x: [1, types.i32], y: [20, types.i64] })

/** A field of each type, ids out of order and far apart. */
export const everything = structOf('Everything', {
  isTrue: [1, types.bool],
  byte: [3, types.i8],
  short: [2, types.i16],
  int: [4, types.i32],
  long: [40, types.i64],
  safe: [41, types.safeI64],
  real: [400, types.double],
  text: [5, types.string],
  bytes: [6, types.binary],
  id: [7, types.uuid],
  kind: [8, Kind],
  point: [9, point],
  bools: [10, { list: types.bool }],
  words: [11, { set: types.string }],
  counts: [12, { map: [types.i64, types.i8] }],
  byBytes: [13, { map: [types.string, { list: { map: [types.i32, types.string] } }] }],
  byPoint: [14, { map: [point, { set: types.double }] }],
  points: [15, { list: { list: point } }],
})

const text = fc.string({ unit: 'binary', maxLength: 20 })
const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const points = fc.record({ x: fc.integer(), y: long }, { requiredKeys: [] })
const mapOf = <K, V>(keys: fc.Arbitrary<K>, values: fc.Arbitrary<V>): fc.Arbitrary<Map<K, V>> =>
  fc.array(fc.tuple(keys, values), { maxLength: 3 }).map((entries) => new Map(entries))
const setOf = <T>(items: fc.Arbitrary<T>): fc.Arbitrary<Set<T>> =>
  fc.array(items, { maxLength: 3 }).map((all) => new Set(all))
const byte = fc.integer({ min: -0x80, max: 0x7f })

export const values: fc.Arbitrary<Values> = fc.record(
  {
    isTrue: fc.boolean(),
    byte,
    short: fc.integer({ min: -0x8000, max: 0x7fff }),
    int: fc.integer(),
    long,
    safe: fc.maxSafeInteger(),
    real: fc.double(),
    text,
    bytes: fc.uint8Array({ maxLength: 20 }),
    id: fc.uuid(),
    kind: fc.constantFrom(1, 2, 3),
    point: points,
    bools: fc.array(fc.boolean(), { maxLength: 20 }),
    words: setOf(text),
    counts: mapOf(long, byte),
    byBytes: mapOf(text, fc.array(mapOf(fc.integer(), text), { maxLength: 2 })),
    byPoint: mapOf(points, setOf(fc.double())),
    points: fc.array(fc.array(points, { maxLength: 2 }), { maxLength: 2 }),
  },
  { requiredKeys: [] },
)

export interface Echo {
  echo(it: Values, options?: CallOptions<'at-most-once'>): Promise<Values>
}
export const Echo: Service<Echo, 'Echo'> = {
  name: 'Echo',
  methods: { echo: { delivery: 'at-most-once', arguments: { it: [1, everything] }, returns: everything } },
}

/** A method made ready. */
export function methodOf(service: Service<unknown>, name: string): CompiledMethod {
  const method = compileService(service).get(name)
  if (method === undefined) throw new Error(`${service.name} has no ${name}`)
  return method
}
