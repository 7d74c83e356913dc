/**
 * Goal: THeader frames as Apache's libraries write them. Method: a frame worked out by hand from HeaderFormat.md, round
 * trips, every cut, bombs.
 */
import { describe, expect, test } from 'vitest'
import { OncewireError } from '../errors/oncewire-error.ts'
import { ByteWriter, fromHex, toHex } from '../std/bytes.ts'
import { readTHeader, type THeader, writeTHeader } from './theader.ts'

const bytesOf = (text: string): Uint8Array => fromHex(text.replaceAll(' ', ''))
const payload = Uint8Array.from({ length: 100 }, (_, i) => i % 3)
const plain: THeader = { seqid: 7, flags: 0, protocol: 'binary', isDeflated: false, pairs: {} }

function written(header: THeader): Uint8Array {
  const out = new ByteWriter()
  writeTHeader(out, header, payload)
  return out.slice()
}

test('a frame without anything, byte for byte', () => {
  expect(toHex(written(plain).subarray(0, 14))).toBe('0fff' + '0000' + '00000007' + '0001' + '00' + '00' + '0000')
})

test('pairs and zlib', () => {
  const header = { ...plain, seqid: -2, protocol: 'compact', isDeflated: true, pairs: { a: 'ä', 'b c': '' } } as const
  const frame = written(header)
  expect(toHex(frame.subarray(8, 10))).toBe('0004') // words: 02 01 01 | 01 02 | 01 61 02 c3a4 | 03 62 20 63 00 | padding
  const read = readTHeader(frame, 1000)
  expect(read.header).toEqual(header)
  expect(toHex(read.payload)).toBe(toHex(payload))
})

test('cut in the header, malformed', () => {
  const frame = written({ ...plain, pairs: { key: 'value' } })
  for (let length = 0; length < frame.length - payload.length; length++) {
    expect(() => readTHeader(frame.slice(0, length), 1000)).toThrow(OncewireError)
  }
})

test('an info that nobody knows ends the infos, and the payload is read', () => {
  const read = readTHeader(bytesOf('0fff 0000 00000001 0002 00 00 05 ff ff ff ff ff 8001'), 1000)
  expect({ pairs: { ...read.header.pairs }, payload: toHex(read.payload) }).toEqual({ pairs: {}, payload: '8001' })
})

describe('what is refused', () => {
  test.each([
    ['JSON, which no library maps', '0fff 0000 00000001 0001 01 00 0000', 'protocol 1'],
    ['a transform that is not zlib', '0fff 0000 00000001 0001 00 01 03 00', 'transform 3'],
    ['a million transforms', '0fff 0000 00000001 0001 00 c0843d', '1000000 transforms'],
    ['what does not inflate', '0fff 0000 00000001 0001 00 01 01 00 1234', 'does not inflate'],
    ['a header longer than the frame', '0fff 0000 00000001 ffff 00 00 0000', 'bytes wanted'],
  ])('%s', (_, bytes, message) => {
    expect(() => readTHeader(bytesOf(bytes), 1000)).toThrow(message)
  })

  test('a bomb: a kilobyte that inflates to a megabyte', () => {
    const out = new ByteWriter()
    writeTHeader(out, { ...plain, isDeflated: true }, new Uint8Array(1 << 20))
    expect(out.position).toBeLessThan(2000)
    expect(() => readTHeader(out.slice(), 1 << 19)).toThrow('does not inflate to at most 524288 bytes')
    expect(readTHeader(out.slice(), 1 << 20).payload.length).toBe(1 << 20)
  })

  test('more headers than fit, when they are written', () => {
    expect(() => written({ ...plain, pairs: { key: 'x'.repeat(70_000) } })).toThrow('where 65,535 fit')
  })
})
