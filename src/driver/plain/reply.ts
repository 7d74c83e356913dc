/**
 * What the reply of a server that may be no Oncewire means for its call.
 *
 * A TApplicationException of our own server carries code and `executed` in its text. Of others only the type is known, and
 * this is what Apache's libraries mean by it (their sources, version 0.25):
 *
 * | type | said by | so the handler |
 * |---|---|---|
 * | absent, 0 UNKNOWN | C++, Node, Rust: the handler threw | ran: `once` |
 * | 1 to 4, 8 to 10 | all: before the handler is called | did not run: `never` |
 * | 5 MISSING_RESULT, 6 INTERNAL_ERROR | all: the handler threw or answered nothing | ran: `once` |
 * | 7 PROTOCOL_ERROR | Java, Go: the arguments could not be read; C++: no such service | did not run: `never` |
 * | any other | nobody | perhaps: `unknown` |
 *
 * Node leaves the type out always, and .NET says 6 of a service that it does not have: their texts tell these cases.
 */
import { type ErrorCode, isErrorCode, isExecuted } from '../../errors/codes.ts'
import { OncewireError } from '../../errors/oncewire-error.ts'
import { ApplicationException, applicationTypes, codecOf } from '../../wire/envelope.ts'
import type { Reply } from './message.ts'
import type { End, Failure, OpenCall } from './open-call.ts'

/** How the call ends that this answers. */
export function endOf(call: OpenCall, { envelope, payload, pairs }: Reply): End {
  const { kind, dialect } = envelope
  const codec = codecOf(dialect)
  try {
    if (kind === 'exception') {
      return { error: call.error(verdictOf(call.method.name, ApplicationException.decode(payload, codec), pairs)) }
    }
    const reply = call.method.decodeReply(payload, codec)
    return 'value' in reply ? { value: reply.value } : { error: reply.exception }
  } catch (error) {
    if (!(error instanceof OncewireError)) return { error: error as Error }
    // A reply that cannot be read is the handler's all the same; an exception that cannot be read may be anybody's.
    const executed = kind === 'reply' ? 'once' : 'unknown'
    return { error: call.error({ code: error.code, executed, message: error.message }, error) }
  }
}

const never: Readonly<Record<number, ErrorCode>> = {
  [applicationTypes.unknownMethod]: 'unknown-method',
  [applicationTypes.wrongMethodName]: 'unknown-method',
  [applicationTypes.invalidMessageType]: 'malformed',
  [applicationTypes.badSequenceId]: 'malformed',
  [applicationTypes.protocolError]: 'malformed',
  [applicationTypes.invalidTransform]: 'malformed',
  [applicationTypes.invalidProtocol]: 'malformed',
  [applicationTypes.unsupportedClientType]: 'unsupported',
}
const once: readonly number[] = [
  applicationTypes.unknown,
  applicationTypes.missingResult,
  applicationTypes.internalError,
]

function verdictOf(name: string, { message = '', type }: ApplicationException, pairs: Reply['pairs']): Failure {
  const ours = oursOf(message, pairs)
  if (ours !== undefined) return ours
  const text = `the server answered ${typeName(type)}: ${message === '' ? '(no text)' : message}`
  const dot = name.lastIndexOf('.')
  if (type === undefined && message === `Unknown function ${name.slice(dot + 1)}`) {
    return { code: 'unknown-method', executed: 'never', message: text }
  }
  if (type === applicationTypes.internalError && message.startsWith(`Service name not found: ${name.slice(0, dot)}.`)) {
    return { code: 'unknown-service', executed: 'never', message: text }
  }
  const code = never[type ?? applicationTypes.unknown]
  if (code !== undefined) return { code, executed: 'never', message: text }
  const executed = once.includes(type ?? applicationTypes.unknown) ? 'once' : 'unknown'
  return { code: 'internal-error', executed, message: text }
}

/** What a server of ours says: `code: text (executed: never)`, and the same in headers where there are some. */
function oursOf(text: string, pairs: Reply['pairs']): Failure | undefined {
  const [, code = '', message = '', executed = ''] = /^([a-z-]+): (.*) \(executed: (\w+)\)$/s.exec(text) ?? []
  const toldCode = pairs['oncewire-code'] ?? code
  const toldExecuted = pairs['oncewire-executed'] ?? executed
  if (!isErrorCode(toldCode) || !isExecuted(toldExecuted)) return undefined
  return { code: toldCode, executed: toldExecuted, message: message === '' ? text : message }
}

function typeName(type: number | undefined): string {
  if (type === undefined) return 'a TApplicationException without a type'
  const name = Object.entries(applicationTypes).find(([, number]) => number === type)?.[0]
  return `a TApplicationException of type ${type}${name === undefined ? '' : ` (${name})`}`
}
