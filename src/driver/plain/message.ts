/**
 * A call as bytes and bytes as a reply: the envelope, and THeader around it where that is spoken.
 */
import type { OncewireError } from '../../errors/oncewire-error.ts'
import type { ByteWriter } from '../../std/bytes.ts'
import { malformed } from '../../wire/check.ts'
import { type Envelope, readMessage, writeMessage } from '../../wire/envelope.ts'
import { readTHeader, theaderMagic, writeTHeader } from '../../wire/theader.ts'
import { tooLarge } from '../caller.ts'
import { OncewireReflection } from '../gen/oncewire-reflection.ts'
import type { OpenCall } from './open-call.ts'
import { type Speech, wireName } from './speech.ts'

const reflection = `${OncewireReflection.name}.`

export interface Reply {
  readonly envelope: Envelope
  readonly payload: Uint8Array
  readonly pairs: Readonly<Record<string, string>>
  /** It came compressed. */
  readonly isDeflated: boolean
}

/** Writes a call without its length. @throws {OncewireError} frame-too-large; invalid-argument for headers that do not fit */
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
  // Reflection is asked for in full, whatever is spoken: no server can take that for a method of its own.
  const name = wireName(method, isMultiplexed || method.name.startsWith(reflection))
  writeMessage(out, { kind, name, seqid, dialect: codec }, payload)
  if (framing === 'header') {
    const message = out.slice(begin)
    out.position = begin
    const protocol = codec === 'compact' ? 'compact' : 'binary'
    try {
      writeTHeader(out, { seqid, flags: 0, protocol, isDeflated, pairs: pairsOf(call, speech) }, message)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw call.error({ code: 'invalid-argument', executed: 'never', message: error.message }, error)
    }
  }
  const { frameBytesMax } = speech.limits
  const headerBytes = out.position - begin - payload.length
  if (headerBytes + payload.length > frameBytesMax) throw tooLarge(method, payload.length, frameBytesMax - headerBytes)
}

/** A deadline further away is not told: readers take 32 bits. */
export const leftMsMax = 1e9

/** fbthrift's `client_timeout`, which others pass on, is the time left. */
function pairsOf({ options, leftMs }: OpenCall, { token }: Speech): Record<string, string> {
  const pairs: Record<string, string> = { ...options.headers }
  if (leftMs < leftMsMax) pairs['client_timeout'] = String(leftMs)
  if (token !== undefined) pairs['authorization'] = `Bearer ${token}`
  if (options.idempotencyKey !== undefined) pairs['idempotency-key'] = options.idempotencyKey
  return pairs
}

const nothingBeside: Reply['pairs'] = {}

/** The payload is a view. @throws {OncewireError} malformed */
export function readReply(body: Uint8Array, payloadBytesMax: number): Reply {
  const isTHeader = body.length > 1 && (body[0] as number) * 256 + (body[1] as number) === theaderMagic
  if (!isTHeader) {
    const { envelope, payload } = readMessage(body)
    return { envelope, payload, pairs: nothingBeside, isDeflated: false }
  }
  const { header, payload: message } = readTHeader(body, payloadBytesMax)
  const { envelope, payload } = readMessage(message)
  return { envelope, payload, pairs: header.pairs, isDeflated: header.isDeflated }
}

/**
 * What is wrong with a message that should answer the call; undefined: nothing. Servers write the name with or without the
 * service, and of an exception any.
 */
export function unfit(envelope: Envelope, { method }: OpenCall, seqid: number): OncewireError | undefined {
  const { kind, name } = envelope
  const isNamed = kind === 'exception' || name === wireName(method, false) || name === wireName(method, true)
  if (isNamed && envelope.seqid === seqid && kind !== 'call' && kind !== 'oneway') return undefined
  return malformed(`${shown(envelope)}, where a reply to ${method.name} with seqid ${seqid} was due`)
}

export function shown({ kind, name, seqid }: Envelope): string {
  return `a message of kind ${kind}, named "${name}", with seqid ${seqid}`
}
