/**
 * What every ledger must do, as tests: protocol sections 1 to 3 seen from outside. A new ledger passes it unchanged.
 * External effects: intent-contract.ts.
 */
import { describe, expect, test } from 'vitest'
import type { OncewireError } from '../errors/oncewire-error.ts'
import { epochStride } from '../once/frame.ts'
import type { HandlerEnd } from '../once/ledger.ts'
import {
  bytesOf,
  type ContractSubject,
  expectKept,
  first,
  idOf,
  keyOf,
  leaseMs,
  type OpenSubject,
  replied,
  type Subject,
  uuid7,
  withCalls,
} from './calls-contract.ts'
import { intentContract } from './intent-contract.ts'
import type { LedgerOptions } from './limits.ts'

export type { ContractSubject } from './calls-contract.ts'

const withdrawn = { outcome: { kind: 'failure', code: 'withdrawn', executed: 'never' } }

/** `open` makes a new, empty ledger with these limits. `manyCalls`: as many as take a second or two. */
export function ledgerContract<Tx>(name: string, open: OpenSubject<Tx>, { manyCalls = 20_000 } = {}): void {
  const opened = async (limits: LedgerOptions = {}): Promise<Subject<Tx>> =>
    withCalls(await open({ window: 32, ...limits }))
  describe(`${name}: the ledger contract`, () => {
    describe('records', () => recordContract(opened, manyCalls))
    describe('sessions', () => sessionContract(opened))
    describe('quotas', () => quotaContract(opened))
    describe('keys', () => keyContract(opened))
    describe('poison', () => poisonContract(opened))
    describe('external effects', () => intentContract(opened))
  })
}

type Opened<Tx> = (limits?: LedgerOptions) => Promise<Subject<Tx>>

function recordContract<Tx>(opened: Opened<Tx>, manyCalls: number): void {
  test('a call executes once; its duplicate gets the same bytes', async () => {
    const { call, count } = await opened()
    const outcome = { kind: 'reply', bytes: bytesOf('a') }
    expect(await call(first, 'a')).toMatchObject({ kind: 'outcome', isReplay: false, outcome })
    expect(await call(first, 'a')).toMatchObject({ kind: 'outcome', isReplay: true, outcome })
    expect(await count()).toBe(1)
  })

  test('duplicates that arrive together execute once', async () => {
    const { call, count } = await opened()
    const answers = await Promise.all([call(first, 'a'), call(first, 'a'), call(first + 1, 'b'), call(first, 'a')])
    const replays = answers.filter((answer) => answer.kind === 'outcome' && answer.isReplay)
    expect(replays).toHaveLength(2)
    expect(await count()).toBe(2)
  })

  test('what was acknowledged is forgotten, and a late copy of it is stale', async () => {
    const subject = await opened()
    await subject.call(first, 'a')
    await subject.acknowledge(first + 1)
    await expectKept(subject, 0)
    expect(await subject.call(first, 'a')).toMatchObject({ kind: 'refused', code: 'stale' })
    expect(await subject.count()).toBe(1)
  })

  test('firstUnacked travels with calls and never goes down; dead records are at most a window', async () => {
    const subject = await opened()
    const { call, ledger } = subject
    for (let n = 0; n < 100; n++) {
      await call(first + n, 'x', { firstUnacked: first + n })
      expect((await ledger.keptOf('')).records).toBeLessThanOrEqual(1 + ledger.limits.window)
    }
    await call(first + 100, 'x', { firstUnacked: first })
    expect(await call(first + 3, 'x', { firstUnacked: first })).toMatchObject({ code: 'stale' })
    expect(await subject.count()).toBe(101)
  })

  test('only the holder acknowledges, and no call beyond itself', async () => {
    const subject = await opened()
    await subject.call(first, 'a')
    await subject.acknowledge(first + 1, 'mallory')
    expect(await subject.call(first, 'a')).toMatchObject({ isReplay: true })
    for (const beyond of [2, 200]) {
      const lie = { firstUnacked: first + beyond }
      expect(await subject.call(first + 1, 'b', lie)).toMatchObject({ code: 'malformed' })
    }
    expect(await subject.call(first, 'a')).toMatchObject({ isReplay: true })
  })

  test('a declared exception is an outcome, and its effects are rolled back', async () => {
    const { call, count } = await opened()
    const outcome = { kind: 'exception', bytes: bytesOf('no') } as const
    const end: HandlerEnd = { outcome, keepsEffects: false }
    expect(await call(first, 'a', { end })).toMatchObject({ outcome, isReplay: false })
    expect(await call(first, 'a')).toMatchObject({ outcome, isReplay: true })
    expect(await count()).toBe(0)
  })

  test('a handler that throws is rolled back and recorded; the others beside it stand', async () => {
    const { call, count } = await opened()
    const [bad, good] = await Promise.all([call(first, 'a', { throws: 'by mistake' }), call(first + 1, 'b')])
    expect(bad).toMatchObject({ outcome: { kind: 'failure', code: 'internal-error', executed: 'never' } })
    expect(good).toMatchObject({ outcome: { kind: 'reply' } })
    expect(await call(first, 'a')).toMatchObject({ isReplay: true, outcome: { code: 'internal-error' } })
    expect(await count()).toBe(1)
  })

  test('RESOLVE answers the record, or leaves a tombstone, after which the call never runs', async () => {
    const { call, count, ask } = await opened()
    await call(first, 'a')
    expect(await ask(first)).toMatchObject({ outcome: { kind: 'reply', bytes: bytesOf('a') } })
    expect(await ask(first, { fingerprint: bytesOf('other') })).toMatchObject({ code: 'xid-reused' })
    expect(await ask(first + 1)).toMatchObject(withdrawn)
    expect(await call(first + 1, 'late')).toMatchObject({ isReplay: true, ...withdrawn })
    expect(await count()).toBe(1)
  })

  test('other arguments under one xid', async () => {
    const { call } = await opened()
    await call(first, 'a')
    expect(await call(first, 'a', { fingerprint: bytesOf('other') })).toMatchObject({ code: 'xid-reused' })
  })

  test('a call whose deadline passed is refused before it runs, and speaks of this delivery only', async () => {
    const { call, count } = await opened()
    expect(await call(first, 'a', { deadlineAtMs: 0 })).toMatchObject({ kind: 'refused', code: 'deadline' })
    expect(await count()).toBe(0)
    expect(await call(first, 'a')).toMatchObject({ isReplay: false })
    expect(await call(first, 'a', { deadlineAtMs: 0 })).toMatchObject({ isReplay: true }) // what is known is told
  })

  test(`${manyCalls} acknowledged calls leave nothing`, async () => {
    const subject = await opened()
    const { call, ledger } = subject
    const size = ledger.limits.window
    let done = 0
    for (; done < manyCalls; done += size) {
      const from = first + done
      await Promise.all(Array.from({ length: size }, (_, i) => call(from + i, 'x', { firstUnacked: from })))
    }
    await subject.acknowledge(first + done)
    await expectKept(subject, 0)
    expect(await subject.count()).toBe(done)
  }, 60_000)

  test('a closed ledger says so', async () => {
    const { call, ledger } = await opened()
    await ledger.close()
    const error = (await call(first, 'a').catch((thrown: unknown) => thrown)) as OncewireError
    expect(error.code).toBe('ledger-failed')
  })
}

function sessionContract<Tx>(opened: Opened<Tx>): void {
  test('an unknown session, another principal, a lower epoch: refused, never executed', async () => {
    const { call, count, take } = await opened()
    expect(await call(first, 'a', { session: idOf(99) })).toMatchObject({ code: 'session-expired' })
    expect(await call(first, 'a', { principal: 'mallory' })).toMatchObject({ code: 'denied' })
    await take(2, 'two', 0)
    expect(await call(first, 'a')).toMatchObject({ code: 'fenced' })
    expect(await call(2 * epochStride + 1, 'a', { epoch: 2 })).toMatchObject({ kind: 'outcome' })
    expect(await count()).toBe(1)
  })

  test('nobody else can take a session over, or fence it', async () => {
    const { call, take } = await opened()
    await call(first, 'a')
    expect(await take(7, 'mallory', first, 'mallory')).toMatchObject({ code: 'denied' })
    expect(await call(first + 1, 'b')).toMatchObject({ kind: 'outcome' })
  })

  test('taking a session over: epoch, instance, and the journal that is behind', async () => {
    const { call, take, session } = await opened()
    await call(first + 4, 'a')
    expect(await take(1, 'one', 0)).toMatchObject({ kind: 'opened', id: session }) // a reconnection
    expect(await take(1, 'clone', first + 4)).toMatchObject({ code: 'fenced' })
    expect(await take(2, 'two', first + 3)).toMatchObject({ code: 'journal-behind' })
    expect(await take(2, 'two', first + 4)).toMatchObject({ kind: 'opened', epoch: 2 })
    expect(await take(1, 'one', first + 4)).toMatchObject({ code: 'fenced' })
  })

  test('a silent session is forgotten with its records when its lease ends; its calls never run again', async () => {
    const subject = await opened()
    const { call, take, age } = subject
    await call(first, 'a')
    await age(leaseMs)
    expect(await call(first, 'a')).toMatchObject({ code: 'session-expired' })
    expect(await take(2, 'two', first)).toMatchObject({ code: 'session-expired' })
    await expectKept(subject, 0)
    expect(await subject.count()).toBe(1)
  })

  test('calls, acknowledgements and HELLO begin the lease anew', async () => {
    const { call, take, age, acknowledge } = await opened()
    await call(first, 'a')
    await age(leaseMs * 0.6)
    await call(first + 1, 'b')
    await age(leaseMs * 0.6)
    await acknowledge(first + 1)
    await age(leaseMs * 0.6)
    await take(1, 'one', first + 1)
    await age(leaseMs * 0.6)
    expect(await call(first + 1, 'b')).toMatchObject({ isReplay: true })
  })

  test('sessions of clients that never came back are found and forgotten as others come', async () => {
    const subject = await opened()
    for (let n = 0; n < 40; n++) {
      await subject.openSession(idOf(100 + n), 'gone')
      await subject.call(first, 'x', { session: idOf(100 + n), principal: 'gone' })
    }
    await expectKept(subject, 40, 'gone')
    await subject.age(leaseMs)
    for (let n = 0; n < 10; n++) await subject.openSession(idOf(200 + n))
    await expectKept(subject, 0, 'gone')
  })

  test('BYE ends a session only if it knows everything', async () => {
    const { call, ledger, session, acknowledge } = await opened()
    await call(first, 'a')
    const bye = (highest: number) => ledger.bye({ session, epoch: 1, highest, principal: '' })
    await bye(first) // a live record is left
    expect(await call(first, 'a')).toMatchObject({ isReplay: true })
    await acknowledge(first + 1)
    await bye(first - 1) // an old BYE
    expect(await call(first, 'a')).toMatchObject({ code: 'stale' })
    await bye(first)
    expect(await call(first + 1, 'a')).toMatchObject({ code: 'session-expired' })
  })
}

function quotaContract<Tx>(opened: Opened<Tx>): void {
  test('a full window refuses, and executes when there is room', async () => {
    const { call, ledger } = await opened()
    const { window } = ledger.limits
    for (let n = 0; n < window; n++) await call(first + n, 'x')
    expect(await call(first + window, 'x')).toMatchObject({ kind: 'refused', code: 'window' })
    expect(await call(first + window, 'x', { firstUnacked: first + 1 })).toMatchObject({ kind: 'outcome' })
  })

  test('the oldest open call has room, however many behind it are done: else nothing could be acknowledged any more', async () => {
    const { call, ledger } = await opened()
    const { window } = ledger.limits
    const firstUnacked = first
    for (let n = 1; n <= window; n++) await call(first + n, 'x', { firstUnacked })
    expect(await call(first + window + 1, 'x', { firstUnacked })).toMatchObject({ kind: 'refused', code: 'window' })
    expect(await call(first, 'x', { firstUnacked })).toMatchObject({ kind: 'outcome', isReplay: false })
  })

  test('records of a principal, over all its sessions: at the limit and one beyond; nothing is evicted', async () => {
    const subject = await opened({ recordsMax: 20 })
    const { call, openSession, acknowledge, ask } = subject
    await openSession(idOf(7))
    for (let n = 0; n < 10; n++) await call(first + n, 'x')
    for (let n = 0; n < 10; n++) await call(first + n, 'x', { session: idOf(7) })
    expect(await call(first + 10, 'x')).toMatchObject({ kind: 'refused', code: 'overloaded' })
    expect(await ask(first + 10)).toMatchObject({ code: 'overloaded' }) // a tombstone is a record
    await openSession(idOf(8), 'bob')
    expect(await call(first, 'x', { session: idOf(8), principal: 'bob' })).toMatchObject({ kind: 'outcome' })
    expect(await call(first, 'x')).toMatchObject({ isReplay: true })
    await acknowledge(first + 1)
    expect(await call(first + 10, 'x', { firstUnacked: first + 1 })).toMatchObject({ kind: 'outcome' })
    expect(await subject.count()).toBe(22)
  })

  test('bytes of a principal', async () => {
    const { call, ledger, acknowledge } = await opened({ recordBytesMax: 1000 })
    const end = replied('x'.repeat(600))
    await call(first, '', { end })
    await call(first + 1, '', { end })
    expect(await ledger.keptOf('')).toEqual({ records: 2, bytes: 1200 })
    expect(await call(first + 2, '', { end })).toMatchObject({ code: 'overloaded' })
    await acknowledge(first + 1)
    expect(await call(first + 2, '', { end })).toMatchObject({ kind: 'outcome' })
    await acknowledge(first + 3)
    expect(await ledger.keptOf('')).toEqual({ records: 0, bytes: 0 })
  })
}

function keyContract<Tx>(opened: Opened<Tx>): void {
  const idempotency = keyOf('order-42')

  test('a key makes calls of two sessions one, and remembers for callers without a session', async () => {
    const { call, count, openSession } = await opened()
    await openSession(idOf(7))
    const a = { isReplay: true, outcome: { bytes: bytesOf('a') } }
    await call(first, 'a', { idempotency })
    expect(await call(first, 'b', { idempotency, session: idOf(7) })).toMatchObject(a)
    expect(await call(0, 'c', { idempotency, session: undefined })).toMatchObject(a)
    const reused = { outcome: { code: 'key-reused', executed: 'never' } }
    expect(await call(first + 1, 'd', { idempotency: keyOf('order-42', 'other') })).toMatchObject(reused)
    // What was answered is recorded under the xid: asked again without the key it is the same (H6, H8).
    expect(await call(first + 1, 'd')).toMatchObject({ isReplay: true, ...reused })
    expect(await call(first, 'b', { session: idOf(7) })).toMatchObject(a)
    expect(await count()).toBe(1)
  })

  test('keys belong to a principal and a method', async () => {
    const { call, count, openSession } = await opened()
    await openSession(idOf(8), 'bob')
    await call(first, 'a', { idempotency })
    const ran = { isReplay: false }
    expect(await call(first, 'b', { idempotency, session: idOf(8), principal: 'bob' })).toMatchObject(ran)
    expect(await call(first + 1, 'c', { idempotency: { ...idempotency, method: 'Test.other' } })).toMatchObject(ran)
    expect(await count()).toBe(3)
  })

  test('a key outlives acknowledgement and session (H6), and is free again after a failure', async () => {
    const { call, count, ledger, session, acknowledge } = await opened()
    await call(first, 'a', { idempotency, throws: 'at first' })
    await call(first + 1, 'b', { idempotency })
    await acknowledge(first + 2)
    await ledger.bye({ session, epoch: 1, highest: first + 1, principal: '' })
    expect(await call(0, 'c', { idempotency, session: undefined })).toMatchObject({
      isReplay: true,
      outcome: { bytes: bytesOf('b') },
    })
    expect(await count()).toBe(1)
  })

  test('RESOLVE looks at the key too: the call may have run under another xid', async () => {
    const { call, count, ask, openSession } = await opened()
    await openSession(idOf(7))
    await call(first, 'a', { idempotency })
    const a = { outcome: { bytes: bytesOf('a') } }
    expect(await ask(first, { session: idOf(7), idempotency })).toMatchObject(a)
    expect(await call(first, 'late', { session: idOf(7), idempotency })).toMatchObject(a)
    expect(await ask(first + 1, { session: idOf(7), idempotency: keyOf('another') })).toMatchObject(withdrawn)
    expect(await count()).toBe(1)
  })

  test('a key is remembered for its retention; after that the call is new', async () => {
    const { call, count, age, ledger } = await opened()
    const { keyRetentionMs } = ledger.limits
    await call(first, 'a', { idempotency })
    await age(keyRetentionMs - 60_000)
    expect(await call(0, 'b', { idempotency, session: undefined })).toMatchObject({ isReplay: true })
    await age(60_000)
    expect(await call(0, 'c', { idempotency, session: undefined })).toMatchObject({ isReplay: false })
    expect(await count()).toBe(2)
  })

  test('a key that carries its time and is older than the retention is refused, not run again', async () => {
    const { call, count, ledger } = await opened()
    const { keyRetentionMs } = ledger.limits
    const young = keyOf(uuid7(Date.now() - keyRetentionMs + 60_000))
    const old = keyOf(uuid7(Date.now() - keyRetentionMs - 60_000))
    expect(await call(first, 'a', { idempotency: young })).toMatchObject({ isReplay: false })
    for (const session of [idOf(1), undefined]) {
      expect(await call(first + 1, 'b', { idempotency: old, session })).toMatchObject({ code: 'key-expired' })
    }
    // Under its xid the outcome is known, however old the key has become.
    expect(await call(first, 'a', { idempotency: old })).toMatchObject({ isReplay: true })
    expect(await count()).toBe(1)
  })

  test('a key made by a clock that is ahead is not forgotten while it looks young', async () => {
    const { call, count, age, ledger } = await opened()
    const { keyRetentionMs } = ledger.limits
    const ahead = keyOf(uuid7(Date.now() + keyRetentionMs / 2))
    await call(first, 'a', { idempotency: ahead })
    await age(keyRetentionMs + 1000)
    expect(await call(0, 'b', { idempotency: ahead, session: undefined })).toMatchObject({ isReplay: true })
    expect(await count()).toBe(1)
  })

  test('expired keys go as new ones come', async () => {
    const { call, age, ledger } = await opened()
    const write = async (from: number, count: number): Promise<void> => {
      for (let n = from; n < from + count; n += 50) {
        const group = Array.from({ length: 50 }, (_, i) =>
          call(0, 'x', { session: undefined, idempotency: keyOf(`k${n + i}`) }),
        )
        await Promise.all(group)
      }
    }
    await write(0, 250)
    await age(ledger.limits.keyRetentionMs)
    await write(1000, 250)
    expect((await ledger.held()).keys).toBeLessThanOrEqual(250 + 128)
  })
}

function poisonContract<Tx>(opened: Opened<Tx>): void {
  /** The call arrives, its handler begins, and the process dies. */
  async function crashIn(subject: Subject<Tx>, number: number, attempt: number): Promise<Subject<Tx>> {
    let left: Promise<ContractSubject<Tx>> | undefined
    await subject.ledger
      .execute(subject.callOf(number, { attempt }), () => {
        left = subject.afterCrash()
        return replied('never seen')
      })
      .catch(() => {})
    return withCalls(await (left ?? expect.fail('the handler was not called')), false)
  }

  test('a call that kills every server that runs it is poisoned at last, and nothing of it stands (H14)', async () => {
    let subject = await opened()
    await subject.call(first, 'before')
    // Two attempts are not counted, five more are.
    for (let attempt = 1; attempt <= 7; attempt++) subject = await crashIn(subject, first + 1, attempt)
    const poisoned = { outcome: { kind: 'failure', code: 'poisoned', executed: 'never' } }
    expect(await subject.call(first + 1, 'killer', { attempt: 8 })).toMatchObject({ isReplay: false, ...poisoned })
    expect(await subject.call(first + 1, 'killer', { attempt: 1 })).toMatchObject({ isReplay: true, ...poisoned })
    expect(await subject.call(first + 2, 'after')).toMatchObject({ outcome: { kind: 'reply' } })
    expect(await subject.count()).toBe(2)
  })

  test('any end but a crash is not counted', async () => {
    let subject = await opened()
    await subject.call(first, 'before')
    for (let crash = 1; crash <= 4; crash++) subject = await crashIn(subject, first + 1, 3)
    for (let late = 0; late < 5; late++) {
      const answer = await subject.call(first + 1, 'x', { attempt: 3, deadlineAtMs: 0 })
      expect(answer).toMatchObject({ kind: 'refused', code: 'deadline' })
    }
    expect(await subject.call(first + 1, 'x', { attempt: 3 })).toMatchObject({ outcome: { kind: 'reply' } })
  })
}
