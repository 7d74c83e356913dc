/**
 * Goal: envelopes as stock Thrift writes them. Method: vectors worked out by hand from the specification, every cut.
 */
import { describe, expect, test } from 'vitest'
import { OncewireError } from '../errors/oncewire-error.ts'
import { ByteReader, ByteWriter, fromHex, toHex } from '../std/bytes.ts'
import { ApplicationException, applicationTypes, type Envelope, readEnvelope, writeEnvelope } from './envelope.ts'

const bytesOf = (text: string): Uint8Array => fromHex(text.replaceAll(' ', ''))

function written(envelope: Envelope): string {
  const out = new ByteWriter(1)
  writeEnvelope(out, envelope)
  return toHex(out.slice())
}

describe('an envelope', () => {
  const vectors: readonly (readonly [Envelope, string])[] = [
    [{ kind: 'call', name: 'ping', seqid: 1, isStrict: true }, '80010001 00000004 70696e67 00000001'],
    [{ kind: 'reply', name: 'ping', seqid: -1, isStrict: true }, '80010002 00000004 70696e67 ffffffff'],
    [{ kind: 'exception', name: '', seqid: 0, isStrict: true }, '80010003 00000000 00000000'],
    [
      { kind: 'oneway', name: 'Calc:ä', seqid: -(2 ** 31), isStrict: true },
      '80010004 00000007 43616c633ac3a4 80000000',
    ],
    [{ kind: 'call', name: 'ping', seqid: 7, isStrict: false }, '00000004 70696e67 01 00000007'],
  ]
  test.each(vectors)('%o', (envelope, text) => {
    const bytes = bytesOf(text)
    expect(written(envelope)).toBe(toHex(bytes))
    const from = new ByteReader(Uint8Array.of(...bytes, 0))
    expect(readEnvelope(from)).toEqual(envelope)
    expect(from.left).toBe(1) // the payload, an empty struct
    for (let length = 0; length < bytes.length; length++) {
      expect(() => readEnvelope(new ByteReader(bytes.slice(0, length)))).toThrow(OncewireError)
    }
  })

  test.each([
    ['80020001 00000000 00000000', 'version 0x8002'],
    ['80010005 00000000 00000000', 'kind 5'],
    ['80010001 ffffffff 00000000', 'cut off'],
    ['7fffffff 61', 'cut off'],
    ['00000001 61 00 00000000', 'kind 0'],
  ])('%s is malformed', (text, message) => {
    expect(() => readEnvelope(new ByteReader(bytesOf(text)))).toThrow(message)
    expect(() => readEnvelope(new ByteReader(bytesOf(text)))).toThrow(OncewireError)
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
