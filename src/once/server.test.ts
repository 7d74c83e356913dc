/**
 * Goal: what the server machine does with each frame, rule by rule. Method: step by step, reading its outputs.
 */
import { describe, expect, test } from 'vitest'
import type { CallFrame, Frame, Hello, ReplyFrame, ResolveFrame, SessionId } from './frame.ts'
import { noSession } from './frame.ts'
import type { Outcome } from './outcome.ts'
import type { ServedMethod, ServerInput, ServerOptions, ServerOutput } from './server-io.ts'
import { ServerMachine } from './server.ts'

const bytes = Uint8Array.of(1, 2, 3)
const reply: Outcome = { kind: 'reply', bytes }
let fresh = 0

function machine(options: Partial<ServerOptions> = {}): ServerMachine {
  return new ServerMachine({
    incarnation: 'i',
    ledgerId: 'l'.repeat(32),
    window: 4,
    replyBytesMax: 1000,
    memoryLeaseMs: 1000,
    durableLeaseMs: 1e9,
    recordsMax: 100,
    recordBytesMax: 1e6,
    sessionsMax: 1000,
    keyRetentionMs: 0,
    duplicates: 'attach',
    freshSession: () => (++fresh).toString(16).padStart(32, '0'),
    ...options,
  })
}

const hello = (overrides: Partial<Hello> = {}): Hello => ({
  kind: 'hello',
  versions: [1],
  session: 'memory',
  resume: undefined,
  epoch: 1,
  instance: '0'.repeat(16),
  highest: 0,
  ledgerId: '',
  token: '',
  ...overrides,
})
const call = (session: SessionId, number: number, overrides: Partial<CallFrame> = {}): CallFrame => ({
  kind: 'call',
  session,
  number,
  firstUnacked: 1,
  epoch: 1,
  delivery: 'at-most-once',
  isOneway: false,
  attempt: 1,
  leftMs: 1000,
  method: 'T.t',
  idempotencyKey: undefined,
  headers: undefined,
  payload: bytes,
  ...overrides,
})
const resolveOf = (session: SessionId, number: number): ResolveFrame => ({
  kind: 'resolve',
  session,
  number,
  firstUnacked: 1,
  epoch: 1,
  fingerprint: undefined,
  idempotency: undefined,
})
const sent = (outputs: readonly ServerOutput[]): Frame[] =>
  outputs.flatMap((output) => (output.kind === 'send' ? [output.frame] : []))
const runsOf = (outputs: readonly ServerOutput[]): number[] =>
  outputs.flatMap((output) => (output.kind === 'execute' || output.kind === 'transact' ? [output.run] : []))

/** A machine with a peer and a memory session. */
function begun(options: Partial<ServerOptions> = {}) {
  const server = machine(options)
  let nowMs = 0
  const step = (input: ServerInput): ServerOutput[] => server.step(input)
  step({ kind: 'connected', peer: 1 })
  const [welcome] = sent(step({ kind: 'hello', peer: 1, nowMs, frame: hello(), principal: '' }))
  const session = welcome?.kind === 'welcome' ? welcome.id : expect.fail('no welcome')
  const deliver = (frame: CallFrame, peer = 1, method?: ServedMethod): ServerOutput[] =>
    step({
      kind: 'call',
      peer,
      nowMs,
      frame,
      method: method ?? { kind: 'served', delivery: frame.delivery, isOneway: frame.isOneway },
    })
  const receive = (frame: Exclude<Frame, CallFrame | Hello>, peer = 1): ServerOutput[] =>
    step({ kind: 'received', peer, nowMs, frame })
  const executed = (run: number, outcome = reply): ServerOutput[] => step({ kind: 'executed', run, nowMs, outcome })
  return { server, session, step, deliver, receive, executed, pass: (ms: number) => (nowMs += ms), now: () => nowMs }
}

describe('at-most-once (section 2)', () => {
  test('a call executes, its reply follows, a duplicate is replayed byte for byte', () => {
    const { session, deliver, executed } = begun()
    const [run] = runsOf(deliver(call(session, 1)))
    expect(sent(executed(run as number))).toEqual([
      { kind: 'reply', session, number: 1, isReplay: false, outcome: reply },
    ])
    const again = deliver(call(session, 1, { attempt: 2 }))
    expect(runsOf(again)).toEqual([])
    expect(sent(again)).toEqual([{ kind: 'reply', session, number: 1, isReplay: true, outcome: reply }])
  })

  test('a duplicate of a running call waits for the same reply, also on another connection', () => {
    const { session, step, deliver, executed } = begun()
    const [run] = runsOf(deliver(call(session, 1)))
    step({ kind: 'connected', peer: 2 })
    expect(deliver(call(session, 1), 2)).toEqual([])
    expect(deliver(call(session, 1), 2)).toEqual([])
    expect(executed(run as number).map((output) => output.kind === 'send' && output.peer)).toEqual([1, 2])
  })

  test('or is told still-running, where the server says so (the lecture: E_RETRY)', () => {
    const { session, deliver } = begun({ duplicates: 'still-running' })
    deliver(call(session, 1))
    expect(sent(deliver(call(session, 1)))).toMatchObject([{ kind: 'refused', code: 'still-running' }])
  })

  test('below firstUnacked a call is stale, answered, and not run', () => {
    const { server, session, deliver, executed } = begun()
    executed(runsOf(deliver(call(session, 1)))[0] as number)
    executed(runsOf(deliver(call(session, 2, { firstUnacked: 2 })))[0] as number)
    expect(server.entryCount).toBe(1)
    const late = deliver(call(session, 1))
    expect(runsOf(late)).toEqual([])
    expect(sent(late)).toMatchObject([{ kind: 'refused', code: 'stale' }])
  })

  test('an ACK forgets; a full window refuses and says so; a far number too', () => {
    const { server, session, deliver, executed, receive } = begun()
    for (let n = 1; n <= 4; n++) executed(runsOf(deliver(call(session, n)))[0] as number)
    expect(sent(deliver(call(session, 5)))).toMatchObject([{ code: 'window' }])
    receive({ kind: 'ack', session, epoch: 1, firstUnacked: 5 })
    expect(server.entryCount).toBe(0)
    expect(sent(deliver(call(session, 2 ** 50, { firstUnacked: 5 })))).toMatchObject([{ code: 'window' }])
    expect(runsOf(deliver(call(session, 5, { firstUnacked: 5 })))).toHaveLength(1)
  })

  test('quotas of a principal, over all its sessions: records and bytes; nothing is evicted', () => {
    const { session, step, deliver, executed, receive } = begun({ window: 100, recordsMax: 4, recordBytesMax: 9 })
    const [welcome] = sent(step({ kind: 'hello', peer: 1, nowMs: 0, frame: hello(), principal: '' }))
    const other = welcome?.kind === 'welcome' ? welcome.id : expect.fail('no second session')
    executed(runsOf(deliver(call(session, 1)))[0] as number)
    executed(runsOf(deliver(call(other, 1)))[0] as number)
    const [third] = runsOf(deliver(call(session, 2)))
    const [fourth] = runsOf(deliver(call(other, 2)))
    expect(sent(deliver(call(session, 3)))).toMatchObject([
      { code: 'overloaded', message: expect.stringContaining('recordsMax') },
    ])
    executed(third as number)
    executed(fourth as number)
    receive({ kind: 'ack', session, epoch: 1, firstUnacked: 2 })
    expect(sent(deliver(call(session, 3, { firstUnacked: 2 })))).toMatchObject([
      { code: 'overloaded', message: expect.stringContaining('recordBytesMax') },
    ])
    expect(sent(deliver(call(other, 1)))).toMatchObject([{ isReplay: true }])
    receive({ kind: 'ack', session, epoch: 1, firstUnacked: 3 })
    expect(runsOf(deliver(call(session, 3, { firstUnacked: 3 })))).toHaveLength(1)
  })

  test('a delivery whose time is over is refused, and speaks of itself only', () => {
    const { session, deliver, executed } = begun()
    expect(sent(deliver(call(session, 1, { leftMs: 0 })))).toMatchObject([{ kind: 'refused', code: 'deadline' }])
    executed(runsOf(deliver(call(session, 1)))[0] as number)
    expect(sent(deliver(call(session, 1, { leftMs: 0 })))).toMatchObject([{ isReplay: true }])
  })

  test('RESOLVE: the outcome, or a tombstone that keeps the call from ever running', () => {
    const { session, deliver, executed, receive } = begun()
    executed(runsOf(deliver(call(session, 1)))[0] as number)
    const ask = (number: number): Frame[] => sent(receive(resolveOf(session, number)))
    expect(ask(1)).toMatchObject([{ kind: 'reply', outcome: reply }])
    expect(ask(2)).toMatchObject([{ outcome: { kind: 'failure', code: 'withdrawn', executed: 'never' } }])
    const late = deliver(call(session, 2))
    expect(runsOf(late)).toEqual([])
    expect((sent(late)[0] as ReplyFrame).outcome).toMatchObject({ code: 'withdrawn' })
  })

  test('RESOLVE of a running call waits for its outcome', () => {
    const { session, deliver, executed, receive } = begun()
    const [run] = runsOf(deliver(call(session, 1)))
    expect(receive(resolveOf(session, 1))).toEqual([])
    expect(sent(executed(run as number))).toHaveLength(1)
  })
})

describe('sessions (section 1)', () => {
  test('a session of another incarnation is refused, never executed (H3); HELLO gets a new one', () => {
    const { session } = begun()
    const other = begun()
    expect(sent(other.deliver(call(session, 1)))).toMatchObject([{ kind: 'refused', code: 'session-expired' }])
    const [welcome] = sent(
      other.step({ kind: 'hello', peer: 1, nowMs: 0, frame: hello({ resume: session }), principal: '' }),
    )
    expect(welcome).toMatchObject({ kind: 'welcome' })
    expect(welcome?.kind === 'welcome' && welcome.id).not.toBe(session)
  })

  test('a reconnection resumes the session and what it holds', () => {
    const { session, step, deliver, executed } = begun()
    executed(runsOf(deliver(call(session, 1)))[0] as number)
    step({ kind: 'disconnected', peer: 1, nowMs: 0 })
    step({ kind: 'connected', peer: 2 })
    expect(
      sent(step({ kind: 'hello', peer: 2, nowMs: 0, frame: hello({ resume: session }), principal: '' })),
    ).toMatchObject([{ id: session }])
    expect(sent(deliver(call(session, 1), 2))).toMatchObject([{ isReplay: true }])
  })

  test('another principal can neither call, ask, nor acknowledge', () => {
    const { server, session, step, deliver, executed, receive } = begun()
    executed(runsOf(deliver(call(session, 1)))[0] as number)
    step({ kind: 'connected', peer: 2 })
    step({ kind: 'hello', peer: 2, nowMs: 0, frame: hello(), principal: 'mallory' })
    expect(sent(deliver(call(session, 1), 2))).toMatchObject([{ code: 'denied' }])
    expect(sent(receive(resolveOf(session, 1), 2))).toMatchObject([{ code: 'denied' }])
    receive({ kind: 'ack', session, epoch: 1, firstUnacked: 9 }, 2)
    expect(server.entryCount).toBe(1)
  })

  test('a silent session is forgotten after its lease; one whose connection is up is not', () => {
    const { server, session, step, deliver, executed, pass, now } = begun()
    executed(runsOf(deliver(call(session, 1)))[0] as number)
    pass(5000)
    step({ kind: 'woke', nowMs: now() })
    expect(server.entryCount).toBe(1)
    const outputs = step({ kind: 'disconnected', peer: 1, nowMs: now() })
    expect(outputs).toContainEqual({ kind: 'wake', atMs: 6000 })
    pass(1001)
    step({ kind: 'woke', nowMs: now() })
    expect(server.entryCount).toBe(0)
  })

  test('no version in common, and a caller that nobody knows', () => {
    const { step } = begun()
    expect(
      sent(step({ kind: 'hello', peer: 1, nowMs: 0, frame: hello({ versions: [7, 8] }), principal: '' })),
    ).toMatchObject([{ kind: 'refused', of: 'hello', code: 'version' }])
    expect(sent(step({ kind: 'hello', peer: 1, nowMs: 0, frame: hello(), principal: undefined }))).toMatchObject([
      { code: 'denied' },
    ])
  })

  test('sessionsMax are remembered; one more takes the place of the oldest that nobody holds, or is refused', () => {
    const { session, step, deliver } = begun({ sessionsMax: 2 })
    const open = (peer: number): Frame | undefined =>
      sent(step({ kind: 'hello', peer, nowMs: 0, frame: hello(), principal: '' }))[0]
    for (const peer of [2, 3, 4]) step({ kind: 'connected', peer })
    expect(open(2)).toMatchObject({ kind: 'welcome' })
    expect(open(3)).toMatchObject({ kind: 'refused', code: 'overloaded' })
    step({ kind: 'disconnected', peer: 2, nowMs: 0 })
    expect(open(3)).toMatchObject({ kind: 'welcome' })
    expect(runsOf(deliver(call(session, 1)))).toHaveLength(1) // the oldest, which is held, is still there
    step({ kind: 'disconnected', peer: 1, nowMs: 0 })
    expect(open(4)).toMatchObject({ kind: 'refused', code: 'overloaded' }) // its call runs
  })

  test('one connection may begin 16 sessions, of both kinds; what the ledger could not open does not count', () => {
    const { step } = begun({ sessionsMax: 100 })
    const open = (frame: Hello): ServerOutput[] => step({ kind: 'hello', peer: 1, nowMs: 0, frame, principal: '' })
    for (let i = 0; i < 100; i++) {
      const [output] = open(hello({ session: 'durable' }))
      if (output?.kind !== 'open') expect.fail(`attempt ${i} was not given to the ledger`)
      step({ kind: 'opened', run: output.run, nowMs: 0, opened: { kind: 'failed' } })
    }
    for (let i = 1; i < 16; i++) expect(open(hello())).toMatchObject([{ kind: 'send', frame: { kind: 'welcome' } }])
    for (const kind of ['memory', 'durable'] as const) {
      expect(sent(open(hello({ session: kind })))).toMatchObject([{ kind: 'refused', code: 'overloaded' }])
    }
  })

  test('BYE ends a session that has nothing left', () => {
    const { session, deliver, executed, receive } = begun()
    executed(runsOf(deliver(call(session, 1)))[0] as number)
    receive({ kind: 'bye', session, epoch: 1, highest: 1 }) // a live entry is left
    expect(sent(deliver(call(session, 1)))).toMatchObject([{ isReplay: true }])
    receive({ kind: 'ack', session, epoch: 1, firstUnacked: 2 })
    receive({ kind: 'bye', session, epoch: 1, highest: 1 })
    expect(sent(deliver(call(session, 2)))).toMatchObject([{ code: 'session-expired' }])
  })
})

describe('refusals before any row is read', () => {
  const { session, deliver } = begun()
  const served = { kind: 'served', delivery: 'at-most-once', isOneway: false } as const
  const cases: readonly (readonly [string, Partial<CallFrame>, ServedMethod, string])[] = [
    ['another delivery (H12)', { delivery: 'at-least-once' }, served, 'delivery-differs'],
    ['oneway where the method is not', { isOneway: true }, served, 'delivery-differs'],
    ['a key on what is not exactly-once (H10)', { idempotencyKey: 'k' }, served, 'key-needs-ledger'],
    ['no session', { session: noSession }, served, 'session-expired'],
    ['no such method', {}, { kind: 'refused', code: 'unknown-method', message: 'm' }, 'unknown-method'],
  ]
  for (const [name, frame, method, code] of cases) {
    test(name, () => {
      const outputs = deliver(call(session, 1, frame), 1, method)
      expect(runsOf(outputs)).toEqual([])
      expect(sent(outputs)).toMatchObject([{ kind: 'refused', of: 'call', code }])
    })
  }
})

describe('exactly-once (section 2)', () => {
  const durable = { delivery: 'exactly-once' } as const
  const session = 'd'.repeat(32)

  test('the ledger decides; the reply leaves only after it has answered, to all that wait', () => {
    const { step, deliver } = begun()
    const [run] = runsOf(deliver(call(session, 1, durable)))
    step({ kind: 'connected', peer: 2 })
    expect(deliver(call(session, 1, durable), 2)).toEqual([])
    const outputs = step({
      kind: 'answered',
      run: run as number,
      nowMs: 0,
      answer: { kind: 'outcome', outcome: reply, isReplay: false },
    })
    expect(outputs.map((output) => output.kind === 'send' && output.peer)).toEqual([1, 2])
  })

  test('a ledger that failed leaves the deliveries unanswered, and the next one asks it again (H4)', () => {
    const { step, deliver } = begun()
    const [run] = runsOf(deliver(call(session, 1, durable)))
    expect(step({ kind: 'answered', run: run as number, nowMs: 0, answer: { kind: 'failed' } })).toEqual([])
    expect(runsOf(deliver(call(session, 1, durable)))).toHaveLength(1)
  })

  test('a session of another ledger is sent there, not told that it expired', () => {
    const { step } = begun()
    const frame = hello({ session: 'durable', resume: session, ledgerId: 'm'.repeat(32) })
    expect(sent(step({ kind: 'hello', peer: 1, nowMs: 0, frame, principal: '' }))).toMatchObject([
      { kind: 'refused', of: 'hello', code: 'ledger-differs' },
    ])
    const known = step({
      kind: 'hello',
      peer: 1,
      nowMs: 0,
      frame: { ...frame, ledgerId: 'l'.repeat(32) },
      principal: '',
    })
    expect(known).toMatchObject([{ kind: 'open' }])
  })

  test('copies of a running call wait with it, or are told still-running; RESOLVE waits in any case', () => {
    const { deliver, receive } = begun({ duplicates: 'still-running' })
    deliver(call(session, 1, durable))
    expect(sent(deliver(call(session, 1, durable)))).toMatchObject([{ code: 'still-running' }])
    expect(receive(resolveOf(session, 1))).toEqual([])
  })

  test('a server without a ledger says so', () => {
    const { step } = begun({ ledgerId: '' })
    expect(
      sent(step({ kind: 'hello', peer: 1, nowMs: 0, frame: hello({ session: 'durable' }), principal: '' })),
    ).toMatchObject([{ code: 'missing-ledger' }])
  })
})

describe('a turn that comes too late', () => {
  test('an at-most-once call is over, recorded, and never runs; of an at-least-once copy nothing is said', () => {
    const { session, step, deliver, receive } = begun()
    const [run] = runsOf(deliver(call(session, 1)))
    const late = { kind: 'failure', code: 'deadline', executed: 'never' }
    const outputs = step({ kind: 'executed', run: run as number, nowMs: 0, outcome: undefined })
    expect(sent(outputs)).toMatchObject([{ outcome: late }])
    expect(sent(deliver(call(session, 1)))).toMatchObject([{ isReplay: true, outcome: late }])
    expect(sent(receive(resolveOf(session, 1)))).toMatchObject([{ outcome: late }])
    const [free] = runsOf(deliver(call(noSession, 5, { delivery: 'at-least-once' })))
    expect(step({ kind: 'executed', run: free as number, nowMs: 0, outcome: undefined })).toEqual([])
  })
})

test('at-least-once runs every copy; oneway is not answered', () => {
  const { deliver, executed } = begun()
  const free = call(noSession, 5, { delivery: 'at-least-once' })
  const runs = [...runsOf(deliver(free)), ...runsOf(deliver(free))]
  expect(runs).toHaveLength(2)
  for (const run of runs) expect(sent(executed(run))).toMatchObject([{ kind: 'reply', session: noSession, number: 5 }])
  const [run] = runsOf(deliver(call(noSession, 6, { isOneway: true })))
  expect(executed(run as number)).toEqual([])
})

test('PING is answered; a frame that only a server may send ends the connection', () => {
  const { receive } = begun()
  expect(sent(receive({ kind: 'ping', nonce: 7 }))).toEqual([{ kind: 'pong', nonce: 7 }])
  expect(receive({ kind: 'reply', session: noSession, number: 1, isReplay: false, outcome: reply })).toEqual([
    { kind: 'hang-up', peer: 1 },
  ])
})
