/**
 * Runs one handler and turns however it ends into an outcome.
 *
 * Invariant: never throws and never rejects; an error that the IDL does not declare goes to the log, not to the caller.
 */
import { DeclaredException } from '../errors/declared-exception.ts'
import { OncewireError } from '../errors/oncewire-error.ts'
import type { HandlerEnd } from '../once/ledger.ts'
import type { Outcome } from '../once/outcome.ts'
import type { Served } from '../rpc/dispatcher.ts'
import type { CallContext } from './call-context.ts'

export interface HandlerRules {
  readonly replyBytesMax: number
  /** What an undeclared error or an oversize reply means: 'never' where it is rolled back, else 'once'. */
  readonly executedOnFailure: 'never' | 'once'
  /** Puts the text of undeclared errors into the reply. */
  readonly tellsErrors: boolean
  readonly log: (message: string, error: unknown) => void
}

type HandlerFunction = (...args: readonly unknown[]) => unknown

/** Answers at once where the handler does, else a promise that never rejects. */
export function runHandler(
  { method, handler }: Served,
  call: { readonly values: readonly unknown[]; readonly context: CallContext },
  rules: HandlerRules,
): HandlerEnd | Promise<HandlerEnd> {
  const ended = (value: unknown): HandlerEnd => endWith(method, value, rules)
  const failed = (error: unknown): HandlerEnd => failWith(method, error, rules)
  try {
    const value = (handler as HandlerFunction)(...call.values, call.context)
    if (isPromiseLike(value)) {
      return Promise.resolve(value)
        .then(ended, failed)
        .finally(() => call.context.end())
    }
    call.context.end()
    return ended(value)
  } catch (error) {
    call.context.end()
    return failed(error)
  }
}

/** What a handler answered, as an outcome. */
export function endWith(method: Served['method'], value: unknown, rules: HandlerRules): HandlerEnd {
  if (method.isOneway) return { outcome: { kind: 'reply', bytes: new Uint8Array() }, keepsEffects: true }
  try {
    return bounded(method, { kind: 'reply', bytes: method.encodeResult(value) }, rules)
  } catch (error) {
    return failWith(method, error, rules)
  }
}

/** What a handler threw, as an outcome. */
export function failWith(method: Served['method'], error: unknown, rules: HandlerRules): HandlerEnd {
  if (error instanceof DeclaredException) {
    try {
      const bytes = method.encodeException(error)
      if (bytes !== undefined) return bounded(method, { kind: 'exception', bytes }, rules)
    } catch (encodingError) {
      return failWith(method, encodingError, rules)
    }
  }
  rules.log(`${method.name} failed`, error)
  const isMisuse = error instanceof OncewireError && error.code === 'transaction-misused'
  const text = error instanceof Error ? error.message : String(error)
  return failure(rules, {
    code: isMisuse ? 'transaction-misused' : 'internal-error',
    message: rules.tellsErrors || isMisuse ? text : 'the handler failed; the log of the server says why',
  })
}

function bounded(
  method: Served['method'],
  outcome: Extract<Outcome, { bytes: Uint8Array }>,
  rules: HandlerRules,
): HandlerEnd {
  const { length } = outcome.bytes
  if (length <= rules.replyBytesMax) return { outcome, keepsEffects: outcome.kind === 'reply' }
  const message = `the reply of ${method.name} has ${length} bytes, and limits.replyBytesMax is ${rules.replyBytesMax}`
  return failure(rules, { code: 'reply-too-large', message })
}

function failure(
  rules: HandlerRules,
  { code, message }: { readonly code: Extract<Outcome, { kind: 'failure' }>['code']; readonly message: string },
): HandlerEnd {
  return { outcome: { kind: 'failure', code, executed: rules.executedOnFailure, message }, keepsEffects: false }
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
