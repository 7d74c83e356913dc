/**
 * What every ledger must do, as tests: protocol sections 1 to 3 seen from outside. A new ledger passes it unchanged.
 */
import { describe, expect, onTestFinished, test } from 'vitest'
import type { OncewireError } from '../errors/oncewire-error.ts'
import { epochStride, type SessionId } from '../once/frame.ts'
import type { HandlerEnd, Ledger, LedgerCall } from '../once/ledger.ts'
import type { Answer } from '../once/outcome.ts'

/** What a test needs to see of a ledger's data. */
export interface ContractSubject<Tx> {
  readonly ledger: Ledger<Tx>
  /** Adds one to a counter, inside a call. */
  increment(tx: Tx): void
  /** The counter, as committed. */
  count(): number
}

const one = (word: string): Uint8Array => Uint8Array.from(word, (char) => char.charCodeAt(0))
const reply = (word: string): HandlerEnd => ({ outcome: { kind: 'reply', bytes: one(word) }, keepsEffects: true })
const fresh = (n: number): SessionId => n.toString(16).padStart(32, '0')
const first = epochStride + 1

export function ledgerContract<Tx>(name: string, open: () => Promise<ContractSubject<Tx>>): void {
  describe(`${name}: the ledger contract`, () => {
    const opened = async (): Promise<ContractSubject<Tx> & Calls> => {
      const subject = await open()
      onTestFinished(() => subject.ledger.close())
      return { ...subject, ...callsOf(subject) }
    }

    test('a call executes once; its duplicate gets the same bytes', async () => {
      const { call, count } = await opened()
      expect(await call(first, 'a')).toMatchObject({
        kind: 'outcome',
        isReplay: false,
        outcome: { kind: 'reply', bytes: one('a') },
      })
      expect(await call(first, 'a')).toMatchObject({
        kind: 'outcome',
        isReplay: true,
        outcome: { kind: 'reply', bytes: one('a') },
      })
      expect(count()).toBe(1)
    })

    test('duplicates in one group execute once', async () => {
      const { call, count } = await opened()
      const answers = await Promise.all([call(first, 'a'), call(first, 'a'), call(first + 1, 'b'), call(first, 'a')])
      expect(answers.map((answer) => answer.kind === 'outcome' && answer.isReplay)).toEqual([false, true, false, true])
      expect(count()).toBe(2)
    })

    test('what was acknowledged is forgotten, and a late copy of it is stale', async () => {
      const { call, count, ledger, session } = await opened()
      await call(first, 'a')
      await ledger.acknowledge({ session, epoch: 1, firstUnacked: first + 1, principal: '' })
      expect(await ledger.countRecords(session)).toBe(0)
      expect(await call(first, 'a')).toMatchObject({ kind: 'refused', code: 'stale' })
      expect(count()).toBe(1)
    })

    test('firstUnacked travels with calls, and never goes down', async () => {
      const { call, ledger, session } = await opened()
      for (let n = 0; n < 10; n++) await call(first + n, 'x', { firstUnacked: first + n })
      expect(await ledger.countRecords(session)).toBe(1)
      await call(first + 10, 'x', { firstUnacked: first })
      expect(await call(first + 3, 'x', { firstUnacked: first })).toMatchObject({ code: 'stale' })
    })

    test('a declared exception is an outcome, and its effects are rolled back', async () => {
      const { call, count } = await opened()
      const outcome = { kind: 'exception', bytes: one('no') } as const
      const end = { outcome, keepsEffects: false }
      expect(await call(first, 'a', { end })).toMatchObject({ outcome, isReplay: false })
      expect(await call(first, 'a')).toMatchObject({ outcome, isReplay: true })
      expect(count()).toBe(0)
    })

    test('a handler that throws is rolled back and recorded; the others of its group stand', async () => {
      const { call, count } = await opened()
      const [bad, good] = await Promise.all([call(first, 'a', { throws: 'by mistake' }), call(first + 1, 'b')])
      expect(bad).toMatchObject({ outcome: { kind: 'failure', code: 'internal-error', executed: 'never' } })
      expect(good).toMatchObject({ outcome: { kind: 'reply' } })
      expect(await call(first, 'a')).toMatchObject({ isReplay: true, outcome: { code: 'internal-error' } })
      expect(count()).toBe(1)
    })

    test('RESOLVE answers with the record, or buries the call for good', async () => {
      const { call, count, ledger, session } = await opened()
      await call(first, 'a')
      const ask = (number: number): Promise<Answer> =>
        ledger.resolve({ session, number, epoch: 1, firstUnacked: first, principal: '' })
      expect(await ask(first)).toMatchObject({ outcome: { kind: 'reply', bytes: one('a') } })
      expect(await ask(first + 1)).toMatchObject({ outcome: { kind: 'failure', code: 'withdrawn', executed: 'never' } })
      expect(await call(first + 1, 'late')).toMatchObject({ isReplay: true, outcome: { code: 'withdrawn' } })
      expect(count()).toBe(1)
    })

    test('an unknown session, another principal, a lower epoch: refused, never executed', async () => {
      const { call, count, ledger, session } = await opened()
      expect(await call(first, 'a', { session: fresh(99) })).toMatchObject({ code: 'session-expired' })
      expect(await call(first, 'a', { principal: 'mallory' })).toMatchObject({ code: 'denied' })
      await ledger.open({
        resume: session,
        fresh: fresh(2),
        principal: '',
        epoch: 2,
        instance: 'two',
        highest: 0,
        leaseMs: 1e6,
      })
      expect(await call(first, 'a')).toMatchObject({ code: 'fenced' })
      expect(await call(2 * epochStride + 1, 'a', { epoch: 2 })).toMatchObject({ kind: 'outcome' })
      expect(count()).toBe(1)
    })

    test('taking a session over: epoch, instance, and the journal that is behind', async () => {
      const { call, ledger, session } = await opened()
      await call(first + 4, 'a')
      const take = (epoch: number, instance: string, highest: number) =>
        ledger.open({ resume: session, fresh: fresh(2), principal: '', epoch, instance, highest, leaseMs: 1e6 })
      expect(await take(1, 'one', 0)).toMatchObject({ kind: 'opened', id: session }) // a reconnection
      expect(await take(1, 'clone', first + 4)).toMatchObject({ code: 'fenced' })
      expect(await take(2, 'two', first + 3)).toMatchObject({ code: 'journal-behind' })
      expect(await take(2, 'two', first + 4)).toMatchObject({ kind: 'opened', epoch: 2 })
      expect(await take(1, 'one', first + 4)).toMatchObject({ code: 'fenced' })
    })

    test('other arguments under one xid', async () => {
      const { call } = await opened()
      await call(first, 'a')
      expect(await call(first, 'a', { fingerprint: one('other') })).toMatchObject({ code: 'xid-reused' })
    })

    test('a key makes calls of two sessions one, and remembers for callers without a session', async () => {
      const { call, count, ledger } = await opened()
      const idempotency = { key: 'order-42', fingerprint: one('f') }
      const second = await ledger.open({
        resume: undefined,
        fresh: fresh(7),
        principal: '',
        epoch: 1,
        instance: 'x',
        highest: 0,
        leaseMs: 1e6,
      })
      expect(second).toMatchObject({ kind: 'opened' })
      await call(first, 'a', { idempotency })
      expect(await call(first, 'b', { idempotency, session: fresh(7) })).toMatchObject({
        isReplay: true,
        outcome: { bytes: one('a') },
      })
      expect(await call(0, 'c', { idempotency, session: undefined })).toMatchObject({
        isReplay: true,
        outcome: { bytes: one('a') },
      })
      const reused = { key: 'order-42', fingerprint: one('other') }
      expect(await call(first + 1, 'd', { idempotency: reused })).toMatchObject({
        outcome: { code: 'key-reused', executed: 'never' },
      })
      // What was answered is recorded under the xid: asked again without the key it is the same.
      expect(await call(first + 1, 'd')).toMatchObject({ isReplay: true, outcome: { code: 'key-reused' } })
      expect(count()).toBe(1)
    })

    test('a key outlives acknowledgement and session, and is free again after a failure', async () => {
      const { call, count, ledger, session } = await opened()
      const idempotency = { key: 'k', fingerprint: one('f') }
      await call(first, 'a', { idempotency, throws: 'at first' })
      await call(first + 1, 'b', { idempotency })
      await ledger.acknowledge({ session, epoch: 1, firstUnacked: first + 2, principal: '' })
      await ledger.bye({ session, epoch: 1, highest: first + 1, principal: '' })
      expect(await call(0, 'c', { idempotency, session: undefined })).toMatchObject({
        isReplay: true,
        outcome: { bytes: one('b') },
      })
      expect(count()).toBe(1)
    })

    test('a full window refuses, and executes when there is room', async () => {
      const { call, ledger } = await opened()
      const { window } = ledger.limits
      for (let n = 0; n < window; n++) await call(first + n, 'x')
      expect(await call(first + window, 'x')).toMatchObject({ kind: 'refused', code: 'window' })
      expect(await call(first + window, 'x', { firstUnacked: first + 1 })).toMatchObject({ kind: 'outcome' })
    })

    test('BYE ends a session only if it knows everything', async () => {
      const { call, ledger, session } = await opened()
      await call(first, 'a')
      const bye = (highest: number) => ledger.bye({ session, epoch: 1, highest, principal: '' })
      await bye(first) // a live record is left
      expect(await call(first, 'a')).toMatchObject({ isReplay: true })
      await ledger.acknowledge({ session, epoch: 1, firstUnacked: first + 1, principal: '' })
      await bye(first - 1) // an old BYE
      expect(await call(first, 'a')).toMatchObject({ code: 'stale' })
      await bye(first)
      expect(await call(first + 1, 'a')).toMatchObject({ code: 'session-expired' })
    })

    test('20,000 acknowledged calls leave nothing', async () => {
      const { call, ledger, session, count } = await opened()
      const size = ledger.limits.window
      for (let n = 0; n < 20_000; n += size) {
        const group = Array.from({ length: size }, (_, i) => call(first + n + i, 'x', { firstUnacked: first + n }))
        await Promise.all(group)
      }
      await ledger.acknowledge({ session, epoch: 1, firstUnacked: first + 20_000, principal: '' })
      expect(await ledger.countRecords(session)).toBe(0)
      expect(count()).toBe(20_000) // 625 windows of 32
    }, 60_000)

    test('a closed ledger says so', async () => {
      const { call, ledger } = await opened()
      await ledger.close()
      const error = (await call(first, 'a').catch((thrown: unknown) => thrown)) as OncewireError
      expect(error.code).toBe('ledger-failed')
    })
  })
}

type Overrides = Partial<LedgerCall> & { readonly end?: HandlerEnd; readonly throws?: string }
interface Calls {
  readonly session: SessionId
  /** A call whose handler increments, then ends. */
  call(number: number, word: string, overrides?: Overrides): Promise<Answer>
}

/** A session in epoch 1, opened with the first call. */
function callsOf<Tx>({ ledger, increment }: ContractSubject<Tx>): Calls {
  const session = fresh(1)
  let isOpen: Promise<unknown> | undefined
  return {
    session,
    async call(number, word, { end, throws, ...overrides } = {}) {
      isOpen ??= ledger.open({
        resume: undefined,
        fresh: session,
        principal: '',
        epoch: 1,
        instance: 'one',
        highest: 0,
        leaseMs: 1e6,
      })
      await isOpen
      const call: LedgerCall = {
        session,
        number,
        epoch: 1,
        firstUnacked: first,
        principal: '',
        method: 'Test.call',
        fingerprint: one('same'),
        idempotency: undefined,
        ...overrides,
      }
      return ledger.execute(call, (tx) => {
        increment(tx)
        if (throws !== undefined) throw new Error(throws)
        return end ?? reply(word)
      })
    },
  }
}
