/**
 * What a stock Thrift client is told: the result struct, or a TApplicationException whose text begins with our code and
 * ends with `executed`.
 */
import type { Executed } from '../errors/codes.ts'
import type { CompiledMethod } from '../rpc/service.ts'
import { assert } from '../std/assert.ts'
import type { ByteWriter } from '../std/bytes.ts'
import { ApplicationException, applicationTypes, type Envelope, writeMessage } from '../wire/envelope.ts'
import type { Codec } from '../wire/shape.ts'
import { writeTHeader } from '../wire/theader.ts'
import type { DoorAnswer } from './sessionless.ts'
import type { Way } from './thrift-connection.ts'

/** The struct behind the envelope, in the codec of the caller. */
export function payloadOf(method: CompiledMethod | undefined, answer: DoorAnswer, codec: Codec): Uint8Array {
  if (answer.kind === 'failure') return exceptionOf(answer).encode(codec)
  if (codec === 'binary') return answer.bytes
  assert(method !== undefined, 'a result of no method')
  const reply = method.decodeReply(answer.bytes)
  if ('value' in reply) return method.encodeResult(reply.value, codec)
  const bytes = method.encodeException(reply.exception, codec)
  assert(bytes !== undefined, `${method.name} answered an exception that it does not declare`)
  return bytes
}

export function exceptionOf({ code, message, executed }: Extract<DoorAnswer, { kind: 'failure' }>): {
  encode(codec: Codec): Uint8Array
} {
  const value = { message: `${code}: ${message} (executed: ${executed})`, type: typeOf(code) }
  return { encode: (codec) => ApplicationException.encode(value, codec) }
}

function typeOf(code: string): number {
  if (code === 'unknown-method' || code === 'unknown-service') return applicationTypes.unknownMethod
  return code === 'malformed' ? applicationTypes.protocolError : applicationTypes.internalError
}

/** The whole reply, framed as its call was. */
export function writeReply(
  out: ByteWriter,
  { envelope, header, isUnframed }: Way,
  answer: { readonly kind: string; readonly code?: string; readonly executed?: Executed; readonly isReplay?: boolean },
  payload: Uint8Array,
): void {
  const reply: Envelope = {
    ...envelope,
    kind: answer.kind === 'failure' ? 'exception' : 'reply',
    // Clients compare it with the method's name, without the service that multiplexing puts in front.
    name: envelope.name.slice(envelope.name.indexOf(':') + 1),
  }
  if (isUnframed) return writeMessage(out, reply, payload)
  const start = out.position
  out.u32(0)
  if (header === undefined) writeMessage(out, reply, payload)
  else {
    const message = out.position
    writeMessage(out, reply, payload)
    const bytes = out.slice(message)
    out.position = message
    const pairs = pairsOf(answer)
    writeTHeader(out, { ...header, pairs }, bytes)
  }
  out.view.setUint32(start, out.position - start - 4)
}

function pairsOf(answer: Parameters<typeof writeReply>[2]): Record<string, string> {
  if (answer.kind === 'failure') {
    return { 'oncewire-code': answer.code ?? '', 'oncewire-executed': answer.executed ?? 'unknown' }
  }
  return answer.isReplay === true ? { 'oncewire-replayed': 'true' } : {}
}
