/**
 * Goal: the state is what the entries say, and the fewest entries say the same. Method: a story, then any list at all.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { foldJournal, JournalFold } from './fold.ts'
import { anyEntry, sampleEntries } from './journal-contract.ts'

test('open calls, given up or not, and outcomes that nobody has taken yet', () => {
  const state = foldJournal(sampleEntries)
  expect(state).toMatchObject({ principal: 'alice', ledgerId: 'l'.repeat(32), epoch: 1, highest: 5 })
  expect(state.open).toMatchObject([{ number: 2, call: { idempotencyKey: 'order-42' }, isGivenUp: true }])
  expect(state.unclaimed.map(({ number, outcome }) => [number, outcome.kind])).toEqual([
    [3, 'failure'],
    [4, 'unknown'],
    [5, 'exception'],
  ])
})

test('a new session begins its numbers anew, and keeps what the old one has not handed over', () => {
  const state = foldJournal([
    ...sampleEntries,
    { kind: 'session', session: 'f'.repeat(32), ledgerId: '', principal: '' },
  ])
  expect(state).toMatchObject({ session: 'f'.repeat(32), principal: '', epoch: 1, highest: 0 })
  expect(state.unclaimed).toHaveLength(3)
})

test('an entry about a call that is not there says nothing', () => {
  const { open, unclaimed } = foldJournal([
    { kind: 'given-up', number: 1 },
    { kind: 'ended', number: 1, outcome: { kind: 'unknown', code: 'fenced' } },
    { kind: 'handed-over', number: 1 },
  ])
  expect([open, unclaimed]).toEqual([[], []])
})

test('the fewest entries say the same, whatever was written and whatever is written next', () => {
  fc.assert(
    fc.property(fc.array(anyEntry, { maxLength: 40 }), fc.array(anyEntry, { maxLength: 10 }), (first, then) => {
      const fewest = new JournalFold(first).entries()
      expect(foldJournal([...fewest, ...then])).toEqual(foldJournal([...first, ...then]))
      expect(new JournalFold(fewest).entries()).toEqual(fewest)
    }),
  )
})
