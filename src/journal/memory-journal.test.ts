/**
 * Goal: a journal without a disk behaves as one with a disk, crashes included. Method: the contract; then crashes.
 */
import { expect, test } from 'vitest'
import type { JournalEntry } from '../once/journal.ts'
import { journalContract, sampleEntries } from './journal-contract.ts'
import { MemoryJournal } from './memory-journal.ts'

journalContract('memory', async () => {
  let journal = new MemoryJournal()
  return {
    open: async () => (journal = new MemoryJournal(journal.crash())),
    work: () => journal.sync(),
  }
})

test('a crash loses what was not synced, or the end of it', () => {
  const journal = new MemoryJournal()
  let durable = 0
  journal.onDurable = (count) => (durable = count)
  for (const entry of sampleEntries.slice(0, 3)) journal.append(entry)
  journal.sync()
  journal.append(sampleEntries[3] as JournalEntry)
  expect(durable).toBe(3)
  expect(journal.crash()).toEqual(sampleEntries.slice(0, 3))
  expect(journal.crash(1)).toEqual(sampleEntries.slice(0, 4))
})
