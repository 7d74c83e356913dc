/**
 * Journal entries as bytes: records of u32 length, u32 CRC-32, body; the body is a byte for the kind, then its fields.
 * Format 3; format 2 had no marks, format 1 no steps. Pure.
 *
 * Invariant: a record that was cut or changed is found out by its length or its checksum.
 */
import { type Executed, isErrorCode } from '../errors/codes.ts'
import { ByteReader, type ByteWriter, fromHex, toHex } from '../std/bytes.ts'
import { crc32 } from '../std/crc32.ts'
import type { Delivery } from '../once/frame.ts'
import type { JournalEntry, JournalledCall, JournalledStep, StepOutcome } from '../once/journal.ts'

type Ended = Extract<JournalEntry, { kind: 'ended' }>['outcome']

const kinds = [
  '',
  'session',
  'opened',
  'begun',
  'given-up',
  'ended',
  'handed-over',
  'highest',
  'step-begun',
  'step-ended',
  'step-resolved',
  'run-forgotten',
  'mark',
] as const
const deliveries: readonly Delivery[] = ['at-least-once', 'at-most-once', 'exactly-once', 'external']
const outcomes = ['reply', 'exception', 'failure', 'unknown'] as const
const stepOutcomes = [...outcomes, 'value', 'thrown'] as const
const executeds: readonly Executed[] = ['never', 'once', 'unknown']

const headerBytes = 8

/**
 * Says at which byte of the file it stands: all before it was durable when it was written. It stands in front of the
 * entries that one sync makes durable.
 */
interface Mark {
  readonly kind: 'mark'
  readonly offset: number
}

/** Of a whole record. */
export const markBytes = 17

/** Appends one record to `out`, or nothing if it throws. */
export function encodeEntry(out: ByteWriter, entry: JournalEntry | Mark): void {
  const start = out.position
  out.u32(0)
  out.u32(0)
  out.u8(kinds.indexOf(entry.kind))
  try {
    if (entry.kind === 'mark') out.u53(entry.offset)
    else encodeBody(out, entry)
  } catch (error) {
    out.position = start
    throw error
  }
  const body = out.bytes.subarray(start + headerBytes, out.position)
  out.view.setUint32(start, body.length)
  out.view.setUint32(start + 4, crc32(body))
}

function encodeBody(out: ByteWriter, entry: JournalEntry): void {
  switch (entry.kind) {
    case 'session':
      out.raw(fromHex(entry.session))
      out.text16(entry.ledgerId)
      out.text16(entry.principal)
      return
    case 'opened':
      return out.u32(entry.epoch)
    case 'begun':
      out.u53(entry.number)
      return encodeCall(out, entry.call)
    case 'ended':
      out.u53(entry.number)
      return encodeOutcome(out, entry.outcome)
    case 'run-forgotten':
      return out.text16(entry.run)
    case 'step-begun':
    case 'step-ended':
    case 'step-resolved':
      out.text16(entry.run)
      out.u32(entry.step)
      if (entry.kind === 'step-begun') return encodeStep(out, entry.begun)
      if (entry.kind === 'step-ended') return encodeStepOutcome(out, entry.outcome)
      return out.u8(executeds.indexOf(entry.executed))
    default:
      return out.u53(entry.number)
  }
}

function encodeCall(out: ByteWriter, call: JournalledCall): void {
  out.u8(deliveries.indexOf(call.delivery))
  out.text16(call.method)
  out.u8(call.idempotencyKey === undefined ? 0 : 1)
  if (call.idempotencyKey !== undefined) out.text16(call.idempotencyKey)
  out.raw(call.payload)
}

function encodeOutcome(out: ByteWriter, outcome: Ended): void {
  out.u8(outcomes.indexOf(outcome.kind))
  if (outcome.kind === 'unknown') return out.text16(outcome.code)
  if (outcome.kind !== 'failure') return out.raw(outcome.bytes)
  out.text16(outcome.code)
  out.u8(outcome.executed === 'never' ? 0 : 1)
  out.text(outcome.message)
}

function encodeStep(out: ByteWriter, begun: JournalledStep): void {
  out.u8(begun.kind === 'call' ? 0 : 1)
  if (begun.kind === 'local') return out.text(begun.name)
  out.raw(fromHex(begun.session))
  out.u53(begun.number)
  out.u8(begun.isOneway ? 1 : 0)
  out.text16(begun.endpoint)
  encodeCall(out, begun.call)
}

function encodeStepOutcome(out: ByteWriter, outcome: StepOutcome): void {
  if (outcome.kind === 'value' || outcome.kind === 'thrown') {
    out.u8(stepOutcomes.indexOf(outcome.kind))
    return out.raw(outcome.bytes)
  }
  encodeOutcome(out, outcome)
  if (outcome.kind === 'unknown') out.u8(outcome.mayResolve ? 1 : 0)
}

/** The body of the whole record that begins at `at`, and where it ends; undefined if none does. */
export function recordAt(
  bytes: Uint8Array,
  at: number,
): { readonly body: Uint8Array; readonly end: number } | undefined {
  const start = at + headerBytes
  if (start >= bytes.length) return undefined
  const header = new DataView(bytes.buffer, bytes.byteOffset + at, headerBytes)
  const end = start + header.getUint32(0)
  const body = bytes.subarray(start, end)
  if (end > bytes.length || !isPlausible(body)) return undefined
  return crc32(body) === header.getUint32(4) ? { body, end } : undefined
}

/** Whether the whole mark of that place begins at `at`. */
export function isMarkAt(bytes: Uint8Array, at: number): boolean {
  const start = at + headerBytes
  if (bytes[start] !== kinds.indexOf('mark')) return false
  const body = recordAt(bytes, at)?.body
  return body !== undefined && new ByteReader(body.subarray(1)).u53() === at
}

/**
 * Whether `body` can be an entry, as far as its first bytes tell. Without this, looking for a record at every place of a
 * large damaged file would take the checksum of much of the file at many places.
 */
function isPlausible(body: Uint8Array): boolean {
  const kind = kinds[body[0] as number] ?? ''
  if (kind === '') return false
  if (kind === 'session') return body.length >= 21
  if (kind === 'opened') return body.length === 5
  if (kind === 'run-forgotten') return body.length === 3 + textBytes(body)
  if (kind.startsWith('step-')) return body.length >= 8 + textBytes(body)
  // All others begin with a number, whose highest byte is never used.
  if (body[1] !== 0) return false
  if (kind === 'begun') return body.length >= 13 && (body[9] as number) < deliveries.length
  if (kind === 'ended') return body.length >= 10 && (body[9] as number) < outcomes.length
  return body.length === 9
}

/** Of the text behind the kind. */
function textBytes(body: Uint8Array): number {
  return body.length < 3 ? Infinity : (body[1] as number) * 256 + (body[2] as number)
}

/** Reads the body of a record. Throws for what this format does not have. */
export function decodeEntry(bytes: Uint8Array): JournalEntry {
  const body = new ByteReader(bytes)
  const kind = kinds[body.u8()]
  switch (kind) {
    case 'session':
      return { kind, session: toHex(body.raw(16)), ledgerId: body.text16(), principal: body.text16() }
    case 'opened':
      return { kind, epoch: body.u32() }
    case 'begun':
      return { kind, number: body.u53(), call: decodeCall(body) }
    case 'ended':
      return { kind, number: body.u53(), outcome: decodeOutcome(body) }
    case 'given-up':
    case 'handed-over':
    case 'highest':
      return { kind, number: body.u53() }
    case 'run-forgotten':
      return { kind, run: body.text16() }
    case 'step-begun':
      return { kind, run: body.text16(), step: body.u32(), begun: decodeStep(body) }
    case 'step-ended':
      return { kind, run: body.text16(), step: body.u32(), outcome: decodeStepOutcome(body) }
    case 'step-resolved':
      return { kind, run: body.text16(), step: body.u32(), executed: executedOf(body.u8()) }
    default:
      throw new RangeError('a journal entry of a kind that no format has')
  }
}

function decodeCall(body: ByteReader): JournalledCall {
  const delivery = deliveries[body.u8()]
  if (delivery === undefined) throw new RangeError('a delivery that no format has')
  const method = body.text16()
  const idempotencyKey = body.u8() === 0 ? undefined : body.text16()
  return { delivery, method, idempotencyKey, payload: body.raw(body.left).slice() }
}

function decodeOutcome(body: ByteReader): Ended {
  const kind = outcomes[body.u8()]
  if (kind === 'reply' || kind === 'exception') return { kind, bytes: body.raw(body.left).slice() }
  if (kind === undefined) throw new RangeError('an outcome that no format has')
  const code = body.text16()
  if (kind === 'unknown') return { kind, code }
  const executed = body.u8() === 0 ? 'never' : 'once'
  return { kind, executed, code: isErrorCode(code) ? code : 'internal-error', message: body.text(body.left) }
}

function decodeStep(body: ByteReader): JournalledStep {
  if (body.u8() === 1) return { kind: 'local', name: body.text(body.left) }
  const session = toHex(body.raw(16))
  const number = body.u53()
  const isOneway = body.u8() === 1
  const endpoint = body.text16()
  return { kind: 'call', session, number, isOneway, endpoint, call: decodeCall(body) }
}

function decodeStepOutcome(body: ByteReader): StepOutcome {
  const kind = stepOutcomes[body.bytes[body.position] as number]
  if (kind === 'value' || kind === 'thrown') {
    body.u8()
    return { kind, bytes: body.raw(body.left).slice() }
  }
  const outcome = decodeOutcome(body)
  return outcome.kind === 'unknown' ? { ...outcome, mayResolve: body.u8() === 1 } : outcome
}

function executedOf(index: number): Executed {
  const executed = executeds[index]
  if (executed === undefined) throw new RangeError('an end that no format has')
  return executed
}
