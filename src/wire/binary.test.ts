/**
 * Goal: the bytes of the Thrift binary protocol, and nothing bad from bad bytes. Method: vectors worked out by hand from
 * the specification, round trips of random values, truncation at every byte, hostile sizes.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { OncewireError } from '../errors/oncewire-error.ts'
import { toHex } from '../std/bytes.ts'
import { BinaryReader } from './binary-reader.ts'
import { canonical } from './canonical.ts'
import type { Reader, Struct, Type, Writer } from './shape.ts'
import { struct } from './struct.ts'
import { typeCodec } from './types.ts'
import * as types from './types.ts'

/** A struct with one field 1 of any type. */
function one(type: Type): Struct<{ readonly value: unknown }> {
  const codec = typeCodec(type)
  const self: Struct<{ readonly value: unknown }> = struct<{ readonly value: unknown }>({
    name: 'One',
    fields: { value: (1 << 8) | codec.ttype },
    write(w: Writer, { value }) {
      const outer = w.begin(self)
      codec.writeField(w, 1, value)
      w.end(outer)
    },
    read(r: Reader) {
      const outer = r.begin(self)
      let value: unknown
      for (let field = r.next(); field !== 0; field = r.next()) {
        if (field === ((1 << 8) | codec.ttype)) value = codec.read(r)
        else r.skip()
      }
      r.end(outer)
      return { value }
    },
  })
  return self
}

const failureOf = (act: () => unknown): OncewireError => {
  try {
    act()
  } catch (error) {
    expect(error).toBeInstanceOf(OncewireError)
    return error as OncewireError
  }
  return expect.fail('nothing was thrown')
}

describe('bytes', () => {
  const vectors: readonly (readonly [string, Type, unknown, string])[] = [
    ['bool', types.bool, true, '02000101' + '00'],
    ['i8', types.i8, -2, '030001fe' + '00'],
    ['i16', types.i16, -2, '060001fffe' + '00'],
    ['i32', types.i32, 0x01020304, '08000101020304' + '00'],
    ['i64', types.i64, -1n, '0a0001' + 'ff'.repeat(8) + '00'],
    ['i64 as a number', types.safeI64, -2, '0a0001fffffffffffffffe' + '00'],
    ['i64 as a large number', types.safeI64, 2 ** 40 + 1, '0a00010000010000000001' + '00'],
    ['double', types.double, 1.5, '0400013ff8000000000000' + '00'],
    ['double -0', types.double, -0, '0400018000000000000000' + '00'],
    ['string', types.string, 'hé', '0b00010000000368c3a9' + '00'],
    ['binary', types.binary, Uint8Array.of(0, 255), '0b00010000000200ff' + '00'],
    ['uuid', types.uuid, '00112233-4455-6677-8899-aabbccddeeff', '10000100112233445566778899aabbccddeeff' + '00'],
    ['enum', { A: 1 }, 7, '08000100000007' + '00'],
    ['list', { list: types.i32 }, [1, 2], '0f0001080000000200000001' + '00000002' + '00'],
    ['set', { set: types.string }, new Set(['a']), '0e00010b000000010000000161' + '00'],
    ['map', { map: [types.i8, types.bool] }, new Map([[1, true]]), '0d000103020000000101' + '01' + '00'],
    ['empty map', { map: [types.i8, types.bool] }, new Map(), '0d0001030200000000' + '00'],
  ]
  for (const [name, type, value, bytes] of vectors) {
    test(name, () => {
      const shape = one(type)
      expect(toHex(shape.encode({ value }))).toBe(bytes)
      expect(shape.decode(shape.encode({ value }))).toEqual({ value })
    })
  }

  test('a lone surrogate leaves as U+FFFD, never as ED A0 80', () => {
    expect(toHex(one(types.string).encode({ value: 'a\ud800' }))).toBe('0b000100000004' + '61efbfbd' + '00')
    expect(one(types.string).decode(one(types.string).encode({ value: `${'x'.repeat(40)}\udfff` }))).toEqual({
      value: `${'x'.repeat(40)}\ufffd`,
    })
  })
})

describe('values that do not fit are refused, with their place', () => {
  const wrong: readonly (readonly [Type, unknown])[] = [
    [types.bool, 1],
    [types.i8, 128],
    [types.i16, -32769],
    [types.i32, 2 ** 31],
    [types.i32, 1.5],
    [types.i32, '1'],
    [types.i64, 5],
    [types.i64, 2n ** 63n],
    [types.safeI64, 2 ** 53],
    [types.double, '1'],
    [types.string, 5],
    [types.binary, 'x'],
    [types.uuid, 'nope'],
    [{ A: 1 }, 2 ** 31],
    [{ list: types.i8 }, new Set()],
    [{ list: types.i8 }, [1, 300]],
    [{ set: types.i8 }, [1]],
    [{ map: [types.i8, types.i8] }, {}],
    [types.string, undefined],
  ]
  for (const [type, value] of wrong) {
    test(`${JSON.stringify(type)} of ${String(value)}`, () => {
      expect(failureOf(() => one(type).encode({ value }))).toMatchObject({
        code: 'invalid-argument',
        executed: 'never',
      })
    })
  }
  test('the error names the field', () => {
    expect(failureOf(() => one(types.i32).encode({ value: 'x' })).message).toBe(
      'One.value must be a whole number from -2147483648 to 2147483647 (i32), not "x"',
    )
  })
})

describe('bad bytes', () => {
  const whole = one({ map: [types.string, { list: { set: types.i64 } }] })
  const bytes = whole.encode({ value: new Map([['key', [new Set([1n, 2n]), new Set<bigint>()]]]) })

  test('cut at every byte: malformed, never anything else', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(failureOf(() => whole.decode(bytes.slice(0, length))).code).toBe('malformed')
    }
  })

  test('any byte changed to anything: a value or malformed, at once', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, byte) => {
        const changed = bytes.slice()
        changed[at] = byte
        try {
          whole.decode(changed)
        } catch (error) {
          expect((error as OncewireError).code).toBe('malformed')
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('garbage read as any type', () => {
    const shapes = [
      one(types.string),
      one({ list: types.bool }),
      one({ map: [types.i8, { list: types.string }] }),
      whole,
    ]
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...shapes), (garbage, shape) => {
        try {
          shape.decode(garbage)
        } catch (error) {
          expect((error as OncewireError).code).toBe('malformed')
        }
      }),
      { numRuns: 5000 },
    )
  })

  test('sizes that lie are found before anything is allocated', () => {
    const lies = [
      '0f0001087fffffff',
      '0b00017fffffff',
      '0b0001ffffffff',
      '0d000108087fffffff',
      '0f000102ffffffff',
      '0f00010c7fffffff',
    ]
    for (const hex of lies) {
      const lie = Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16))
      for (const type of [{ list: types.i32 }, types.string, { map: [types.i32, types.i32] as const }, types.i64]) {
        expect(failureOf(() => one(type).decode(lie)).code).toBe('malformed')
      }
    }
  })

  test('100,000 structs inside each other are refused, read or skipped', () => {
    const deep = new Uint8Array(300_000)
    for (let i = 0; i < 100_000; i++) deep.set([12, 0, 9], i * 3)
    expect(failureOf(() => one(types.i32).decode(deep)).message).toContain('nested deeper than 64')
    expect(failureOf(() => canonical(deep)).code).toBe('malformed')
  })

  test('bytes behind the end are an error', () => {
    expect(failureOf(() => one(types.i8).decode(Uint8Array.of(3, 0, 1, 5, 0, 9))).message).toContain(
      '1 bytes behind the end',
    )
  })
})

describe('what readers must bear', () => {
  test('unknown fields and fields of another type are stepped over', () => {
    const wide = Uint8Array.from([
      ...[11, 0, 9, 0, 0, 0, 1, 65],
      ...[12, 0, 8, 15, 0, 1, 12, 0, 0, 0, 1, 0, 0],
      ...[8, 0, 1, 0, 0, 0, 7],
      0,
    ])
    expect(one(types.i32).decode(wide)).toEqual({ value: 7 })
    expect(one(types.string).decode(wide)).toEqual({ value: undefined })
  })

  test('elements of another type are an error, an empty container of any type is not', () => {
    expect(
      failureOf(() => one({ list: types.i32 }).decode(one({ list: types.i64 }).encode({ value: [1n] }))).code,
    ).toBe('malformed')
    expect(one({ list: types.i32 }).decode(one({ list: types.i64 }).encode({ value: [] }))).toEqual({ value: [] })
  })

  test('a binary that was read does not change with the buffer it came in', () => {
    const reader = new BinaryReader()
    const buffer = Buffer.from([0, 0, 0, 2, 1, 2])
    reader.reset(buffer)
    const value = reader.binary()
    buffer.fill(9)
    expect(value.constructor).toBe(Uint8Array)
    expect([...value]).toEqual([1, 2])
  })
})

describe('random values come back', () => {
  const values: readonly (readonly [Type, fc.Arbitrary<unknown>])[] = [
    [types.i64, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
    [types.safeI64, fc.maxSafeInteger()],
    [types.double, fc.double()],
    [types.string, fc.string({ unit: 'binary', maxLength: 100 })],
    [
      { list: { map: [types.string, types.double] } },
      fc.array(fc.array(fc.tuple(fc.string(), fc.double())).map((entries) => new Map(entries))),
    ],
    [{ set: types.i16 }, fc.uniqueArray(fc.integer({ min: -32768, max: 32767 })).map((items) => new Set(items))],
  ]
  for (const [type, arbitrary] of values) {
    test(JSON.stringify(type), () => {
      const shape = one(type)
      fc.assert(
        fc.property(arbitrary, (value) => void expect(shape.decode(shape.encode({ value }))).toEqual({ value })),
      )
    })
  }
})

describe('the canonical encoding', () => {
  const shape = one({ map: [types.string, { set: types.i32 }] })
  test('is one for equal values, however their sets and maps were filled', () => {
    const a = shape.encode({
      value: new Map([
        ['x', new Set([1, 2])],
        ['y', new Set([3])],
      ]),
    })
    const b = shape.encode({
      value: new Map([
        ['y', new Set([3])],
        ['x', new Set([2, 1])],
      ]),
    })
    expect(toHex(a)).not.toBe(toHex(b))
    expect(toHex(canonical(a))).toBe(toHex(canonical(b)))
    expect(shape.decode(canonical(a))).toEqual(shape.decode(a))
  })

  test('leaves field 32767 out, and sorts fields', () => {
    const bytes = Uint8Array.from([8, 0, 2, 0, 0, 0, 1, 11, 0x7f, 0xff, 0, 0, 0, 1, 65, 3, 0, 1, 5, 0])
    expect(toHex(canonical(bytes))).toBe('03000105' + '08000200000001' + '00')
  })
})
