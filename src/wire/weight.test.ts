/**
 * Goal: what a message makes us allocate is bounded, however few bytes it has. Method: containers of the cheapest elements,
 * in every codec, at the limit and one byte below it; the estimates against what V8 really takes.
 */
import { describe, expect, test } from 'vitest'
import { structOf } from '../../test/support/typed-values.ts'
import type { Codec, Type } from './shape.ts'
import { decodeWith } from './struct.ts'
import { TType } from './ttype.ts'
import * as types from './types.ts'
import { listWeight, mapWeight, setWeight, structWeight } from './weight.ts'

const empty = structOf('Empty', {})
const count = 1000
const times = <T>(item: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => item(i))

const bombs: readonly (readonly [name: string, type: Type, value: unknown, weight: number])[] = [
  ['empty structs', { list: empty }, times(() => ({})), listWeight(TType.STRUCT, count) + count * structWeight(empty)],
  [
    'empty structs in a set',
    { set: empty },
    new Set(times(() => ({}))),
    setWeight(TType.STRUCT, count) + count * structWeight(empty),
  ],
  ['bools', { list: types.bool }, times(() => true), listWeight(TType.BOOL, count)],
  ['numbers', { list: types.i64 }, times(() => 0n), listWeight(TType.I64, count)],
  ['binaries', { list: types.binary }, times(() => new Uint8Array()), listWeight(TType.STRING, count)],
  [
    'lists',
    { list: { list: types.i8 } },
    times(() => []),
    listWeight(TType.LIST, count) + count * listWeight(TType.STOP, 0),
  ],
  [
    'maps',
    { list: { map: [types.i8, types.i8] } },
    times(() => new Map()),
    listWeight(TType.MAP, count) + count * mapWeight(0, 0, 0),
  ],
  [
    'pairs',
    { map: [types.i32, types.bool] },
    new Map(times((i) => [i, true])),
    mapWeight(TType.I32, TType.BOOL, count),
  ],
]

describe.each(['binary', 'compact', 'json'] satisfies Codec[])('%s', (codec) => {
  test.each(bombs)('a container of %s', (_, type, value, weight) => {
    const some = structOf('Some', { it: [1, type] })
    const bytes = some.encode({ it: value }, codec)
    const room = { left: weight + structWeight(some), name: 'limits.thatMax' }
    expect(decodeWith(codec, bytes, (r) => some.read(r), room)).toEqual({ it: value })
    expect(room.left).toBe(0)
    const less = { left: weight + structWeight(some) - 1, name: 'limits.thatMax' }
    expect(() => decodeWith(codec, bytes, (r) => some.read(r), less)).toThrow('more memory than limits.thatMax')
  })

  test('what is skipped takes none', () => {
    const bytes = structOf('Newer', { it: [1, { list: empty }] }).encode({ it: times(() => ({})) }, codec)
    expect(decodeWith(codec, bytes, (r) => empty.read(r), { left: 100, name: '' })).toEqual({})
  })
})

test('of a struct without its fields', () => {
  const least = structWeight(structOf('Least', { a: [1, types.i8] }))
  const zeros = structOf('Zeros', { a: [1, types.i8] })
  const wide = { ...zeros, read: () => ({ a: [], b: new Map(), c: new Set(), d: new Uint8Array(), e: 0 }) }
  expect(structWeight(wide) - least).toBeGreaterThan(500)
  const failing = { ...zeros, read: () => new Error('declared') }
  expect(structWeight(failing) - least).toBeGreaterThan(500)
  const required = {
    ...zeros,
    read: (): never => {
      throw new Error('required')
    },
  }
  expect(structWeight(required)).toBe(least)
})
