/**
 * What every journal must do, as tests, and the entries to do it with. A new journal passes it unchanged.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Journal, JournalEntry, JournalledCall, JournalledStep } from '../once/journal.ts'
import { foldJournal } from './fold.ts'

/** A place where a journal is kept from one opening to the next. */
export interface JournalPlace {
  open(): Promise<Journal>
  /** Lets the disk of the open journal work, where it does not by itself. */
  work(): void
}

const call = (byte: number, idempotencyKey?: string): JournalledCall => ({
  method: 'Bank.debit',
  delivery: 'exactly-once',
  payload: Uint8Array.of(byte, 0, 255),
  idempotencyKey,
})

/** One of everything that format 1 had: what its golden file holds. */
export const sampleEntries1: readonly JournalEntry[] = [
  { kind: 'opened', epoch: 1 },
  { kind: 'session', session: '0123456789abcdef0123456789abcdef', ledgerId: 'l'.repeat(32), principal: 'alice' },
  { kind: 'begun', number: 1, call: call(1) },
  { kind: 'begun', number: 2, call: call(2, 'order-42') },
  { kind: 'ended', number: 1, outcome: { kind: 'reply', bytes: Uint8Array.of(9) } },
  { kind: 'given-up', number: 2 },
  { kind: 'begun', number: 3, call: call(3) },
  { kind: 'handed-over', number: 1 },
  { kind: 'ended', number: 3, outcome: { kind: 'failure', code: 'internal-error', executed: 'never', message: 'ä' } },
  { kind: 'begun', number: 4, call: call(4) },
  { kind: 'ended', number: 4, outcome: { kind: 'unknown', code: 'fenced' } },
  { kind: 'begun', number: 5, call: call(5) },
  { kind: 'ended', number: 5, outcome: { kind: 'exception', bytes: new Uint8Array() } },
]

const session = '0123456789abcdef0123456789abcdef'
const step = (begun: JournalledStep, index: number): JournalEntry => ({
  kind: 'step-begun',
  run: 'checkout:42',
  step: index,
  begun,
})

/** One of everything: what the golden files of formats 2 and 3 hold. */
export const sampleEntries: readonly JournalEntry[] = [
  ...sampleEntries1,
  step({ kind: 'call', session, number: 6, call: call(6), isOneway: false, endpoint: 'tcp://127.0.0.1:9090' }, 0),
  step({ kind: 'local', name: 'clock' }, 1),
  { kind: 'step-ended', run: 'checkout:42', step: 1, outcome: { kind: 'value', bytes: Uint8Array.of(1) } },
  { kind: 'step-ended', run: 'checkout:42', step: 0, outcome: { kind: 'unknown', code: 'deadline', mayResolve: true } },
  { kind: 'step-resolved', run: 'checkout:42', step: 0, executed: 'never' },
  { kind: 'step-begun', run: 'ö', step: 0, begun: { kind: 'local', name: '' } },
  { kind: 'run-forgotten', run: 'ö' },
]

const bytes = (): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength: 40 }).map((array) => Uint8Array.from(array))
const number = fc.oneof(fc.integer({ min: 1, max: 6 }), fc.maxSafeNat())
const outcome = fc.oneof(
  fc.record({ kind: fc.constantFrom('reply' as const, 'exception' as const), bytes: bytes() }),
  fc.record({
    kind: fc.constant('failure' as const),
    code: fc.constantFrom('internal-error' as const, 'withdrawn' as const),
    executed: fc.constantFrom('never' as const, 'once' as const),
    message: fc.string({ unit: 'grapheme' }),
  }),
  fc.record({ kind: fc.constant('unknown' as const), code: fc.constantFrom('fenced', 'session-expired') }),
)

const anyCall = fc.record({
  method: fc.string(),
  delivery: fc.constantFrom('at-least-once' as const, 'at-most-once', 'exactly-once', 'external'),
  payload: bytes(),
  idempotencyKey: fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined }),
})
const anySession = fc.constantFrom('a', 'b').map((digit) => digit.repeat(32))
const stepName = { run: fc.constantFrom('', 'a', 'ö'), step: fc.nat(3) }

const anyStepEntry: fc.Arbitrary<JournalEntry> = fc.oneof(
  fc.record({
    kind: fc.constant('step-begun' as const),
    ...stepName,
    begun: fc.oneof(
      fc.record({ kind: fc.constant('local' as const), name: fc.string({ unit: 'grapheme' }) }),
      fc.record({
        kind: fc.constant('call' as const),
        session: anySession,
        number,
        call: anyCall,
        isOneway: fc.boolean(),
        endpoint: fc.constantFrom('', 'tcp://a:1'),
      }),
    ),
  }),
  fc.record({
    kind: fc.constant('step-ended' as const),
    ...stepName,
    outcome: fc.oneof(
      outcome.map((ended) => (ended.kind === 'unknown' ? { ...ended, mayResolve: ended.code === 'fenced' } : ended)),
      fc.record({ kind: fc.constantFrom('value' as const, 'thrown' as const), bytes: bytes() }),
    ),
  }),
  fc.record({
    kind: fc.constant('step-resolved' as const),
    ...stepName,
    executed: fc.constantFrom('never' as const, 'once' as const, 'unknown' as const),
  }),
  fc.record({ kind: fc.constant('run-forgotten' as const), run: stepName.run }),
)

/** Any entry, sensible or not in its place. */
export const anyEntry: fc.Arbitrary<JournalEntry> = fc.oneof(
  anyStepEntry,
  fc.record({
    kind: fc.constant('session' as const),
    session: anySession,
    ledgerId: fc.string(),
    principal: fc.string({ unit: 'grapheme' }),
  }),
  fc.record({ kind: fc.constant('opened' as const), epoch: fc.integer({ min: 1, max: 0xffff_ffff }) }),
  fc.record({
    kind: fc.constant('begun' as const),
    number,
    call: anyCall,
  }),
  fc.record({ kind: fc.constant('ended' as const), number, outcome }),
  fc.record({ kind: fc.constantFrom('given-up' as const, 'handed-over' as const, 'highest' as const), number }),
)

export function journalContract(name: string, newPlace: () => Promise<JournalPlace>): void {
  describe(`${name}: the journal contract`, () => {
    test('a new journal is empty', async () => {
      const journal = await (await newPlace()).open()
      expect(journal.state).toEqual(foldJournal([]))
      await journal.close()
    })

    test('what was appended, in any groups and openings, is there at the next opening', async () => {
      const openings = fc.array(fc.array(fc.array(anyEntry, { maxLength: 8 }), { maxLength: 4 }), { maxLength: 4 })
      await fc.assert(
        fc.asyncProperty(openings, async (lists) => {
          const place = await newPlace()
          const appended: JournalEntry[] = []
          for (const groups of lists) {
            const journal = await place.open()
            expect(journal.state).toEqual(foldJournal(appended))
            for (const group of groups) {
              for (const entry of group) journal.append(entry)
              appended.push(...group)
              await new Promise((resolve) => setImmediate(resolve))
            }
            await journal.close()
          }
          const last = await place.open()
          expect(last.state).toEqual(foldJournal(appended))
          await last.close()
        }),
        { numRuns: 40 },
      )
    })

    test('onDurable counts the entries of this opening, upwards, to the last', async () => {
      const place = await newPlace()
      const before = await place.open()
      before.append({ kind: 'opened', epoch: 1 })
      await before.close()
      const journal = await place.open()
      const counts: number[] = []
      journal.onDurable = (count) => counts.push(count)
      for (const [i, entry] of sampleEntries.entries()) {
        journal.append(entry)
        if (i % 3 === 0) {
          place.work()
          while (counts.at(-1) !== i + 1) await new Promise((resolve) => setImmediate(resolve))
        }
      }
      await journal.close()
      expect(counts).toEqual(counts.toSorted((a, b) => a - b))
      expect(counts.at(-1)).toBe(sampleEntries.length)
      const groups = sampleEntries.filter((_, i) => i % 3 === 0 || i === sampleEntries.length - 1)
      expect(counts).toHaveLength(groups.length)
    })

    test('close makes durable what was appended before, once; what comes later is not taken', async () => {
      const place = await newPlace()
      const journal = await place.open()
      let durable = 0
      journal.onDurable = (count) => (durable = count)
      for (const entry of sampleEntries) journal.append(entry)
      const closings = [journal.close(), journal.close()]
      journal.append({ kind: 'opened', epoch: 77 })
      await Promise.all(closings)
      journal.append({ kind: 'opened', epoch: 78 })
      await journal.close()
      expect(durable).toBe(sampleEntries.length)
      const next = await place.open()
      expect(next.state).toEqual(foldJournal(sampleEntries))
      await next.close()
    })
  })
}
