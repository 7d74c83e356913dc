/**
 * Goal: what keeps a client from asking too much, too late or in the wrong place. Method: step by step.
 */
import { describe, expect, test } from 'vitest'
import { answer, calls, durable, memory, refusal, sent, Story, told } from '../../test/support/client-story.ts'
import { epochStride } from './frame.ts'

describe('leases (section 3)', () => {
  test('a session is asked for anew before it is used in the last minute of its lease, and only then', () => {
    const story = new Story()
    story.start()
    story.connect()
    story.welcome(memory, 1, 600_000)
    story.pass(539_000)
    expect(calls(story.call())).toHaveLength(1)
    story.receive(answer(memory, 1))
    expect(sent(story.pass(600))).toMatchObject([{ kind: 'ack' }])
    story.pass(1000)
    expect(sent(story.call())).toMatchObject([{ kind: 'hello', resume: memory }])
    expect(calls(story.welcome(memory, 1, 600_000))).toMatchObject([{ session: memory, number: 2 }])
    story.receive(answer(memory, 2))
    story.pass(500_000)
    expect(calls(story.call())).toHaveLength(1)
  })

  test('one that the server has forgotten meanwhile costs a new session, and no call', () => {
    const story = new Story()
    story.start()
    story.connect()
    story.welcome(memory, 1, 600_000)
    story.pass(700_000)
    expect(sent(story.call())[0]).toMatchObject({ kind: 'hello', resume: memory })
    expect(sent(story.receive(refusal(memory, 1, 'session-expired', 'hello')))).toMatchObject([{ resume: undefined }])
    const outputs = story.welcome('b'.repeat(32), 1, 600_000)
    expect(told(outputs)).toEqual([])
    expect(calls(outputs)).toMatchObject([{ session: 'b'.repeat(32), attempt: 1 }])
  })
})

describe('another ledger (section 4)', () => {
  test('what was sent waits for the ledger that knows it; what was not is told at once; other calls go on', () => {
    const story = new Story().up()
    story.call('exactly-once')
    story.welcome(durable)
    story.disconnect()
    story.pass(30)
    story.connect()
    expect(told(story.call('exactly-once'))).toEqual([])
    const outputs = story.receive(refusal(durable, 1, 'ledger-differs', 'hello'))
    expect(told(outputs)).toMatchObject([{ code: 'ledger-differs', executed: 'never' }])
    story.welcome()
    expect(calls(story.call())).toHaveLength(1)
    story.disconnect()
    story.pass(1000)
    expect(sent(story.connect())).toMatchObject([{}, { kind: 'hello', resume: durable, ledgerId: 'l' }])
    expect(calls(story.welcome(durable))).toMatchObject([{ session: durable, number: epochStride + 1, attempt: 2 }])
  })
})

describe('retransmission (section 4)', () => {
  test('no more than the budget: twenty in ten seconds; what a new connection sends again is not counted', () => {
    const story = new Story({ queuedMax: 100 }).up()
    for (let n = 0; n < 30; n++) story.call('at-least-once', { deadlineAtMs: 1e9 })
    expect(calls(story.pass(110))).toHaveLength(20)
    expect(calls(story.pass(150)).length + calls(story.pass(200)).length).toBe(0)
    story.disconnect()
    story.pass(30)
    expect(calls(story.connect())).toHaveLength(30)
    expect(calls(story.pass(11_000)).length).toBe(20)
  })

  test('nothing goes out again while the connection takes nothing; first sendings wait their turn', () => {
    const story = new Story().up()
    story.call()
    story.step({ kind: 'stalled', nowMs: 0, isStalled: true })
    expect(calls(story.call())).toHaveLength(1)
    expect(calls(story.pass(500))).toEqual([])
    story.step({ kind: 'stalled', nowMs: story.nowMs, isStalled: false })
    expect(calls(story.pass(500))).toHaveLength(2)
  })
})

describe('RESOLVE (section 4)', () => {
  test('RESOLVE of an exactly-once call says what it is: its fingerprint, and its key', () => {
    const xid = new Uint8Array(32).fill(1)
    const key = new Uint8Array(32).fill(2)
    const story = new Story({ fingerprints: () => ({ xid, key }) }).up()
    story.call('exactly-once', { deadlineAtMs: 50, idempotencyKey: 'order-42' })
    story.welcome(durable)
    expect(sent(story.pass(60))).toMatchObject([
      { kind: 'resolve', fingerprint: xid, idempotency: { method: 'T.t', key: 'order-42', fingerprint: key } },
    ])
    story.call('at-most-once', { deadlineAtMs: story.nowMs + 10 })
    expect(sent(story.pass(20))).toMatchObject([{ kind: 'resolve', fingerprint: undefined, idempotency: undefined }])
  })
})
