/**
 * What every ledger must do for external effects, as tests (protocol section 2, H5). Part of the ledger contract.
 */
import { expect, test } from 'vitest'
import { notPerformed, type ServerIdentity } from '../once/intent.ts'
import type { LedgerCall } from '../once/ledger.ts'
import type { Outcome } from '../once/outcome.ts'
import { bytesOf, first, idOf, keyOf, leaseMs, type Subject, withCalls } from './calls-contract.ts'
import type { LedgerOptions } from './limits.ts'

const paid: Outcome = { kind: 'reply', bytes: bytesOf('paid') }
const server: ServerIdentity = { name: 'atm-1', incarnation: 'life-1' }
const stillRunning = { kind: 'refused', code: 'still-running' }
const effectUnknown = { kind: 'refused', code: 'effect-unknown' }

export function intentContract<Tx>(opened: (limits?: LedgerOptions) => Promise<Subject<Tx>>): void {
  /** A ledger with a session, and with what a server does before it performs. */
  const begun = async (limits?: LedgerOptions) => {
    const subject = await opened(limits)
    await subject.openSession(subject.session)
    return { ...subject, ...effectsOf(subject) }
  }

  test('look, intend, complete: the outcome is recorded, and replayed to all that ask', async () => {
    const { intend, ledger, callOf, ask } = await begun()
    const intent = await intend(first)
    expect(await ledger.complete(intent, paid)).toMatchObject({ kind: 'outcome', isReplay: false, outcome: paid })
    expect(await ledger.look(callOf(first))).toMatchObject({ isReplay: true, outcome: paid })
    expect(await ask(first)).toMatchObject({ isReplay: true, outcome: paid })
    expect(await ledger.intents()).toEqual([])
  })

  test('looking admits nothing: the rules are decided again when the intent is written (H1)', async () => {
    const { look, ledger, callOf, ask, intentOf } = await begun()
    const seen = await look(first)
    await ask(first) // a tombstone comes between
    expect(await ledger.intend(callOf(first), intentOf(seen))).toMatchObject({ outcome: { code: 'withdrawn' } })
    expect(await ledger.intents()).toEqual([])
  })

  test('an open intent: copies are told to come back, and RESOLVE waits, writing nothing over it', async () => {
    const { intend, ledger, callOf, ask } = await begun()
    const intent = await intend(first)
    expect(await ledger.look(callOf(first))).toMatchObject(stillRunning)
    expect(await ask(first)).toMatchObject(stillRunning)
    await ledger.complete(intent, paid)
    expect(await ask(first)).toMatchObject({ outcome: paid })
  })

  test('what was intended is there after a crash: who, what, with which evidence', async () => {
    const subject = await begun()
    await subject.intend(first, { principal: '', idempotency: keyOf('order-42'), object: 'Atm\0north' })
    const { ledger } = withCalls(await subject.afterCrash(), false)
    expect(await ledger.intents()).toMatchObject([
      {
        state: 'open',
        session: subject.session,
        number: first,
        principal: '',
        method: 'Test.call',
        idempotencyKey: 'order-42',
        name: 'atm-1',
        incarnation: 'life-1',
        arguments: bytesOf('arguments'),
        evidence: bytesOf('evidence'),
      },
    ])
  })

  test('after a crash a call with an open intent is not performed again, whatever comes', async () => {
    const subject = await begun()
    await subject.intend(first)
    const next = withCalls(await subject.afterCrash(), false)
    expect(await next.ledger.look(next.callOf(first, { attempt: 9 }))).toMatchObject(stillRunning)
    const [open] = await next.ledger.intents()
    expect(await next.ledger.complete(open?.id as number, notPerformed)).toMatchObject({
      outcome: { code: 'not-performed', executed: 'never' },
    })
    expect(await next.ledger.look(next.callOf(first))).toMatchObject({ isReplay: true, outcome: notPerformed })
  })

  test('a completion goes over an open intent only: the second hears what the first said', async () => {
    const { intend, ledger, ask } = await begun()
    const intent = await intend(first)
    await ledger.complete(intent, notPerformed)
    expect(await ledger.complete(intent, paid)).toMatchObject({ isReplay: true, outcome: notPerformed })
    expect(await ask(first)).toMatchObject({ outcome: notPerformed })
  })

  test('unknown is told to every caller, until an operator settles it, once', async () => {
    const { intend, ledger, callOf, ask } = await begun()
    const intent = await intend(first)
    expect(await ledger.complete(intent, { kind: 'unknown' })).toMatchObject(effectUnknown)
    expect(await ledger.look(callOf(first))).toMatchObject(effectUnknown)
    expect(await ask(first)).toMatchObject(effectUnknown)
    expect(await ledger.complete(intent, paid)).toMatchObject(effectUnknown)
    expect(await ledger.intents()).toMatchObject([{ id: intent, state: 'unknown' }])
    const settled: Outcome = { kind: 'failure', code: 'settled', executed: 'once', message: 'seen on the tape' }
    expect(await ledger.complete(intent, settled, { settles: true })).toMatchObject({ outcome: settled })
    expect(await ask(first)).toMatchObject({ outcome: settled })
    expect(await ledger.complete(intent, notPerformed, { settles: true })).toMatchObject({ outcome: settled })
    expect(await ledger.intents()).toEqual([])
  })

  test('a key: while the effect is open others with it come back, then they hear its outcome', async () => {
    const { intend, ledger, callOf, openSession, acknowledge } = await begun()
    const idempotency = keyOf('order-42')
    await openSession(idOf(7))
    const second = callOf(first, { session: idOf(7), idempotency })
    const intent = await intend(first, { idempotency })
    expect(await ledger.look(second)).toMatchObject(stillRunning)
    expect(
      await ledger.look(callOf(first, { session: idOf(7), idempotency: keyOf('order-42', 'other') })),
    ).toMatchObject({
      outcome: { code: 'key-reused' },
    })
    await ledger.complete(intent, paid)
    await acknowledge(first + 1)
    expect(await ledger.look({ ...second, number: first + 1 })).toMatchObject({ isReplay: true, outcome: paid })
  })

  test('a key is free again when nothing happened, and not while nobody knows', async () => {
    const { intend, ledger, callOf } = await begun()
    const idempotency = keyOf('order-42')
    const intent = await intend(first, { idempotency })
    await ledger.complete(intent, { kind: 'unknown' })
    expect(await ledger.look(callOf(first + 1, { idempotency }))).toMatchObject(effectUnknown)
    await ledger.complete(intent, notPerformed, { settles: true })
    expect(await ledger.look(callOf(first + 1, { idempotency }))).toMatchObject({ kind: 'admitted' })
  })

  test('effects on one object run one at a time; evidence that another overtook is prepared again', async () => {
    const { look, intend, ledger, callOf, intentOf } = await begun()
    const object = 'Atm\0north'
    const early = await look(first + 1, { object })
    const intent = await intend(first, { object })
    expect(await ledger.look(callOf(first + 2, { object }))).toEqual({ kind: 'busy' })
    expect(await ledger.look(callOf(first + 2, { object: 'Atm\0south' }))).toMatchObject({ kind: 'admitted' })
    expect(await ledger.intend(callOf(first + 1, { object }), intentOf(early))).toEqual({ kind: 'overtaken' })
    await ledger.complete(intent, paid)
    // Over by now, but its effect is not in that evidence.
    expect(await ledger.intend(callOf(first + 1, { object }), intentOf(early))).toEqual({ kind: 'overtaken' })
    expect(await intend(first + 1, { object })).toBeGreaterThan(intent)
  })

  test('an open intent keeps its session, whose client will want to know', async () => {
    const { intend, ledger, callOf, age } = await begun()
    const intent = await intend(first)
    await age(leaseMs)
    expect(await ledger.look(callOf(first))).toMatchObject(stillRunning)
    await ledger.complete(intent, paid)
    expect(await ledger.look(callOf(first))).toMatchObject({ outcome: paid })
  })

  test('a caller without a session: nobody can ask again, but the intent is there for the operator', async () => {
    const { intend, afterCrash } = await begun()
    await intend(1, { session: undefined })
    const next = withCalls(await afterCrash(), false)
    const [open] = await next.ledger.intents()
    expect(open).toMatchObject({ session: undefined, state: 'open' })
    expect(await next.ledger.complete(open?.id as number, paid)).toMatchObject({ outcome: paid })
    expect(await next.ledger.intents()).toEqual([])
  })

  test('arguments and evidence of open intents count against the quota, and no longer when they are over', async () => {
    const { intend, ledger } = await begun({ recordBytesMax: 1000 })
    const intent = await intend(first)
    expect(await ledger.keptOf('')).toEqual({ records: 1, bytes: 'argumentsevidence'.length })
    await ledger.complete(intent, paid)
    expect(await ledger.keptOf('')).toEqual({ records: 1, bytes: 'paid'.length })
  })

  test('many effects leave no more than a thousand traces', async () => {
    const { intend, ledger, acknowledge } = await begun()
    const size = ledger.limits.window
    for (let n = 0; n < 1120; n += size) {
      const group = Array.from({ length: size }, async (_, i) =>
        ledger.complete(await intend(first + n + i, { firstUnacked: first + n }), paid),
      )
      await Promise.all(group)
    }
    await acknowledge(first + 1120)
    const { records, intents } = await ledger.held()
    expect(records).toBe(0)
    expect(intents).toBeLessThanOrEqual(1000 + size)
  }, 60_000)

  test('one living server a name; a name is free again when its server is gone', async () => {
    const { ledger } = await begun()
    const claim = await ledger.claim(server)
    await expect(ledger.claim({ ...server, incarnation: 'life-2' })).rejects.toMatchObject({
      code: 'server-name-taken',
    })
    const other = await ledger.claim({ name: 'atm-2', incarnation: 'x' })
    await claim.release()
    await other.release()
    await (await ledger.claim({ ...server, incarnation: 'life-2' })).release()
  })
}

interface Effects {
  look(number: number, overrides?: Partial<LedgerCall>): Promise<number>
  intentOf(seen: number): Parameters<Subject<unknown>['ledger']['intend']>[1]
  intend(number: number, overrides?: Partial<LedgerCall>): Promise<number>
}

function effectsOf<Tx>({ ledger, callOf }: Subject<Tx>): Effects {
  const intentOf: Effects['intentOf'] = (seen) => ({
    ...server,
    arguments: bytesOf('arguments'),
    evidence: bytesOf('evidence'),
    seen,
  })
  const look: Effects['look'] = async (number, overrides) => {
    const looked = await ledger.look(callOf(number, overrides))
    return looked.kind === 'admitted' ? looked.seen : expect.fail(`call ${number} was not admitted`)
  }
  return {
    look,
    intentOf,
    async intend(number, overrides) {
      const seen = await look(number, overrides)
      const intended = await ledger.intend(callOf(number, overrides), intentOf(seen))
      return intended.kind === 'intended' ? intended.intent : expect.fail(`call ${number} was not intended`)
    },
  }
}
