/**
 * What a stock Thrift client is told: the result struct, or a TApplicationException whose text begins with our code and
 * ends with `executed`.
 *
 * Invariant: a reply goes in the dialect, framing and with the seqid of its call, compressed only if that was.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import type { CompiledMethod } from '../rpc/service.ts'
import { assert } from '../std/assert.ts'
import { ByteWriter } from '../std/bytes.ts'
import { ApplicationException, applicationTypes, codecOf, type Envelope, writeMessage } from '../wire/envelope.ts'
import type { Codec } from '../wire/shape.ts'
import { type THeader, writeTHeader } from '../wire/theader.ts'
import type { DoorAnswer, DoorFailure } from './sessionless.ts'

/** How a message came, and how its answer goes. */
export interface Way {
  readonly envelope: Envelope
  readonly header: THeader | undefined
  readonly isUnframed: boolean
}

export interface ThriftReply {
  /** undefined: of no method that is served. */
  readonly method: CompiledMethod | undefined
  readonly answer: DoorAnswer
  /** Apache's number for a failure, where our code does not say it. */
  readonly type?: number | undefined
  /** Info headers, for a caller that speaks THeader. */
  readonly pairs?: Readonly<Record<string, string>> | undefined
}

/** The whole reply, with its length in front where its call had one. */
export function replyTo(way: Way, { method, answer, type, pairs = {} }: ThriftReply): Uint8Array {
  const codec = codecOf(way.envelope.dialect)
  if (answer.kind === 'failure') return failureTo(way, answer, type)
  let payload: Uint8Array
  try {
    payload = payloadOf(method, answer, codec)
  } catch (error) {
    if (!(error instanceof OncewireError)) throw error
    // A recorded outcome that today's IDL no longer reads. The call has run all the same.
    return failureTo(way, { kind: 'failure', code: 'internal-error', executed: 'once', message: error.message })
  }
  return written(way, { kind: 'reply', payload, pairs: { ...pairs, ...(answer.isReplay ? replayed : {}) } })
}

const replayed = { 'oncewire-replayed': 'true' }

function failureTo(way: Way, failure: DoorFailure, type: number = typeOf(failure.code)): Uint8Array {
  const { code, message, executed } = failure
  const value = { message: `${code}: ${message} (executed: ${executed})`, type }
  const payload = ApplicationException.encode(value, codecOf(way.envelope.dialect))
  const pairs = { 'oncewire-code': code, 'oncewire-executed': executed }
  return written(way, { kind: 'exception', payload, pairs })
}

/** The struct behind the envelope, in the codec of the caller. */
function payloadOf(
  method: CompiledMethod | undefined,
  answer: Exclude<DoorAnswer, DoorFailure>,
  codec: Codec,
): Uint8Array {
  if (codec === 'binary') return answer.bytes
  assert(method !== undefined, 'a result of no method')
  const reply = method.decodeReply(answer.bytes)
  if ('value' in reply) return method.encodeResult(reply.value, codec)
  const bytes = method.encodeException(reply.exception, codec)
  assert(bytes !== undefined, `${method.name} answered an exception that it does not declare`)
  return bytes
}

function typeOf(code: string): number {
  if (code === 'unknown-method' || code === 'unknown-service') return applicationTypes.unknownMethod
  return code === 'malformed' ? applicationTypes.protocolError : applicationTypes.internalError
}

function written(
  { envelope, header, isUnframed }: Way,
  reply: {
    readonly kind: 'reply' | 'exception'
    readonly payload: Uint8Array
    readonly pairs: Readonly<Record<string, string>>
  },
): Uint8Array {
  const out = new ByteWriter(reply.payload.length + 256)
  // Clients compare it with the method's name, without the service that multiplexing puts in front.
  const name = envelope.name.slice(envelope.name.indexOf(':') + 1)
  const answered: Envelope = { ...envelope, kind: reply.kind, name }
  if (!isUnframed) out.u32(0)
  const begin = out.position
  writeMessage(out, answered, reply.payload)
  if (header !== undefined) {
    const message = out.slice(begin)
    out.position = begin
    writeTHeader(out, { ...header, pairs: reply.pairs }, message)
  }
  if (!isUnframed) out.view.setUint32(0, out.position - begin)
  return out.bytes.subarray(0, out.position)
}
