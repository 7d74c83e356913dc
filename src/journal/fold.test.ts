/**
 * Goal: the state is what the entries say, and the fewest entries say the same. Method: a story, then any list at all.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JournalEntry, JournalledStep } from '../once/journal.ts'
import { foldJournal, JournalFold } from './fold.ts'
import { anyEntry, sampleEntries } from './journal-contract.ts'

test('open calls, given up or not, and outcomes that nobody has taken yet', () => {
  const state = foldJournal(sampleEntries)
  expect(state).toMatchObject({ principal: 'alice', ledgerId: 'l'.repeat(32), epoch: 1, highest: 6 })
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

test('a run holds its steps in the order of the journal, sent anew or not, until it is forgotten', () => {
  const call = { method: 'm', delivery: 'at-most-once' as const, payload: new Uint8Array(), idempotencyKey: undefined }
  const begun = (number: number): JournalledStep => ({
    kind: 'call',
    session: 'a'.repeat(32),
    number,
    call,
    isOneway: false,
    endpoint: '',
  })
  const clock = { kind: 'local', name: 'clock' } as const
  const unknown = { kind: 'unknown', code: 'deadline', mayResolve: true } as const
  const entries: JournalEntry[] = [
    { kind: 'step-begun', run: 'r', step: 0, begun: begun(1) },
    { kind: 'step-begun', run: 'r', step: 1, begun: clock },
    { kind: 'step-begun', run: 'r', step: 0, begun: begun(9) },
    { kind: 'step-ended', run: 'r', step: 0, outcome: unknown },
    { kind: 'step-resolved', run: 'r', step: 0, executed: 'once' },
  ]
  expect(foldJournal(entries).runs).toEqual([
    {
      run: 'r',
      events: [
        { kind: 'begun', step: 0, begun: begun(9) },
        { kind: 'begun', step: 1, begun: clock },
        { kind: 'ended', step: 0, outcome: unknown },
        { kind: 'resolved', step: 0, executed: 'once' },
      ],
    },
  ])
  expect(foldJournal([...entries, { kind: 'run-forgotten', run: 'r' }]).runs).toEqual([])
})
