/**
 * Runs the call that a message of a stock Thrift client asks for, whatever carried the message.
 *
 * Invariant: a call is answered once; one that wants no answer, by its kind or by the IDL, gets none.
 */
import { keyInArguments } from '../rpc/call-info.ts'
import type { NotServed, Served } from '../rpc/dispatcher.ts'
import { applicationTypes, codecOf, type Envelope } from '../wire/envelope.ts'
import {
  denied,
  type DoorAnswer,
  type DoorFailure,
  type SessionlessCall,
  type SessionlessCalls,
} from './sessionless.ts'
import { replyTo, type Way } from './thrift-reply.ts'

export interface ThriftCall extends Omit<SessionlessCall, 'served' | 'codec'> {
  readonly way: Way
  readonly found: Served | NotServed
}

/** Before 0.9.3 a oneway call looked like every other: the IDL decides too. */
export function isSilent({ kind }: Envelope, found: Served | NotServed): boolean {
  return kind === 'oneway' || ('method' in found && found.method.isOneway)
}

/** `answer` gets the whole reply; also where it is not to be sent. It may be called before this returns. */
export function runThrift(calls: SessionlessCalls, call: ThriftCall, answer: (reply: Uint8Array) => void): void {
  const { way, found, payload, principal } = call
  const { kind, dialect } = way.envelope
  const refuse = (failure: DoorFailure, type?: number): void =>
    answer(replyTo(way, { method: undefined, answer: failure, type }))
  if (principal === undefined) return refuse(denied)
  if (kind === 'reply' || kind === 'exception') {
    return refuse(malformed(`a server was sent a message of kind ${kind}`), applicationTypes.invalidMessageType)
  }
  if (!('method' in found)) return refuse({ kind: 'failure', executed: 'never', ...found })
  const codec = codecOf(dialect)
  const inArguments = keyInArguments(payload, codec)
  const idempotencyKey = call.idempotencyKey ?? inArguments
  if (inArguments !== undefined && inArguments !== idempotencyKey) {
    return refuse(malformed('two idempotency keys, one in the header and another in the arguments'))
  }
  const { method } = found
  calls.call({ ...call, served: found, codec, idempotencyKey }, (ended) => {
    const pairs = idempotencyKey === undefined ? undefined : retention(calls)
    answer(replyTo(way, { method, answer: ended, pairs }))
  })
}

/** The reply to those who still wait when the server closes. */
export function closedReply(way: Way, hasBegun: boolean): Uint8Array {
  const executed = hasBegun ? 'unknown' : 'never'
  const answer: DoorAnswer = { kind: 'failure', code: 'closed', executed, message: 'the server is closing' }
  return replyTo(way, { method: undefined, answer })
}

/** How long a key is remembered, in seconds, as a header. */
export function retention({ keyRetentionMs }: SessionlessCalls): Readonly<Record<string, string>> {
  return keyRetentionMs === undefined ? {} : { 'oncewire-key-retention': String(Math.floor(keyRetentionMs / 1000)) }
}

function malformed(message: string): DoorFailure {
  return { kind: 'failure', code: 'malformed', executed: 'never', message }
}
