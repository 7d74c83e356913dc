/**
 * Goal: envelopes as stock Thrift writes them. Method: vectors worked out by hand from the specification, every cut.
 */
import { describe, expect, test } from 'vitest'
import { OncewireError } from '../errors/oncewire-error.ts'
import { ByteWriter, fromHex, toHex } from '../std/bytes.ts'
import { ApplicationException, applicationTypes, type Envelope, readMessage, writeMessage } from './envelope.ts'

const bytesOf = (text: string): Uint8Array => fromHex(text.replaceAll(' ', ''))
const payload = Uint8Array.of(3, 0, 1, 7, 0)

describe('a message', () => {
  const json = (text: string): string => toHex(new Uint8Array(Buffer.from(text)))
  const vectors: readonly (readonly [Envelope, string])[] = [
    [{ kind: 'call', name: 'ping', seqid: 1, dialect: 'binary' }, '80010001 00000004 70696e67 00000001'],
    [{ kind: 'reply', name: 'ping', seqid: -1, dialect: 'binary' }, '80010002 00000004 70696e67 ffffffff'],
    [{ kind: 'exception', name: '', seqid: 0, dialect: 'binary' }, '80010003 00000000 00000000'],
    [
      { kind: 'oneway', name: 'Calc:ä', seqid: -(2 ** 31), dialect: 'binary' },
      '80010004 00000007 43616c633ac3a4 80000000',
    ],
    [{ kind: 'call', name: 'ping', seqid: 7, dialect: 'old-binary' }, '00000004 70696e67 01 00000007'],
    [{ kind: 'call', name: 'ping', seqid: 200, dialect: 'compact' }, '8221 c801 04 70696e67'],
    [{ kind: 'exception', name: 'ä', seqid: -1, dialect: 'compact' }, '8261 ffffffff0f 02 c3a4'],
    [{ kind: 'oneway', name: 'a"ä', seqid: -2, dialect: 'json' }, json('[1,"a\\"ä",4,-2,')],
  ]
  test.each(vectors)('%o', (envelope, head) => {
    const whole = bytesOf(head + toHex(payload) + (envelope.dialect === 'json' ? '5d' : ''))
    const out = new ByteWriter(1)
    writeMessage(out, envelope, payload)
    expect(toHex(out.slice())).toBe(toHex(whole))
    const read = readMessage(whole)
    expect(read.envelope).toEqual(envelope)
    expect(toHex(read.payload)).toBe(toHex(payload))
    for (let length = 0; length < bytesOf(head).length; length++) {
      expect(() => readMessage(whole.slice(0, length))).toThrow(OncewireError)
    }
  })

  test.each([
    ['80020001 00000000 00000000', 'begins with 80 02 00 01'],
    ['90010001 00000000 00000000', 'neither'],
    ['', 'neither'],
    ['80010005 00000000 00000000', 'kind 5'],
    ['80010001 ffffffff 00000000', 'cut off'],
    ['7fffffff 61', 'begins with 7f ff ff ff'],
    ['00000001 61 00 00000000', 'kind 0'],
    ['8222 00 00', 'version 2'],
    ['8201 00 00', 'kind 0'],
    ['8221 ffffffffff00 00', 'more than 32 bits'],
    [json('[2,"a",1,0,{}]'), 'version 2'],
    [json('[1,"a",1,0,{}'), 'cut off'],
    [json('[1,"a",1,99999999999,{}]'), 'where a whole number'],
  ])('%s is malformed', (text, message) => {
    expect(() => readMessage(bytesOf(text))).toThrow(message)
    expect(() => readMessage(bytesOf(text))).toThrow(OncewireError)
  })
})

describe('the exception that no IDL declares', () => {
  test('is the struct that everybody knows', () => {
    const value = { message: 'no', type: applicationTypes.unknownMethod }
    const bytes = bytesOf('0b0001 00000002 6e6f 080002 00000001 00')
    expect(toHex(ApplicationException.encode(value))).toBe(toHex(bytes))
    expect(ApplicationException.decode(bytes)).toEqual(value)
  })

  test('may lack either field', () => {
    expect(ApplicationException.decode(bytesOf('00'))).toEqual({ message: undefined, type: undefined })
    expect(toHex(ApplicationException.encode({}))).toBe('00')
  })
})
