/**
 * What an HTTP client is told: the result as JSON, or a problem (RFC 9457) with our code and `executed`.
 *
 * | status | what |
 * |---|---|
 * | 200, 204, 202 | the result; a method without one; oneway: taken |
 * | 400 | a declared exception (`exception` holds its fields); arguments that do not fit; a bad Idempotency-Key |
 * | 401, 404, 413 | unknown caller, unknown method, too large |
 * | 409, 422 | the call with this Idempotency-Key still runs; the key came with other arguments before (the IETF draft) |
 * | 500, 503 | the handler failed; the server cannot now |
 */
import type { ErrorCode, Executed } from '../errors/codes.ts'
import type { OncewireError } from '../errors/oncewire-error.ts'
import type { CompiledMethod } from '../rpc/service.ts'
import type { DoorAnswer } from './sessionless.ts'

export interface HttpAnswer {
  readonly status: number
  readonly body: string | undefined
  readonly headers?: Readonly<Record<string, string>>
}

const statuses: Partial<Record<ErrorCode, number>> = {
  malformed: 400,
  'invalid-argument': 400,
  'idempotency-key-too-long': 400,
  'key-needs-ledger': 400,
  denied: 401,
  'unknown-method': 404,
  'unknown-service': 404,
  'still-running': 409,
  'frame-too-large': 413,
  'key-reused': 422,
  overloaded: 503,
  'ledger-failed': 503,
  closed: 503,
}

/** The outcome of a call that came as JSON. */
export function answerJson(method: CompiledMethod, answer: DoorAnswer, isReplay: boolean): HttpAnswer {
  const headers: Record<string, string> = isReplay ? { 'oncewire-replayed': 'true' } : {}
  if (answer.kind === 'failure') {
    const { code, executed, message } = answer
    return merge(
      problem(
        statuses[code] ?? 500,
        code,
        executed,
        message.startsWith(method.name) ? message : `${method.name}: ${message}`,
      ),
      headers,
    )
  }
  const { json, exception } = method.replyJson(answer.bytes)
  if (exception === undefined) return { status: json === undefined ? 204 : 200, body: json, headers }
  const title = JSON.stringify(exception)
  const body = `{"title":${title},"status":400,"detail":"${method.name} declares this exception","exception":${json}}`
  return { status: 400, body, headers }
}

/** What our own code says is wrong with a request. */
export function failed({ code, executed, message }: OncewireError): HttpAnswer {
  return problem(statuses[code] ?? 500, code, executed, message)
}

export function problem(status: number, code: ErrorCode, executed: Executed, detail: string): HttpAnswer {
  const body = JSON.stringify({ title: code, status, detail, code, executed })
  return { status, body, headers: { 'oncewire-executed': executed } }
}

function merge(answer: HttpAnswer, headers: Readonly<Record<string, string>>): HttpAnswer {
  return { ...answer, headers: { ...answer.headers, ...headers } }
}
