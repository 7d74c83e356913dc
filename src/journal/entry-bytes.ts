/**
 * Journal entries as bytes: u32 length, u32 CRC-32, body. Format 1.
 *
 * Invariant: a record that was cut or changed is found out by its length or its checksum.
 */
import { isErrorCode } from '../errors/codes.ts'
import { type ByteReader, ByteWriter, fromHex, toHex } from '../std/bytes.ts'
import { crc32 } from '../std/crc32.ts'
import type { Delivery } from '../once/frame.ts'
import type { JournalEntry, JournalledCall } from '../once/journal.ts'

type Ended = Extract<JournalEntry, { kind: 'ended' }>['outcome']

const kinds = ['', 'session', 'opened', 'begun', 'given-up', 'ended', 'handed-over', 'highest'] as const
const deliveries: readonly Delivery[] = ['at-least-once', 'at-most-once', 'exactly-once', 'external']
const outcomes = ['reply', 'exception', 'failure', 'unknown'] as const

export const recordHeaderBytes = 8

/** Appends one record to `out`. */
export function encodeEntry(out: ByteWriter, entry: JournalEntry): void {
  const start = out.position
  out.u32(0)
  out.u32(0)
  out.u8(kinds.indexOf(entry.kind))
  encodeBody(out, entry)
  const body = out.bytes.subarray(start + recordHeaderBytes, out.position)
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

/** Reads a body whose checksum was right. Throws for a kind that this format does not have. */
export function decodeEntry(body: ByteReader): JournalEntry {
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
    default:
      throw new RangeError('a journal entry of a kind that format 1 does not have')
  }
}

function decodeCall(body: ByteReader): JournalledCall {
  const delivery = deliveries[body.u8()]
  if (delivery === undefined) throw new RangeError('a delivery that format 1 does not have')
  const method = body.text16()
  const idempotencyKey = body.u8() === 0 ? undefined : body.text16()
  return { delivery, method, idempotencyKey, payload: body.raw(body.left).slice() }
}

function decodeOutcome(body: ByteReader): Ended {
  const kind = outcomes[body.u8()]
  if (kind === 'reply' || kind === 'exception') return { kind, bytes: body.raw(body.left).slice() }
  if (kind === undefined) throw new RangeError('an outcome that format 1 does not have')
  const code = body.text16()
  if (kind === 'unknown') return { kind, code }
  const executed = body.u8() === 0 ? 'never' : 'once'
  return { kind, executed, code: isErrorCode(code) ? code : 'internal-error', message: body.text(body.left) }
}

/** An entry by itself, for those who keep entries elsewhere. */
export function entryBytes(entry: JournalEntry): Uint8Array {
  const out = new ByteWriter(256)
  encodeEntry(out, entry)
  return out.slice()
}
