/**
 * Everything around the values: frames of sessions, envelopes, THeader, and where an unframed message ends.
 */
import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import { OncewireError } from '../../../src/errors/oncewire-error.ts'
import { sniff } from '../../../src/doors/sniff.ts'
import { decodeFrame, encodeFrame } from '../../../src/once/frame-bytes.ts'
import type { Frame } from '../../../src/once/frame.ts'
import { ByteWriter } from '../../../src/std/bytes.ts'
import { codecOf, type Dialect, type Envelope, readMessage, writeMessage } from '../../../src/wire/envelope.ts'
import { FrameSplitter } from '../../../src/wire/framing.ts'
import { MessageScanner } from '../../../src/wire/message-scanner.ts'
import { decodeWith } from '../../../src/wire/struct.ts'
import { readTHeader, writeTHeader } from '../../../src/wire/theader.ts'
import type { Target } from '../fuzz/target.ts'
import { Everything } from '../gen/hostile.ts'
import { decoded } from './codecs.ts'
import { samples } from './samples.ts'

const bytesMax = 4096
const dialects: readonly Dialect[] = ['binary', 'old-binary', 'compact', 'json']

const written = (write: (out: ByteWriter) => void): Uint8Array => {
  const out = new ByteWriter(16)
  write(out)
  return out.slice()
}

const messages = (): Uint8Array[] =>
  dialects.flatMap((dialect) =>
    samples.map((value, i) => {
      const envelope: Envelope = { kind: i % 2 === 0 ? 'call' : 'oneway', name: 'echo', seqid: i - 1, dialect }
      return written((out) => writeMessage(out, envelope, Everything.encode(value, codecOf(dialect))))
    }),
  )

/** An envelope that can be read is written as it was read. */
const envelopeTarget: Target = {
  name: 'envelope',
  bytesMax: 512,
  seeds: messages,
  run(input) {
    const found = decoded(() => readMessage(input))?.value
    if (found === undefined) return
    const { envelope, payload } = found
    // JSON may have space between and behind its parts.
    const again = readMessage(written((out) => writeMessage(out, envelope, payload)))
    assert(isDeepStrictEqual(again.envelope, envelope), 'another envelope than was written')
    assert.equal(Buffer.compare(again.payload, payload), 0, 'another payload than was written')
  },
}

/** Where the reader of values finds the end, the scanner does; and it does however the bytes arrive. */
const scannerTarget: Target = {
  name: 'scanner',
  bytesMax: 512,
  seeds: messages,
  run(input) {
    const whole = scan(input, input.length)
    const step = 1 + ((input[4] ?? 0) % 7)
    assert.equal(scan(input, step), whole, `the end is another one where ${step} bytes come at a time`)
    const end = readEnd(input)
    if (end !== undefined) assert.equal(whole, end, 'the scanner and the reader find another end')
  },
}

/** The length of the message; undefined: it goes on; or what is wrong with it. */
function scan(input: Uint8Array, step: number): number | string | undefined {
  const scanner = new MessageScanner(bytesMax)
  try {
    for (let length = Math.min(step, input.length); ; length = Math.min(length + step, input.length)) {
      const end = scanner.scan(input.subarray(0, length))
      if (end !== undefined || length === input.length) return end
    }
  } catch (error) {
    if (error instanceof OncewireError && ['malformed', 'frame-too-large'].includes(error.code)) return error.code
    throw error
  }
}

/** Where a reader that knows no field finds the end of a message: the whole input, or nowhere. */
function readEnd(input: Uint8Array): number | undefined {
  if (input.length > bytesMax) return undefined
  const whole = decoded(() => {
    const { envelope, payload } = readMessage(input)
    decodeWith(codecOf(envelope.dialect), payload, (r) => {
      const outer = r.begin({ name: '', fields: {} })
      for (let field = r.next(); field !== 0; field = r.next()) r.skip()
      r.end(outer)
    })
    return input.at(-1) === 0x5d || envelope.dialect !== 'json'
  })
  return whole?.value === true ? input.length : undefined
}

const header = { flags: 0, seqid: 7, protocol: 'binary', isDeflated: false } as const
const theaderTarget: Target = {
  name: 'theader',
  bytesMax: 512,
  seeds: () => [
    written((out) => writeTHeader(out, { ...header, pairs: {} }, Uint8Array.of(1, 2, 3))),
    written((out) => writeTHeader(out, { ...header, pairs: { 'idempotency-key': 'k', ä: '' } }, Uint8Array.of(1))),
    written((out) =>
      writeTHeader(out, { ...header, protocol: 'compact', isDeflated: true, pairs: { a: 'b' } }, new Uint8Array(50)),
    ),
  ],
  run(input) {
    const found = decoded(() => readTHeader(input, bytesMax))?.value
    if (found === undefined) return
    assert(found.payload.length <= Math.max(bytesMax, input.length))
    const again = readTHeader(
      written((out) => writeTHeader(out, found.header, found.payload)),
      bytesMax,
    )
    assert(isDeepStrictEqual(again.header, found.header), 'another header than was written')
    assert.equal(Buffer.compare(again.payload, found.payload), 0, 'another payload than was written')
  },
}

const session = '00112233445566778899aabbccddeeff'
export const frames: readonly Frame[] = [
  {
    kind: 'hello',
    versions: [1],
    session: 'memory',
    resume: undefined,
    epoch: 0,
    instance: '0011223344556677',
    highest: 0,
    ledgerId: '',
    token: 't',
  },
  {
    kind: 'hello',
    versions: [1, 2],
    session: 'durable',
    resume: session,
    epoch: 3,
    instance: '0011223344556677',
    highest: 9,
    ledgerId: 'l',
    token: '',
  },
  {
    kind: 'welcome',
    version: 1,
    session: 'memory',
    id: session,
    epoch: 0,
    instance: '0011223344556677',
    leaseMs: 1000,
    window: 4,
    replyBytesMax: 1000,
    keyRetentionMs: 5,
    ledgerId: 'l',
    incarnation: 'i',
  },
  {
    kind: 'call',
    session,
    number: 1,
    firstUnacked: 1,
    epoch: 0,
    delivery: 'at-most-once',
    isOneway: false,
    attempt: 1,
    leftMs: 1000,
    method: 'Target.count',
    idempotencyKey: undefined,
    headers: { a: 'b' },
    payload: Uint8Array.of(10, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0),
  },
  {
    kind: 'call',
    session,
    number: 2,
    firstUnacked: 1,
    epoch: 0,
    delivery: 'exactly-once',
    isOneway: false,
    attempt: 2,
    leftMs: 1000,
    method: 'Target.debit',
    idempotencyKey: 'k',
    headers: undefined,
    payload: Uint8Array.of(0),
  },
  { kind: 'reply', session, number: 1, isReplay: true, outcome: { kind: 'reply', bytes: Uint8Array.of(0) } },
  {
    kind: 'reply',
    session,
    number: 1,
    isReplay: false,
    outcome: { kind: 'failure', code: 'internal-error', executed: 'never', message: 'm' },
  },
  { kind: 'refused', of: 'call', session, number: 1, sessionKind: 'memory', code: 'window', message: 'm' },
  { kind: 'resolve', session, number: 1, firstUnacked: 1, epoch: 0, fingerprint: undefined, idempotency: undefined },
  {
    kind: 'resolve',
    session,
    number: 1,
    firstUnacked: 1,
    epoch: 0,
    fingerprint: new Uint8Array(32),
    idempotency: { method: 'Target.debit', key: 'k', fingerprint: new Uint8Array(32) },
  },
  { kind: 'ack', session, epoch: 0, firstUnacked: 2 },
  { kind: 'bye', session, epoch: 0, highest: 2 },
  { kind: 'ping', nonce: 7 },
  { kind: 'pong', nonce: 7 },
]

const frameTarget: Target = {
  name: 'frame',
  bytesMax: 512,
  seeds: () => frames.map((frame) => written((out) => encodeFrame(out, frame))),
  run(input) {
    const found = decoded(() => decodeFrame(input))?.value
    if (found === undefined) return
    const again = decodeFrame(written((out) => encodeFrame(out, found)))
    assert(isDeepStrictEqual(plain(again), plain(found)), 'another frame than was written')
  },
}

/** Views as the bytes that they show. */
const plain = (frame: Frame): unknown =>
  JSON.parse(JSON.stringify(frame, (_, value: unknown) => (value instanceof Uint8Array ? [...value] : value)))

/** However a stream is cut into chunks, the same frames come out. */
const splitterTarget: Target = {
  name: 'splitter',
  bytesMax: 512,
  seeds: () => [
    written((out) => [1, 5, 0x100].forEach((length) => (out.u32(length), out.raw(new Uint8Array(length))))),
  ],
  run(input) {
    assert.deepEqual(split(input, 1 + ((input[3] ?? 0) % 9)), split(input, input.length))
    for (const length of [1, 2, 6]) sniff(input.subarray(0, length))
  },
}

function split(input: Uint8Array, step: number): string[] {
  const found: string[] = []
  const splitter = new FrameSplitter(bytesMax, (body) => found.push(Buffer.from(body).toString('hex')))
  try {
    for (let at = 0; at < input.length; at += step) splitter.push(input.subarray(at, at + step))
  } catch (error) {
    if (!(error instanceof OncewireError)) throw error
    found.push(error.code)
  }
  return found
}

export const framingTargets: readonly Target[] = [
  envelopeTarget,
  scannerTarget,
  theaderTarget,
  frameTarget,
  splitterTarget,
]
