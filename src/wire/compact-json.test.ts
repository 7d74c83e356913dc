/**
 * Goal: the bytes of Thrift's compact and JSON protocols, and what other libraries write a little differently is read
 * too. Method: vectors worked out by hand from the specifications; the traps that the libraries are known for.
 */
import { describe, expect, test } from 'vitest'
import { structOf } from '../../test/support/typed-values.ts'
import { fromHex, toHex } from '../std/bytes.ts'
import type { Codec, Type } from './shape.ts'
import * as types from './types.ts'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')
const bytesOf = (json: string): Uint8Array => new Uint8Array(Buffer.from(json))
const hex = (digits: string): Uint8Array => fromHex(digits.replaceAll(' ', ''))
const it = (type: Type): ReturnType<typeof structOf> => structOf('Some', { it: [1, type] })
const inner = structOf('Inner', { a: [1, types.i8], b: [20, types.i8] })

const vectors: readonly (readonly [name: string, type: Type, value: unknown, compact: string, json: string])[] = [
  ['true', types.bool, true, '11 00', '{"1":{"tf":1}}'],
  ['false', types.bool, false, '12 00', '{"1":{"tf":0}}'],
  ['i8', types.i8, -2, '13 fe 00', '{"1":{"i8":-2}}'],
  ['i16', types.i16, -1, '14 01 00', '{"1":{"i16":-1}}'],
  ['i32', types.i32, 150, '15 ac02 00', '{"1":{"i32":150}}'],
  ['the least i32', types.i32, -(2 ** 31), '15 ffffffff0f 00', '{"1":{"i32":-2147483648}}'],
  ['i64', types.i64, 2n ** 62n, '16 80808080808080808001 00', '{"1":{"i64":4611686018427387904}}'],
  ['the least i64', types.i64, -(2n ** 63n), '16 ffffffffffffffffff01 00', '{"1":{"i64":-9223372036854775808}}'],
  ['a safe i64', types.safeI64, 2 ** 53 - 1, '16 feffffffffffff1f 00', '{"1":{"i64":9007199254740991}}'],
  ['a safe i64 below 0', types.safeI64, -2, '16 03 00', '{"1":{"i64":-2}}'],
  ['double, little-endian', types.double, 1.5, '17 000000000000f83f 00', '{"1":{"dbl":1.5}}'],
  ['-0', types.double, -0, '17 0000000000000080 00', '{"1":{"dbl":-0.0}}'],
  ['NaN', types.double, NaN, '17 000000000000f87f 00', '{"1":{"dbl":"NaN"}}'],
  ['-Infinity', types.double, -Infinity, '17 000000000000f0ff 00', '{"1":{"dbl":"-Infinity"}}'],
  ['string', types.string, 'a"ä', '18 04 6122c3a4 00', '{"1":{"str":"a\\"ä"}}'],
  ['binary', types.binary, Uint8Array.of(0, 255), '18 02 00ff 00', '{"1":{"str":"AP8="}}'],
  ['list', { list: types.i8 }, [1, 2], '19 23 0102 00', '{"1":{"lst":["i8",2,1,2]}}'],
  ['empty list', { list: types.i8 }, [], '19 03 00', '{"1":{"lst":["i8",0]}}'],
  ['bools', { list: types.bool }, [true, false], '19 21 0102 00', '{"1":{"lst":["tf",2,1,0]}}'],
  ['set', { set: types.string }, new Set(['x']), '1a 18 0178 00', '{"1":{"set":["str",1,"x"]}}'],
  ['empty map', { map: [types.i8, types.i8] }, new Map(), '1b 00 00', '{"1":{"map":["i8","i8",0,{}]}}'],
  [
    'map',
    { map: [types.i32, { list: types.string }] },
    new Map([[-1, ['x']]]),
    '1b 01 59 01 18 0178 00',
    '{"1":{"map":["i32","lst",1,{"-1":["str",1,"x"]}]}}',
  ],
  ['struct', inner, { a: 1, b: 2 }, '1c 1301 03 28 02 00 00', '{"1":{"rec":{"1":{"i8":1},"20":{"i8":2}}}}'],
  ['list of structs', { list: inner }, [{}, {}], '19 2c 00 00 00', '{"1":{"lst":["rec",2,{},{}]}}'],
  [
    'uuid',
    types.uuid,
    '00112233-4455-6677-8899-aabbccddeeff',
    '1d 00112233445566778899aabbccddeeff 00',
    '{"1":{"uid":"00112233-4455-6677-8899-aabbccddeeff"}}',
  ],
]

test.each(vectors)('%s', (_, type, value, compact, json) => {
  const some = it(type)
  expect(toHex(some.encode({ it: value }, 'compact'))).toBe(compact.replaceAll(' ', ''))
  expect(some.decode(hex(compact), 'compact')).toEqual({ it: value })
  expect(text(some.encode({ it: value }, 'json'))).toBe(json)
  expect(some.decode(bytesOf(json), 'json')).toEqual({ it: value })
})

describe('compact', () => {
  test('a list of 15 has its size in a number of its own', () => {
    const fifteen = { it: Array.from({ length: 15 }, (_, i) => i) }
    const bytes = it({ list: types.i8 }).encode(fifteen, 'compact')
    expect(toHex(bytes)).toBe('19f30f000102030405060708090a0b0c0d0e00')
    expect(it({ list: types.i8 }).decode(bytes, 'compact')).toEqual(fifteen)
  })

  test('the step of field ids begins anew in a struct, and goes on behind it', () => {
    const outer = structOf('Outer', { first: [3, types.i8], inner: [5, inner], last: [6, types.i8] })
    const value = { first: 1, inner: { a: 2, b: 3 }, last: 4 }
    expect(toHex(outer.encode(value, 'compact'))).toBe('33012c1302032803001304' + '00')
    expect(outer.decode(hex('33012c1302032803001304 00'), 'compact')).toEqual(value)
  })

  test('a text whose length in bytes needs more room than its length in letters', () => {
    const value = { it: 'ä'.repeat(100) }
    expect(it(types.string).decode(it(types.string).encode(value, 'compact'), 'compact')).toEqual(value)
  })

  test('bools in lists: element type 2, and false as 0', () => {
    expect(it({ list: types.bool }).decode(hex('19 32 010200 00'), 'compact')).toEqual({ it: [true, false, false] })
    expect(() => it({ list: types.bool }).decode(hex('19 11 03 00'), 'compact')).toThrow('a bool of 3')
  })

  test.each([
    ['an i16 that is none', types.i16, '14 ffff0f 00', 'an i16 of'],
    ['a number of six bytes', types.i32, '15 ffffffffff0f 00', 'more than 32 bits'],
    ['a number of eleven bytes', types.i64, '16 ffffffffffffffffffff01 00', 'more than 64 bits'],
    ['a text of 4 GiB', types.string, '18 ffffffff0f 00', 'a text or binary'],
    ['a list of more than there is', { list: types.double }, '19 f7 ff01 0000000000000000 00', '255 elements'],
    ['a type that is none', types.i8, '1e 00 00', 'compact type 14'],
    ['elements of another type', { list: types.i8 }, '19 15 02 00', 'type i32 where i8 was expected'],
  ] as const)('%s', (_, type, bytes, message) => {
    expect(() => it(type).decode(hex(bytes), 'compact')).toThrow(message)
  })
})

describe('JSON', () => {
  const read = (type: Type, json: string): unknown => it(type).decode(bytesOf(json), 'json')['it']

  test('space between tokens, numbers in quotes, fields that nobody knows', () => {
    expect(
      read(types.i32, ' { "7" : {"map":["str","rec",1,{"x":{"1":{"i32":[]}}}]} , "1" : { "i32" : "5" } } \n'),
    ).toBe(5)
  })

  test('binary without padding', () => {
    expect(read(types.binary, '{"1":{"str":"AP8"}}')).toEqual(Uint8Array.of(0, 255))
    expect(() => read(types.binary, '{"1":{"str":"AP8*"}}')).toThrow('no base64')
  })

  test('every escape, and half a surrogate pair as U+FFFD both ways', () => {
    expect(read(types.string, '{"1":{"str":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\ud83d\\ude00\\ud800"}}')).toBe(
      '"\\/\b\f\n\r\tä😀\ufffd',
    )
    expect(text(it(types.string).encode({ it: '\ud800 \\ud800' }, 'json'))).toBe('{"1":{"str":"\ufffd \\\\ud800"}}')
    expect(() => read(types.string, '{"1":{"str":"\\x41"}}')).toThrow('escape \\x')
  })

  test('structs as keys', () => {
    const value = { it: new Map([[{ a: 1 }, new Set([2n])]]) }
    const map = it({ map: [inner, { set: types.i64 }] })
    const json = '{"1":{"map":["rec","set",1,{{"1":{"i8":1}}:["i64",1,2]}]}}'
    expect(text(map.encode(value, 'json'))).toBe(json)
    expect(map.decode(bytesOf(json), 'json')).toEqual(value)
    expect(structOf('Nothing', {}).decode(bytesOf(json), 'json')).toEqual({})
  })

  test.each([
    ['a number out of range', types.i8, '{"1":{"i8":128}}', 'from -128 to 127'],
    ['a fraction', types.i32, '{"1":{"i32":1.5}}', '"1.5" where a whole number'],
    ['digits without end', types.i64, `{"1":{"i64":${'9'.repeat(1000)}}}`, 'more than 400 characters'],
    ['a type that is none', types.i32, '{"1":{"int":1}}', 'type "int"'],
    ['more elements than there are', { list: types.i8 }, '{"1":{"lst":["i8",1000,1]}}', '1000 elements'],
    ['fewer elements than there are', { list: types.i8 }, '{"1":{"lst":["i8",1,1,2]}}', 'where ] was expected'],
    ['nesting without end', types.i8, `{"2":{"lst":${'['.repeat(100_000)}`, 'nested deeper'],
    ['a double that is none', types.double, '{"1":{"dbl":"nan"}}', 'a double of "nan"'],
    ['no uuid', types.uuid, '{"1":{"uid":"00112233"}}', 'a uuid of another form'],
  ] as const)('%s', (_, type, json, message) => {
    expect(() => read(type, json)).toThrow(message)
  })
})

test('a value that does not fit is refused with its place, in every codec', () => {
  for (const codec of ['binary', 'compact', 'json'] satisfies Codec[]) {
    expect(() => it(types.i8).encode({ it: 128 }, codec)).toThrow('Some.it must be a whole number from -128 to 127')
    expect(() => it({ list: types.i8 }).encode({ it: [1, 'x'] }, codec)).toThrow('an element of Some.it must be')
    // And the next one is written as if nothing had been.
    expect(it(types.i8).decode(it(types.i8).encode({ it: 1 }, codec), codec)).toEqual({ it: 1 })
  }
})
