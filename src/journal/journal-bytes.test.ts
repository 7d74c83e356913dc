/**
 * Goal: bytes say what was written or that they are damaged, never something else. Method: any entries there and back;
 * then every cut and every changed byte of a journal.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { OncewireError } from '../errors/oncewire-error.ts'
import type { JournalEntry } from '../once/journal.ts'
import { ByteWriter } from '../std/bytes.ts'
import { encodeEntry } from './entry-bytes.ts'
import { encodeJournal, readJournal } from './journal-bytes.ts'
import { anyEntry, sampleEntries } from './journal-contract.ts'

const sample = encodeJournal(sampleEntries)
/** Where each record begins, and the last ends. */
const starts = Array.from(
  { length: sampleEntries.length + 1 },
  (_, n) => encodeJournal(sampleEntries.slice(0, n)).length,
)

function failureOf(bytes: Uint8Array): OncewireError {
  try {
    readJournal('j', bytes)
  } catch (error) {
    expect(error).toBeInstanceOf(OncewireError)
    return error as OncewireError
  }
  return expect.fail('it was read')
}

test('any entries, there and back', () => {
  fc.assert(
    fc.property(fc.array(anyEntry), (entries) => {
      const bytes = encodeJournal(entries)
      expect(readJournal('j', bytes)).toEqual({ entries, wholeBytes: bytes.length, isOld: false })
    }),
  )
})

test('cut anywhere: the whole records before the cut', () => {
  for (let length = 0; length <= sample.length; length++) {
    const whole = starts.findLastIndex((start) => start <= length)
    const expected =
      whole < 0 ? undefined : { entries: sampleEntries.slice(0, whole), wholeBytes: starts[whole], isOld: false }
    expect(readJournal('j', sample.subarray(0, length))).toEqual(expected)
  }
})

test('changed anywhere: damage, named by where the record begins; in the last record, as if that had been cut', () => {
  const [header = 0] = starts
  const lastStart = starts.at(-2) as number
  for (let at = header; at < sample.length; at++) {
    for (const flip of [0x01, 0x80, 0xff]) {
      const changed = sample.slice()
      changed[at] = (changed[at] as number) ^ flip
      if (at >= lastStart) {
        expect(readJournal('j', changed)).toEqual({
          entries: sampleEntries.slice(0, -1),
          wholeBytes: lastStart,
          isOld: false,
        })
        continue
      }
      const error = failureOf(changed)
      expect(error).toMatchObject({ code: 'journal-damaged', executed: 'never' })
      expect(error.message).toContain(`at byte ${starts.findLast((start) => start <= at)} `)
    }
  }
})

test('changed in its header: no journal, or of another format', () => {
  for (let at = 0; at < 12; at++) {
    const changed = sample.slice()
    changed[at] = (changed[at] as number) ^ 4
    const error = failureOf(changed)
    expect(error.code).toBe(at < 8 ? 'journal-damaged' : 'journal-format')
    expect(error.message).toContain(at < 8 ? 'is no Oncewire journal' : 'install a newer oncewire')
  }
})

test('the unwritten end of a large group, full of what could be lengths, is soon known to hold no record', () => {
  const payload = new Uint8Array(1 << 20)
  for (let at = 0; at < payload.length; at += 4) payload[at + 1] = at >> 9
  const call = { method: 'm', delivery: 'exactly-once' as const, payload, idempotencyKey: undefined }
  const bytes = encodeJournal([...sampleEntries, { kind: 'begun', number: 6, call }])
  const torn = readJournal('j', bytes.subarray(0, -1))
  expect(torn?.wholeBytes).toBe(sample.length)
})

test('an entry that cannot be written leaves nothing behind', () => {
  const out = new ByteWriter(16)
  encodeEntry(out, sampleEntries[0] as JournalEntry)
  const { position } = out
  const tooLong: JournalEntry = {
    kind: 'session',
    session: 'a'.repeat(32),
    ledgerId: '',
    principal: 'x'.repeat(70_000),
  }
  expect(() => encodeEntry(out, tooLong)).toThrow(RangeError)
  expect(out.position).toBe(position)
})
