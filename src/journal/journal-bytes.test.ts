/**
 * Goal: bytes say what was written or that they are damaged, never something else. Method: any entries there and back;
 * then every cut and every changed byte of a journal, and any sectors of what had not been synced.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { OncewireError } from '../errors/oncewire-error.ts'
import type { JournalEntry } from '../once/journal.ts'
import { ByteWriter } from '../std/bytes.ts'
import { encodeEntry, markBytes } from './entry-bytes.ts'
import { encodeJournal, readJournal } from './journal-bytes.ts'
import { anyEntry, sampleEntries } from './journal-contract.ts'

const sample = encodeJournal(sampleEntries)
/** Where each record begins, and the last ends: there stands the mark. */
const starts = Array.from(
  { length: sampleEntries.length + 1 },
  (_, n) => encodeJournal(sampleEntries.slice(0, n)).length - (n === 0 ? 0 : markBytes),
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
    const wholeBytes = length === sample.length ? length : starts[whole]
    const expected = whole < 0 ? undefined : { entries: sampleEntries.slice(0, whole), wholeBytes, isOld: false }
    expect(readJournal('j', sample.subarray(0, length))).toEqual(expected)
  }
})

test('changed anywhere: damage, named by where the record begins; in the mark behind it, as if that had been cut', () => {
  const [header = 0] = starts
  const lastStart = starts.at(-1) as number
  for (let at = header; at < sample.length; at++) {
    for (const flip of [0x01, 0x80, 0xff]) {
      const changed = sample.slice()
      changed[at] = (changed[at] as number) ^ flip
      if (at >= lastStart) {
        expect(readJournal('j', changed)).toEqual({
          entries: sampleEntries,
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
  const torn = readJournal('j', bytes.subarray(0, -markBytes - 1))
  expect(torn?.wholeBytes).toBe(starts.at(-1))
})

test('a power cut keeps any sectors of a group that was not synced: what was synced is read, and some first entries', () => {
  const sectorBytes = 64 // Shorter than a disk's, so that there are more.
  const group = new ByteWriter(1024)
  encodeEntry(group, { kind: 'mark', offset: sample.length })
  for (const entry of sampleEntries) encodeEntry(group, entry)
  const sectors = Math.ceil(group.position / sectorBytes)
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: sectors, maxLength: sectors }), (kept) => {
      const bytes = new Uint8Array(sample.length + group.position)
      bytes.set(sample)
      for (const [i, isKept] of kept.entries()) {
        const part = group.bytes.subarray(i * sectorBytes, Math.min((i + 1) * sectorBytes, group.position))
        if (isKept) bytes.set(part, sample.length + i * sectorBytes)
      }
      const { entries } = readJournal('j', bytes) ?? { entries: [] }
      expect(entries.length).toBeGreaterThanOrEqual(sampleEntries.length)
      expect(entries).toEqual([...sampleEntries, ...sampleEntries].slice(0, entries.length))
    }),
  )
})

test('once a later group was synced behind it, a lost sector is damage', () => {
  const bytes = new Uint8Array([...sample, ...new Uint8Array(markBytes)])
  const mark = new ByteWriter(markBytes)
  encodeEntry(mark, { kind: 'mark', offset: sample.length })
  bytes.set(mark.bytes.subarray(0, markBytes), sample.length)
  bytes.fill(0, starts.at(-1), sample.length)
  expect(failureOf(bytes).message).toContain(`at byte ${starts.at(-1)} `)
})

test('a new file whose length is on disk and nothing else is a new file', () => {
  for (let length = 0; length <= 12; length++) expect(readJournal('j', new Uint8Array(length))).toBeUndefined()
  expect(failureOf(new Uint8Array(13)).code).toBe('journal-damaged')
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
