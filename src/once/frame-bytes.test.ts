/**
 * Goal: every frame comes back as it went, and anything else is `malformed`. Method: random frames, cut and changed.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { OncewireError } from '../errors/oncewire-error.ts'
import { ByteWriter } from '../std/bytes.ts'
import { decodeFrame, encodeFrame } from './frame-bytes.ts'
import type { Frame } from './frame.ts'

const hex = (digits: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: digits / 2, maxLength: digits / 2 }).map((bytes) => Buffer.from(bytes).toString('hex'))
const session = hex(32)
const number = fc.maxSafeInteger().map(Math.abs)
const epoch = fc.nat(2 ** 20)
const bytes = fc.uint8Array({ maxLength: 40 })
const digest = fc.uint8Array({ minLength: 32, maxLength: 32 })
const word = fc.string({ maxLength: 20 })
const kind = <K extends string>(name: K): fc.Arbitrary<K> => fc.constant(name)
const outcome = fc.oneof(
  fc.record({ kind: fc.constantFrom('reply' as const, 'exception' as const), bytes }),
  fc.record({
    kind: kind('failure'),
    code: fc.constantFrom('withdrawn' as const, 'internal-error' as const),
    executed: fc.constantFrom('never' as const, 'once' as const),
    message: word,
  }),
)
const sessionKind = fc.constantFrom('memory' as const, 'durable' as const)

const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({
    kind: kind('hello'),
    versions: fc.array(fc.nat(9), { maxLength: 3 }),
    session: sessionKind,
    resume: fc.option(session, { nil: undefined }),
    epoch,
    instance: hex(16),
    highest: number,
    ledgerId: word,
    token: word,
  }),
  fc.record({
    kind: kind('welcome'),
    version: fc.nat(9),
    session: sessionKind,
    id: session,
    epoch,
    instance: hex(16),
    leaseMs: number,
    window: epoch,
    replyBytesMax: epoch,
    keyRetentionMs: number,
    ledgerId: word,
    incarnation: word,
  }),
  fc.record({
    kind: kind('call'),
    session,
    number,
    firstUnacked: number,
    epoch,
    delivery: fc.constantFrom(
      'at-least-once' as const,
      'at-most-once' as const,
      'exactly-once' as const,
      'external' as const,
    ),
    isOneway: fc.boolean(),
    attempt: fc.integer({ min: 1, max: 1000 }),
    leftMs: epoch,
    method: word,
    idempotencyKey: fc.option(word, { nil: undefined }),
    headers: fc.option(
      fc.dictionary(
        fc.string({ minLength: 1 }).filter((name) => name !== '__proto__'),
        word,
        { noNullPrototype: true },
      ),
      { nil: undefined },
    ),
    payload: bytes,
  }),
  fc.record({ kind: kind('reply'), session, number, isReplay: fc.boolean(), outcome }),
  fc.record({
    kind: kind('refused'),
    of: fc.constantFrom('call' as const, 'hello' as const),
    session,
    number,
    sessionKind,
    code: fc.constantFrom('stale' as const, 'fenced' as const),
    message: word,
  }),
  fc.record({
    kind: kind('resolve'),
    session,
    number,
    firstUnacked: number,
    epoch,
    fingerprint: fc.option(digest, { nil: undefined }),
    idempotency: fc.option(fc.record({ method: word, key: word, fingerprint: digest }), { nil: undefined }),
  }),
  fc.record({ kind: kind('ack'), session, epoch, firstUnacked: number }),
  fc.record({ kind: kind('bye'), session, epoch, highest: number }),
  fc.record({ kind: fc.constantFrom('ping' as const, 'pong' as const), nonce: epoch }),
)

function encoded(value: Frame): Uint8Array {
  const out = new ByteWriter(8)
  encodeFrame(out, value)
  return out.slice()
}

test('round trip', () => {
  fc.assert(
    fc.property(frame, (value) => void expect(decodeFrame(encoded(value))).toEqual(value)),
    { numRuns: 2000 },
  )
})

const readOrMalformed = (body: Uint8Array): void => {
  try {
    decodeFrame(body)
  } catch (error) {
    expect(error).toBeInstanceOf(OncewireError)
    expect((error as OncewireError).code).toBe('malformed')
  }
}

test('cut anywhere, or with any byte changed: a frame or malformed', () => {
  fc.assert(
    fc.property(frame, fc.nat(), fc.nat(255), (value, where, byte) => {
      const body = encoded(value)
      readOrMalformed(body.slice(0, where % body.length))
      const changed = body.slice()
      changed[where % body.length] = byte
      readOrMalformed(changed)
    }),
    { numRuns: 3000 },
  )
})

test('garbage', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), readOrMalformed), { numRuns: 3000 })
})
