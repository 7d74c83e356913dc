/**
 * A call as bytes and bytes as a reply: the envelope, and THeader around it where that is spoken.
 */
import type { ByteWriter } from '../../std/bytes.ts'
import { type Envelope, readMessage, writeMessage } from '../../wire/envelope.ts'
import { readTHeader, theaderMagic, writeTHeader } from '../../wire/theader.ts'
import type { OpenCall } from './open-call.ts'
import { type Speech, wireName } from './speech.ts'

export interface Reply {
  readonly envelope: Envelope
  readonly payload: Uint8Array
  readonly pairs: Readonly<Record<string, string>>
  /** It came compressed. */
  readonly isDeflated: boolean
}

/** Writes a call without its length. @throws {RangeError} if its headers do not fit */
export function writeCall(
  out: ByteWriter,
  call: OpenCall,
  how: { readonly speech: Speech; readonly seqid: number; readonly isDeflated: boolean },
): void {
  const { speech, seqid, isDeflated } = how
  const { codec, framing, isMultiplexed } = speech
  const { method, payload } = call
  const begin = out.position
  const kind = method.isOneway ? 'oneway' : 'call'
  writeMessage(out, { kind, name: wireName(method, isMultiplexed), seqid, dialect: codec }, payload)
  if (framing !== 'header') return
  const message = out.slice(begin)
  out.position = begin
  const protocol = codec === 'compact' ? 'compact' : 'binary'
  writeTHeader(out, { seqid, flags: 0, protocol, isDeflated, pairs: pairsOf(call, speech) }, message)
}

/** fbthrift's `client_timeout`, which others pass on, is the time left. */
function pairsOf({ options, leftMs }: OpenCall, { token }: Speech): Record<string, string> {
  const pairs: Record<string, string> = { ...options.headers, client_timeout: String(leftMs) }
  if (token !== undefined) pairs['authorization'] = `Bearer ${token}`
  if (options.idempotencyKey !== undefined) pairs['idempotency-key'] = options.idempotencyKey
  return pairs
}

/** The payload is a view. @throws {OncewireError} malformed */
export function readReply(body: Uint8Array, payloadBytesMax: number): Reply {
  const isTHeader = body.length > 1 && (body[0] as number) * 256 + (body[1] as number) === theaderMagic
  if (!isTHeader) return { ...readMessage(body), pairs: {}, isDeflated: false }
  const { header, payload } = readTHeader(body, payloadBytesMax)
  return { ...readMessage(payload), pairs: header.pairs, isDeflated: header.isDeflated }
}
