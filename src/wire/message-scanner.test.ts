/**
 * Goal: the end of an unframed message is found, and found as soon as it is there. Method: messages of random structs in
 * every dialect, byte by byte and in random chunks, with the next message behind; hostile sizes.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { structs } from '../../test/support/typed-values.ts'
import { ByteWriter, fromHex } from '../std/bytes.ts'
import { codecOf, type Dialect, writeMessage } from './envelope.ts'
import { MessageScanner } from './message-scanner.ts'

const bytesOf = (text: string): Uint8Array => fromHex(text.replaceAll(' ', ''))

describe.each(['binary', 'old-binary', 'compact', 'json'] satisfies Dialect[])('%s', (dialect) => {
  test('the end is found at the last byte, and not before', () => {
    fc.assert(
      fc.property(structs, fc.integer({ min: 1, max: 30 }), ({ type, value }, step) => {
        const out = new ByteWriter()
        const envelope = { kind: 'call', name: 'method', seqid: -7, dialect } as const
        writeMessage(out, envelope, type.encode(value, codecOf(dialect)))
        const message = out.slice()
        out.raw(message)
        const two = out.slice()
        const scanner = new MessageScanner(1 << 20)
        for (let length = 0; length < message.length; length += step) {
          expect(scanner.scan(two.subarray(0, length))).toBeUndefined()
        }
        expect(scanner.scan(two)).toBe(message.length)
        scanner.reset()
        expect(scanner.scan(message)).toBe(message.length)
      }),
    )
  })
})

test.each([
  ['a name of 4 GiB', '80010001 ffffffff', 'more than limits.frameBytesMax'],
  ['a text of 1 GiB', '80010001 00000000 00000000 0b0001 40000000', 'more than limits.frameBytesMax'],
  ['a list of a billion', '80010001 00000000 00000000 0f0001 03 40000000', 'more than limits.frameBytesMax'],
  ['a compact list of a billion', '8221 00 00 19 f3 8080808004', 'more than limits.frameBytesMax'],
  ['a type that is none', '80010001 00000000 00000000 070001', 'wire type 7'],
  ['lists in lists', `80010001 00000000 00000000 0f0001 ${'0f00000001'.repeat(10_000)}`, 'nested deeper'],
  ['no Thrift', 'ff00', 'begins with ff 00'],
  ['a text', '48545450 2f312e31', 'begins with 48 54 54 50 (the text "HTTP")'],
])('%s', (_, bytes, message) => {
  expect(() => new MessageScanner(1000).scan(bytesOf(bytes))).toThrow(message)
})

test('a message of many parts, each of which would fit, is refused when it is too long', () => {
  const scanner = new MessageScanner(1000)
  const text = `0b0001 00000258 ${'78'.repeat(600)}`
  const message = bytesOf(`80010001 00000000 00000000 ${text} ${text} 00`)
  expect(scanner.scan(message.subarray(0, 600))).toBeUndefined()
  // As soon as the second says how long it is.
  expect(() => scanner.scan(message.subarray(0, 640))).toThrow('more than limits.frameBytesMax, 1000')
  expect(() => new MessageScanner(1000).scan(message)).toThrow('more than limits.frameBytesMax, 1000')
})

test('a text without end is refused when it is too long, not held', () => {
  const text = new Uint8Array(Buffer.from(`[1,"${'x'.repeat(2000)}`))
  expect(() => new MessageScanner(1000).scan(text)).toThrow('more than limits.frameBytesMax')
})
