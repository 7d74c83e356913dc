/**
 * Goal: JSON that people write becomes values, values become JSON that they can read, and a mistake is told with its
 * place. Method: round trips of random structs; examples of each form; mistakes.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { structOf, structs } from '../../test/support/typed-values.ts'
import { decodeWith, encodeWith } from './struct.ts'
import * as types from './types.ts'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')
const bytesOf = (json: string): Uint8Array => new Uint8Array(Buffer.from(json))
const Kind = { SMALL: 1, LARGE: 2 }
const item = structOf('Item', { name: [1, types.string], price: [2, types.i64] })
const order = structOf('Order', {
  items: [1, { list: item }],
  kind: [2, Kind],
  tags: [3, { set: types.string }],
  counts: [4, { map: [types.i32, types.i8] }],
  pairs: [5, { map: [item, types.bool] }],
  bytes: [6, types.binary],
  rate: [7, types.double],
  isPaid: [8, types.bool],
  byKind: [9, { map: [Kind, types.uuid] }],
})
const read = (json: string): unknown => decodeWith('plain-json', bytesOf(json), (r) => order.read(r))
const written = (value: object): string => text(encodeWith('plain-json', (w) => order.write(w, value as never)))

test('structs of any type come back', () => {
  fc.assert(
    fc.property(structs, ({ type, value }) => {
      const bytes = encodeWith('plain-json', (w) => type.write(w, value))
      JSON.parse(text(bytes))
      expect(decodeWith('plain-json', bytes, (r) => type.read(r))).toEqual(value)
    }),
  )
})

test('every form', () => {
  const id = '00112233-4455-6677-8899-aabbccddeeff'
  const value = {
    items: [{ name: 'x', price: 5n }, { price: 2n ** 60n }],
    kind: 2,
    tags: new Set(['a']),
    counts: new Map([[-1, 2]]),
    pairs: new Map([[{ name: 'k' }, true]]),
    bytes: Uint8Array.of(0, 255),
    rate: NaN,
    isPaid: false,
    byKind: new Map([[1, id]]),
  }
  const json =
    '{"items":[{"name":"x","price":5},{"price":"1152921504606846976"}],"kind":"LARGE","tags":["a"],' +
    '"counts":{"-1":2},"pairs":[[{"name":"k"},true]],"bytes":"AP8=","rate":"NaN","isPaid":false,' +
    `"byKind":{"SMALL":"${id}"}}`
  expect(written(value)).toBe(json)
  expect(read(json)).toEqual(value)
})

test('what people write otherwise: space, null, digits beyond 2^53, numbers in quotes, an enum by number', () => {
  expect(
    read(' { "kind" : 7 , "tags": null, "items" : [ { "price" : 1152921504606846976 } , { "price" : "-3" } ] } '),
  ).toEqual({
    kind: 7,
    items: [{ price: 2n ** 60n }, { price: -3n }],
  })
})

describe('a mistake is told with its place', () => {
  test.each([
    ['{"itmes":[]}', 'no field "itmes": Order has items, kind, '],
    ['{"itmes":[]}', 'Did you mean "items"?'],
    ['{"items":[{"price":1},{"price":"x"}]}', 'items[1].price: must be a whole number from -9223372036854775808'],
    ['{"items":[{"price":1.5}]}', 'items[0].price: must be a whole number'],
    ['{"items":{}}', 'items: must be an array'],
    ['{"items":[7]}', 'items[0]: must be an object (Item)'],
    ['{"items":[{"nam":"x"}]}', 'items[0]: no field "nam"'],
    ['{"kind":"LARG"}', 'kind: must be one of SMALL, LARGE, not "LARG". Did you mean "LARGE"?'],
    ['{"counts":{"x":1}}', 'counts[key]: must be a whole number'],
    ['{"counts":{"1":300}}', 'counts["1"]: must be a whole number from -128 to 127, not "300"'],
    ['{"pairs":{}}', 'pairs: must be an array of pairs'],
    ['{"bytes":"*"}', 'bytes: must be base64'],
    ['{"isPaid":1}', 'isPaid: must be true or false, not "1"'],
    ['{"rate":"fast"}', 'rate: must be a number, not "fast"'],
    ['{"rate":1e400}', 'rate: "1e400" is too large for a double'],
    ['{"tags":[5]}', 'tags[0]: must be a string in quotes'],
    ['{"tags":["a"', 'the bytes end'],
    ['[]', 'must be an object (Order)'],
    [`{"tags":${'['.repeat(100_000)}`, 'nested deeper'],
  ])('%s', (json, message) => {
    expect(() => read(json)).toThrow(message)
  })
})
