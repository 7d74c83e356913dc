/**
 * Goal: messages without lengths come out whole and in order, however they were cut and wherever their receiver said stop.
 * Method: random structs in every dialect, in chunks of random sizes; a long message byte by byte.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { structs } from '../../test/support/typed-values.ts'
import { ByteWriter, toHex } from '../std/bytes.ts'
import { codecOf, type Dialect, writeMessage } from './envelope.ts'
import { MessageSplitter } from './message-splitter.ts'

const dialects: readonly Dialect[] = ['binary', 'old-binary', 'compact', 'json']

test('cut and stopped anywhere', () => {
  const parts = fc.array(fc.tuple(structs, fc.constantFrom(...dialects), fc.boolean()), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(parts, fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (given, steps) => {
      const out = new ByteWriter()
      const ends = given.map(([{ type, value }, dialect]) => {
        const envelope = { kind: 'call', name: 'method', seqid: 3, dialect } as const
        writeMessage(out, envelope, type.encode(value, codecOf(dialect)))
        return out.position
      })
      const sent = out.slice()
      const found: string[] = []
      const splitter: MessageSplitter = new MessageSplitter(1 << 20, (message) => {
        if (given[found.push(toHex(message)) - 1]?.[2] === true) splitter.stop()
      })
      for (let at = 0, i = 0; at < sent.length; i++) {
        const step = steps[i % steps.length] as number
        splitter.push(sent.subarray(at, at + step))
        at += step
        if (i % 3 === 0) splitter.goOn()
      }
      while (splitter.isMidMessage) splitter.goOn()
      expect(found).toEqual(ends.map((end, i) => toHex(sent.subarray(ends[i - 1] ?? 0, end))))
      expect(splitter.keptBytes).toBe(0)
    }),
  )
})
