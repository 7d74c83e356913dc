/**
 * Goal: what is written is read, and nothing is read past the end. Method: every method once at its edges, every cut.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteReader, ByteWriter, fromHex, toHex, Truncated } from './bytes.ts'
import { crc32 } from './crc32.ts'

test('what is written is read, from a buffer that began too small', () => {
  const writer = new ByteWriter(1)
  writer.u8(0xff)
  writer.u16(0xfffe)
  writer.u32(0xffff_fffd)
  writer.u53(2 ** 53 - 1)
  writer.text16('ä€😀')
  writer.raw(Uint8Array.of(1, 2))
  writer.text('end')
  const bytes = writer.slice()
  expect(toHex(bytes)).toBe('fffffefffffffd001fffffffffffff0009c3a4e282acf09f98800102656e64')
  const read = (from: ByteReader): unknown[] => [
    from.u8(),
    from.u16(),
    from.u32(),
    from.u53(),
    from.text16(),
    [...from.raw(2)],
    from.text(3),
    from.left,
  ]
  expect(read(new ByteReader(bytes))).toEqual([0xff, 0xfffe, 0xffff_fffd, 2 ** 53 - 1, 'ä€😀', [1, 2], 'end', 0])
  for (let length = 0; length < bytes.length; length++) {
    expect(() => read(new ByteReader(bytes.subarray(0, length)))).toThrow(Truncated)
  }
})

test('a reader of part of a larger buffer sees that part alone', () => {
  const reader = new ByteReader(Uint8Array.of(9, 0, 7, 9).subarray(1, 3))
  expect(reader.u16()).toBe(7)
  expect(() => reader.u8()).toThrow(Truncated)
})

test('numbers and texts that do not fit', () => {
  expect(() => new ByteReader(fromHex('0020000000000000')).u53()).toThrow(RangeError)
  expect(() => new ByteWriter().text16('x'.repeat(65_536))).toThrow(RangeError)
})

test('hexadecimal, there and back', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(fromHex(toHex(bytes))).toEqual(bytes)
    }),
  )
})

test('CRC-32 of the check value of its catalogue, and of nothing', () => {
  expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf4_3926)
  expect(crc32(new Uint8Array())).toBe(0)
})
