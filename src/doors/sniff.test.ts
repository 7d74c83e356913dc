/**
 * Goal: what a caller speaks is found from its first bytes, and not too early. Method: the first bytes of each, every
 * prefix of them.
 */
import { expect, test } from 'vitest'
import { fromHex } from '../std/bytes.ts'
import { sniff } from './sniff.ts'

test.each([
  ['unframed', '80010001', 'binary'],
  ['unframed', '8221', 'compact'],
  ['unframed', '5b31', 'JSON'],
  ['unframed', '00000004 70696e67 01', 'binary without a version: "ping"'],
  ['framed', '00000011 80010001', 'framed binary'],
  ['framed', '00000011 8221', 'framed compact'],
  ['framed', '00000011 5b31', 'framed JSON'],
  ['framed', '00000011 00000004', 'framed binary without a version'],
  ['framed', '00000011 0fff0000', 'THeader'],
  ['http', '47455420', 'GET'],
  ['http', '504f5354', 'POST'],
  ['unknown', '68656c6c6f0a', 'hello'],
  ['unknown', '00000011 4000', 'a frame of a name of a gigabyte'],
  ['unknown', '16030100 c5', 'TLS'],
  ['unknown', '8099', 'binary of another version'],
  ['unknown', '00000011 ff00', 'a frame of nothing known'],
])('%s: %s (%s)', (spoken, text) => {
  const bytes = fromHex(text.replaceAll(' ', '').padEnd(12, '0'))
  expect(sniff(bytes)).toBe(spoken)
  for (let length = 0; length < bytes.length; length++) {
    expect([spoken, 'undecided']).toContain(sniff(bytes.subarray(0, length)))
  }
})
