/**
 * Goal: what the client machine sends, writes down and tells, rule by rule. Method: step by step, reading its outputs.
 */
import { describe, expect, test } from 'vitest'
import {
  answer,
  bytes,
  calls,
  durable,
  emptyJournal,
  memory,
  refusal,
  reply,
  sent,
  Story,
  told,
} from '../../test/support/client-story.ts'
import type { ClientOutput } from './client-io.ts'
import { epochStride, type Frame, noSession } from './frame.ts'
import type { JournalState } from './journal.ts'
import type { Outcome } from './outcome.ts'

const withdrawn: Outcome = { kind: 'failure', code: 'withdrawn', executed: 'never', message: '' }

describe('sessions and numbers (section 1)', () => {
  test('a number is given only after WELCOME; before it the call waits (H2)', () => {
    const story = new Story()
    expect(story.start()).toMatchObject([{ kind: 'dial' }, { kind: 'wake' }].slice(0, 1))
    expect(sent(story.connect())).toMatchObject([{ kind: 'hello', session: 'memory' }])
    expect(sent(story.call())).toEqual([])
    expect(calls(story.welcome())).toMatchObject([{ session: memory, number: 1, attempt: 1 }])
  })

  test('a durable session is asked for before the first exactly-once call, not at connecting', () => {
    const story = new Story().up()
    expect(sent(story.call('exactly-once'))).toMatchObject([{ kind: 'hello', session: 'durable', epoch: 1 }])
    expect(calls(story.welcome(durable))).toMatchObject([{ session: durable, number: epochStride + 1 }])
  })

  test('a WELCOME to another process, and a repeated one, say nothing', () => {
    const story = new Story()
    story.start()
    story.connect()
    story.call()
    const stranger: Frame = {
      kind: 'welcome',
      version: 1,
      session: 'memory',
      id: 'b'.repeat(32),
      epoch: 1,
      instance: '9'.repeat(16),
      leaseMs: 1,
      window: 4,
      replyBytesMax: 1,
      keyRetentionMs: 0,
      ledgerId: '',
      incarnation: '',
    }
    expect(calls(story.receive(stranger))).toEqual([])
    expect(calls(story.welcome())).toHaveLength(1)
    expect(calls(story.welcome())).toEqual([])
  })

  test('the window: more calls than it holds wait, and more than may wait are overloaded, never sent', () => {
    const story = new Story().up()
    for (let n = 0; n < 4; n++) expect(calls(story.call())).toHaveLength(1)
    for (let n = 0; n < 3; n++) expect(calls(story.call())).toEqual([])
    expect(told(story.call())).toMatchObject([{ kind: 'failed', code: 'overloaded', executed: 'never' }])
    // firstUnacked is what makes room, not the end of any call.
    expect(calls(story.receive(answer(memory, 3)))).toEqual([])
    expect(calls(story.receive(answer(memory, 1)))).toMatchObject([{ number: 5, firstUnacked: 2 }])
  })
})

describe('retransmission (section 4)', () => {
  test('same xid, same bytes, twice the time after each', () => {
    const story = new Story().up()
    const [first] = calls(story.call())
    expect(calls(story.pass(95))).toEqual([])
    const [second] = calls(story.pass(15))
    expect(second).toMatchObject({ number: first?.number, payload: first?.payload, attempt: 2 })
    expect(calls(story.pass(150))).toEqual([])
    expect(calls(story.pass(70))).toMatchObject([{ attempt: 3 }])
  })

  test('at once on a new connection, in order', () => {
    const story = new Story().up()
    for (let n = 0; n < 3; n++) story.call()
    expect(story.disconnect()).not.toContainEqual(expect.objectContaining({ kind: 'settled' }))
    expect(story.pass(30)).toContainEqual({ kind: 'dial' })
    expect(sent(story.connect())).toMatchObject([{ kind: 'hello', resume: memory }])
    expect(calls(story.welcome()).map(({ number, attempt }) => [number, attempt])).toEqual([
      [1, 2],
      [2, 2],
      [3, 2],
    ])
  })

  test('an at-most-once call that another incarnation does not know is unknown, and not sent again', () => {
    const story = new Story().up()
    story.call()
    story.disconnect()
    story.pass(30)
    story.connect()
    const outputs = story.welcome('b'.repeat(32))
    expect(calls(outputs)).toEqual([])
    expect(told(outputs)).toMatchObject([
      { kind: 'failed', code: 'session-expired', executed: 'unknown', mayResolve: false },
    ])
    expect(calls(story.call())).toMatchObject([{ session: 'b'.repeat(32) }])
  })

  test('an at-least-once call names no session, and goes on with any server', () => {
    const story = new Story().up()
    expect(calls(story.call('at-least-once'))).toMatchObject([{ session: noSession, number: 1 }])
    story.disconnect()
    story.pass(30)
    expect(calls(story.connect())).toMatchObject([{ session: noSession, number: 1, attempt: 2 }])
    expect(told(story.receive(answer(noSession, 1)))).toMatchObject([{ kind: 'outcome' }])
  })

  // The chaos run found it: a late reply to a call of a killed process was taken for that of another call.
  test('the numbers of at-least-once calls begin elsewhere in each process: a dead one’s reply is nobody’s', () => {
    const firstOf = (instance: string): number | undefined => {
      const story = new Story({ instance })
      story.start()
      story.connect()
      return calls(story.call('at-least-once'))[0]?.number
    }
    expect(firstOf('1'.repeat(16))).not.toBe(firstOf('2'.repeat(16)))
    expect(firstOf('f'.repeat(16))).toBeLessThan(Number.MAX_SAFE_INTEGER - epochStride)
  })

  test('a oneway call is told when it is sent, once, and needs a connection until its deadline', () => {
    const story = new Story()
    story.start()
    expect(told(story.call('at-most-once', { isOneway: true }))).toEqual([])
    expect(told(story.connect())).toMatchObject([{ kind: 'outcome' }])
    expect(calls(story.pass(1000))).toEqual([])
    story.disconnect()
    story.call('at-most-once', { isOneway: true })
    expect(told(story.pass(5010))).toMatchObject([{ code: 'deadline', executed: 'never' }])
  })
})

describe('deadline and cancel (section 4)', () => {
  test('never sent is never', () => {
    const story = new Story()
    story.start()
    story.call()
    expect(told(story.pass(5010))).toMatchObject([{ code: 'deadline', executed: 'never', mayResolve: false }])
  })

  test('sent is unknown at once; RESOLVE asks until it is answered; the truth follows', () => {
    const story = new Story().up()
    story.call('at-most-once', { deadlineAtMs: 50 })
    const outputs = story.pass(60)
    expect(told(outputs)).toMatchObject([{ code: 'deadline', executed: 'unknown', mayResolve: true }])
    expect(sent(outputs)).toMatchObject([{ kind: 'resolve', session: memory, number: 1 }])
    expect(sent(story.pass(400))).toMatchObject([{ kind: 'resolve' }])
    expect(story.receive(answer(memory, 1, withdrawn))).toContainEqual({ kind: 'resolved', call: 0, executed: 'never' })
    expect(story.receive(answer(memory, 1))).not.toContainEqual(expect.objectContaining({ kind: 'resolved' }))
  })

  test('a cancelled call is told at once; an at-least-once one can never be resolved', () => {
    const story = new Story().up()
    story.call()
    story.call('at-least-once')
    expect(told(story.step({ kind: 'cancelled', nowMs: 1, call: 0 }))).toMatchObject([
      { code: 'cancelled', executed: 'unknown', mayResolve: true },
    ])
    expect(told(story.step({ kind: 'cancelled', nowMs: 1, call: 1 }))).toMatchObject([
      { code: 'cancelled', executed: 'unknown', mayResolve: false },
    ])
  })
})

describe('what it makes of refusals (H16)', () => {
  test('window, overloaded, deadline, still-running: nothing yet', () => {
    for (const code of ['window', 'overloaded', 'deadline', 'still-running'] as const) {
      const story = new Story().up()
      story.call()
      expect(told(story.receive(refusal(memory, 1, code)))).toEqual([])
      expect(calls(story.pass(110))).toMatchObject([{ attempt: 2 }])
    }
  })

  test('stale, xid-reused, key-expired, effect-unknown: unknown', () => {
    for (const code of ['stale', 'xid-reused', 'key-expired', 'effect-unknown'] as const) {
      const story = new Story().up()
      story.call()
      expect(told(story.receive(refusal(memory, 1, code)))).toMatchObject([{ code, executed: 'unknown' }])
    }
  })

  test('what the server cannot run is asked about, and never only when buried', () => {
    for (const code of [
      'unknown-method',
      'unknown-service',
      'denied',
      'delivery-differs',
      'key-needs-ledger',
    ] as const) {
      const story = new Story().up()
      story.call()
      const outputs = story.receive(refusal(memory, 1, code))
      expect(told(outputs)).toEqual([])
      expect(sent(outputs)).toMatchObject([{ kind: 'resolve' }])
      expect(told(story.receive(answer(memory, 1, withdrawn)))).toMatchObject([
        { kind: 'outcome', outcome: { code, executed: 'never' } },
      ])
    }
  })

  test('fenced, and HELLO is fenced too: what is open is unknown, what comes later is never', () => {
    const story = new Story().up()
    story.call('exactly-once')
    story.welcome(durable)
    const asked = story.receive(refusal(durable, epochStride + 1, 'fenced'))
    expect(told(asked)).toEqual([])
    expect(sent(asked)).toMatchObject([{ kind: 'hello', resume: durable, epoch: 1 }])
    expect(told(story.receive(refusal(durable, 1, 'fenced', 'hello')))).toMatchObject([
      { code: 'fenced', executed: 'unknown' },
    ])
    expect(told(story.call('exactly-once'))).toMatchObject([{ code: 'fenced', executed: 'never' }])
    expect(calls(story.call())).toHaveLength(1) // at-most-once goes on
  })
})

// The chaos run found it: one late frame of a killed client, and its successor took itself for fenced.
test('fenced may answer a late copy of a dead process’s call: HELLO is welcome, and everything goes on', () => {
  const story = new Story().up()
  story.call('exactly-once')
  story.welcome(durable)
  const asked = story.receive(refusal(durable, epochStride + 1, 'fenced'))
  expect(sent(asked)).toMatchObject([{ kind: 'hello', session: 'durable' }])
  expect(sent(story.receive(refusal(durable, epochStride + 1, 'fenced')))).toEqual([]) // Asked once.
  expect(calls(story.welcome(durable))).toMatchObject([{ number: epochStride + 1, attempt: 2 }])
  expect(told(story.receive(answer(durable, epochStride + 1)))).toMatchObject([{ kind: 'outcome' }])
})

describe('the journal (section 4)', () => {
  test('begun is durable before the first sending, ended before the acknowledgement', () => {
    const story = new Story({ journal: emptyJournal })
    story.up()
    expect(story.entries).toEqual([{ kind: 'opened', epoch: 1 }])
    expect(sent(story.call('exactly-once'))).toEqual([]) // the epoch is not on disk yet
    expect(sent(story.durable())).toMatchObject([{ kind: 'hello', session: 'durable', epoch: 1 }])
    expect(calls(story.welcome(durable))).toEqual([])
    expect(story.entries.map(({ kind }) => kind)).toEqual(['opened', 'session', 'begun'])
    expect(calls(story.durable())).toMatchObject([{ number: epochStride + 1 }])
    expect(told(story.receive(answer(durable, epochStride + 1)))).toHaveLength(1)
    expect(story.entries.at(-1)).toMatchObject({ kind: 'ended' })
    const acks = (outputs: readonly ClientOutput[]) => sent(outputs).filter((frame) => frame.kind === 'ack')
    expect(acks(story.pass(600))).toEqual([])
    story.durable()
    expect(acks(story.pass(600))).toMatchObject([{ session: durable, firstUnacked: epochStride + 2 }])
  })

  const held: JournalState = {
    session: durable,
    ledgerId: 'l',
    principal: '',
    epoch: 3,
    highest: 3 * epochStride + 2,
    open: [
      {
        number: 3 * epochStride + 1,
        call: { method: 'T.t', delivery: 'exactly-once', payload: bytes, idempotencyKey: undefined },
        isGivenUp: false,
      },
      {
        number: 3 * epochStride + 2,
        call: { method: 'T.t', delivery: 'exactly-once', payload: bytes, idempotencyKey: 'k' },
        isGivenUp: true,
      },
    ],
    runs: [],
    unclaimed: [
      {
        number: 3 * epochStride,
        call: { method: 'T.t', delivery: 'exactly-once', payload: bytes, idempotencyKey: undefined },
        outcome: reply,
      },
    ],
  }

  test('an opening raises the epoch, replays what is open, asks about what was given up (H15), hands over what ended', () => {
    const story = new Story({ journal: held })
    expect(story.start()).toContainEqual(expect.objectContaining({ kind: 'recovered', number: 3 * epochStride }))
    expect(sent(story.connect())).toMatchObject([{ session: 'memory' }])
    expect(sent(story.durable())).toMatchObject([
      { kind: 'hello', resume: durable, epoch: 4, highest: 3 * epochStride + 2 },
    ])
    expect(sent(story.welcome(durable, 4))).toMatchObject([
      { kind: 'call', number: 3 * epochStride + 1, epoch: 4, firstUnacked: 3 * epochStride + 1 },
      { kind: 'resolve', number: 3 * epochStride + 2 },
    ])
    const first = story.receive(answer(durable, 3 * epochStride + 1))
    expect(first).toContainEqual(expect.objectContaining({ kind: 'recovered', number: 3 * epochStride + 1 }))
    expect(first).not.toContainEqual({ kind: 'all-recovered' })
    expect(story.receive(answer(durable, 3 * epochStride + 2, withdrawn))).toContainEqual({ kind: 'all-recovered' })
    story.call('exactly-once')
    expect(calls(story.durable())).toMatchObject([{ number: 4 * epochStride + 1, firstUnacked: 4 * epochStride + 1 }])
  })

  // The chaos run found it: the server forgot the record of a step that was still asked for.
  test('a step of a run that is older than the open calls is not acknowledged with what lies below them', () => {
    const [own] = held.open
    const number = 2 * epochStride + 7
    const call = { method: 'T.t', delivery: 'exactly-once', payload: bytes, idempotencyKey: undefined } as const
    const begun = { kind: 'call', session: durable, number, call, isOneway: false, endpoint: '' } as const
    const runs = [{ run: 'r', events: [{ kind: 'begun', step: 0, begun }] }] as const
    const story = new Story({ journal: { ...held, open: own === undefined ? [] : [own], runs } })
    story.start()
    story.connect()
    story.durable()
    expect(calls(story.welcome(durable, 4))).toMatchObject([
      { number, firstUnacked: number },
      { number: 3 * epochStride + 1, firstUnacked: number },
    ])
  })

  // The crash proof found it: claimed before its first answer was lost, the step was not asked for again until its deadline.
  test('a step that its run asks for again is sent again as any call is', () => {
    const number = 3 * epochStride + 2
    const call = { method: 'T.t', delivery: 'exactly-once', payload: bytes, idempotencyKey: undefined } as const
    const begun = { kind: 'call', session: durable, number, call, isOneway: false, endpoint: '' } as const
    const runs = [{ run: 'r', events: [{ kind: 'begun', step: 0, begun }] }] as const
    const story = new Story({ journal: { ...held, open: [], unclaimed: [], runs } })
    story.start()
    story.connect()
    story.durable()
    expect(calls(story.welcome(durable, 4))).toMatchObject([{ number, attempt: 1 }])
    story.step({ kind: 'claimed', nowMs: 0, step: { run: 'r', step: 0 }, deadlineAtMs: 30_000 })
    expect(calls(story.pass(110))).toMatchObject([{ number, attempt: 2 }])
  })

  test('a journal that is an old copy: its open calls are unknown, and told so', () => {
    const story = new Story({ journal: held })
    story.start()
    story.connect()
    story.durable()
    const outputs = story.receive(refusal(durable, 4, 'journal-behind', 'hello'))
    expect(outputs.filter(({ kind }) => kind === 'recovered')).toMatchObject([
      { settlement: { code: 'journal-behind', executed: 'unknown' } },
      {},
    ])
    expect(outputs).toContainEqual({ kind: 'all-recovered' })
  })

  test('a journal that cannot be written: what may run is unknown, what comes later is never', () => {
    const story = new Story({ journal: emptyJournal }).up()
    story.call('exactly-once')
    story.durable()
    story.welcome(durable)
    const failed = story.step({ kind: 'journal-failed', nowMs: 0, cause: new Error('disk full') })
    expect(told(failed)).toMatchObject([{ code: 'journal-failed', executed: 'unknown' }])
    expect(told(story.call('exactly-once'))).toMatchObject([{ code: 'journal-failed', executed: 'never' }])
  })
})

describe('the connection', () => {
  test('PING after silence while anything is open, and none while nothing is; two unanswered end it', () => {
    const idle = new Story({ pingMs: 100 }).up()
    expect(sent(idle.pass(1000))).toEqual([])
    const story = new Story({ pingMs: 100, attemptMs: 1e6, attemptMsMax: 1e6 }).up()
    story.call()
    expect(sent(story.pass(110))).toMatchObject([{ kind: 'ping' }])
    expect(sent(story.pass(110))).toMatchObject([{ kind: 'ping' }])
    expect(story.pass(110)).toContainEqual({ kind: 'hang-up' })
  })

  test('an idle client acknowledges within a second', () => {
    const story = new Story().up()
    story.call()
    story.receive(answer(memory, 1))
    expect(sent(story.pass(600))).toMatchObject([{ kind: 'ack', session: memory, firstUnacked: 2 }])
    expect(sent(story.pass(5000))).toEqual([])
  })

  test('closing: waits for what is open, acknowledges, says BYE', () => {
    const story = new Story().up()
    story.call()
    expect(story.step({ kind: 'closing', nowMs: 0, closeAtMs: 1000 })).not.toContainEqual({ kind: 'closed' })
    expect(told(story.call())).toMatchObject([{ code: 'closed', executed: 'never' }])
    const outputs = story.receive(answer(memory, 1))
    expect(sent(outputs)).toMatchObject([
      { kind: 'ack', firstUnacked: 2 },
      { kind: 'bye', session: memory, highest: 1 },
    ])
    expect(outputs.at(-1)).toEqual({ kind: 'closed' })
  })

  test('closing in a hurry: what was sent is unknown, what was not is never', () => {
    const story = new Story().up()
    for (let n = 0; n < 5; n++) story.call()
    const outputs = story.step({ kind: 'closing', nowMs: 0, closeAtMs: 0 })
    const executed = told(outputs).map((settlement) => settlement.kind === 'failed' && settlement.executed)
    expect(executed.filter((word) => word === 'never')).toHaveLength(1)
    expect(executed.filter((word) => word === 'unknown')).toHaveLength(4)
    expect(outputs.at(-1)).toEqual({ kind: 'closed' })
  })
})
