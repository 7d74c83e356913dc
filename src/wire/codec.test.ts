/**
 * Goal: whatever can be written can be read, stepped over and made canonical; whatever cannot be read is `malformed`.
 * Method: structs of random types with random values; every cut of them, and random damage.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { structOf, structs } from '../../test/support/typed-values.ts'
import { OncewireError } from '../errors/oncewire-error.ts'
import { fromHex, toHex } from '../std/bytes.ts'
import { canonical } from './canonical.ts'
import { bool, double, i32, i8, string, uuid } from './types.ts'

const nothingKnown = structOf('NothingKnown', {})
const bytesOf = (text: string): Uint8Array => fromHex(text.replaceAll(' ', ''))

/** Whether `run` ends with a value or says `malformed`; anything else is thrown on. */
function endOf(run: () => unknown): 'value' | 'malformed' {
  try {
    run()
    return 'value'
  } catch (error) {
    if (error instanceof OncewireError && error.code === 'malformed') return 'malformed'
    throw error
  }
}

describe.each(['binary', 'compact', 'json'] as const)('structs of any type, in %s', (codec) => {
  test('come back', () => {
    fc.assert(
      fc.property(structs, ({ type, value }) => {
        expect(type.decode(type.encode(value, codec), codec)).toEqual(value)
      }),
    )
  })

  test('are stepped over by a reader that knows none of their fields', () => {
    fc.assert(
      fc.property(structs, ({ type, value }) => {
        expect(nothingKnown.decode(type.encode(value, codec), codec)).toEqual({})
      }),
    )
  })

  test('cut anywhere, are malformed', () => {
    fc.assert(
      fc.property(structs, ({ type, value }) => {
        const bytes = type.encode(value, codec)
        for (let length = 0; length < bytes.length; length++) {
          for (const reader of [type, nothingKnown]) {
            expect(endOf(() => reader.decode(bytes.subarray(0, length), codec))).toBe('malformed')
          }
        }
      }),
      { numRuns: 50 },
    )
  })

  test('damaged, end with a value or are malformed', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(structs, damage, ({ type, value }, changes) => {
        const bytes = type.encode(value, codec)
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte
        endOf(() => type.decode(bytes, codec))
        endOf(() => nothingKnown.decode(bytes, codec))
      }),
      { numRuns: 500 },
    )
  })
})

describe('the canonical encoding of structs of any type', () => {
  test('cut anywhere or damaged, they are malformed or have one', () => {
    fc.assert(
      fc.property(structs, fc.nat(), fc.nat(255), ({ type, value }, at, byte) => {
        const bytes = type.encode(value)
        for (let length = 0; length < bytes.length; length++) {
          expect(endOf(() => canonical(bytes.subarray(0, length)))).toBe('malformed')
        }
        bytes[at % bytes.length] = byte
        endOf(() => canonical(bytes))
      }),
      { numRuns: 50 },
    )
  })

  test('reads as the same value and is its own', () => {
    fc.assert(
      fc.property(structs, ({ type, value }) => {
        const once = canonical(type.encode(value))
        expect(toHex(canonical(once))).toBe(toHex(once))
        expect(toHex(canonical(type.encode(type.decode(once))))).toBe(toHex(once))
        expect(type.decode(once)).toEqual(value)
      }),
    )
  })
})

describe('the binary protocol at its edges', () => {
  test('field ids from -32768 to 32767', () => {
    const edges = structOf('Edges', { low: [-0x8000, i8], minus: [-1, i8], high: [0x7fff, i8] })
    const value = { low: 1, minus: 2, high: 3 }
    expect(toHex(edges.encode(value))).toBe(toHex(bytesOf('03 8000 01 03 ffff 02 03 7fff 03 00')))
    expect(edges.decode(edges.encode(value))).toEqual(value)
  })

  test('texts around the length from which they are written in C++', () => {
    const text = structOf('Text', { it: [1, string] })
    for (let length = 10; length < 30; length++) {
      for (const last of ['', 'ä', '€', '😀']) {
        const value = { it: 'x'.repeat(length) + last }
        expect(text.decode(text.encode(value))).toEqual(value)
      }
    }
  })

  test('bad UTF-8 is read as U+FFFD, and a byte order mark stays', () => {
    const text = structOf('Text', { it: [1, string] })
    expect(text.decode(bytesOf('0b0001 00000002 ff61 00'))).toEqual({ it: '\ufffda' })
    expect(text.decode(bytesOf('0b0001 00000003 efbbbf 00'))).toEqual({ it: '\ufeff' })
  })

  test('any bool but 0 is true, and a uuid reads in small letters', () => {
    const both = structOf('Both', { is: [1, bool], id: [2, uuid] })
    const id = 'AABBCCDD-0011-2233-4455-66778899EEFF'
    expect(both.decode(bytesOf('020001 07 00'))).toEqual({ is: true })
    expect(both.decode(both.encode({ id }))).toEqual({ id: id.toLowerCase() })
  })

  test('a count is measured by the smallest element: 100 bytes hold no 13 doubles', () => {
    const list = structOf('Doubles', { it: [1, { list: double }] })
    const bytes = (count: string): Uint8Array => bytesOf(`0f0001 04 ${count} ${'00'.repeat(100)}`)
    expect(() => list.decode(bytes('0000000d'))).toThrow('13 elements in the 100 bytes left')
    expect(() => list.decode(bytes('0000000c'))).toThrow('3 bytes behind the end')
  })

  test('wire types that Thrift does not have', () => {
    for (const type of ['01', '05', '07', '09', '11', '80', 'ff']) {
      expect(() => nothingKnown.decode(bytesOf(`${type}0002 00 00`))).toThrow('which Thrift does not have')
      expect(() => canonical(bytesOf(`${type}0002 00 00`))).toThrow('which Thrift does not have')
    }
  })

  test('containers inside each other without end are refused', () => {
    const bytes = bytesOf(`0f0001 ${'0f00000001'.repeat(100_000)}`)
    expect(endOf(() => nothingKnown.decode(bytes))).toBe('malformed')
    expect(endOf(() => canonical(bytes))).toBe('malformed')
  })
})

describe('the canonical encoding', () => {
  const same = (one: string, other: string): void => {
    expect(toHex(canonical(bytesOf(one)))).toBe(toHex(canonical(bytesOf(other))))
  }

  test('is the same for what readers read as the same', () => {
    same('020001 07 00', '020001 01 00') // true
    same('040001 fff8000000000001 00', '040001 7ff8000000000000 00') // NaN
    same('0f0001 08 00000000 00', '0f0001 00 00000000 00') // an empty list
    same('0d0001 08 0b 00000000 00', '0d0001 00 00 00000000 00') // an empty map
    same('030002 02 03ffff 01 00', '03ffff 01 030002 02 00') // fields in another order
  })

  test('is another for other values', () => {
    const of = (text: string): string => toHex(canonical(bytesOf(text)))
    expect(of('040001 8000000000000000 00')).not.toBe(of('040001 0000000000000000 00')) // -0 and 0
    expect(of('0f0001 03 00000002 01 02 00')).not.toBe(of('0f0001 03 00000002 02 01 00')) // lists keep their order
    expect(of('030001 01 00')).not.toBe(of('030002 01 00'))
  })

  test('leaves field 32767 out of the outermost struct only', () => {
    expect(toHex(canonical(bytesOf('037fff 01 0c0001 037fff 02 00 00')))).toBe(toHex(bytesOf('0c0001 037fff 02 00 00')))
  })

  test('bytes behind the end are refused', () => {
    expect(() => canonical(bytesOf('00 00'))).toThrow('1 bytes behind the end')
  })

  test('a map of a thousand keys, in any order', () => {
    const map = structOf('Keys', { it: [1, { map: [string, i32] }] })
    const entries = Array.from({ length: 1000 }, (_, i) => [`key ${i}`, i] as const)
    const forth = map.encode({ it: new Map(entries) })
    const back = map.encode({ it: new Map(entries.toReversed()) })
    expect(toHex(forth)).not.toBe(toHex(back))
    expect(toHex(canonical(forth))).toBe(toHex(canonical(back)))
  })
})
