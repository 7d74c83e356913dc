/**
 * What an HTTP client is told: the result as JSON, or a problem (RFC 9457) with our code and `executed`.
 *
 * | status | what |
 * |---|---|
 * | 200, 204, 202 | the result; a method without one; oneway: taken |
 * | 400 | a declared exception (`exception` holds its fields); arguments, a header or an idempotency key that do not fit |
 * | 401, 403 | unknown caller; a page of another origin |
 * | 404, 405, 408, 413, 415, 431 | unknown service or method; no POST; too slow, too large, no JSON and no Thrift |
 * | 409, 422 | the call with this key still runs; the key came with other arguments before (the IETF draft) |
 * | 410 | the key is older than keys are remembered, so nobody can say whether its call ran |
 * | 500, 503, 504 | the handler failed; the server cannot now; the caller's deadline passed |
 *
 * Invariant: whoever is refused is told whether the call ran.
 */
import { codes, type ErrorCode, type Executed } from '../errors/codes.ts'
import type { OncewireError } from '../errors/oncewire-error.ts'
import type { CompiledMethod } from '../rpc/service.ts'
import type { DoorAnswer } from './sessionless.ts'

export interface HttpAnswer {
  readonly status: number
  readonly type?: string
  readonly body?: string | Uint8Array
  readonly headers?: Readonly<Record<string, string>>
}

const statuses: Partial<Record<ErrorCode, number>> = {
  malformed: 400,
  'invalid-argument': 400,
  'idempotency-key-too-long': 400,
  'key-needs-ledger': 400,
  'key-required': 400,
  denied: 401,
  'unknown-method': 404,
  'unknown-service': 404,
  'still-running': 409,
  'key-expired': 410,
  'frame-too-large': 413,
  'key-reused': 422,
  overloaded: 503,
  'ledger-failed': 503,
  closed: 503,
  deadline: 504,
}

/** What a status asks to be said beside the problem (RFC 9110). */
const headersOf: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: { 'www-authenticate': 'Bearer' },
  405: { allow: 'POST, OPTIONS' },
  409: { 'retry-after': '1' },
  503: { 'retry-after': '1' },
}

/** A call that is not even begun, thrown on the way to it. */
export class HttpRefused extends Error {
  readonly answer: HttpAnswer

  constructor(answer: HttpAnswer) {
    super(`HTTP ${answer.status}`)
    this.answer = answer
  }
}

/** `status`: where the code alone does not say it. */
export function refused(
  code: ErrorCode,
  detail: string,
  how: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {},
): HttpRefused {
  const answer = problem({ code, executed: 'never', detail, status: how.status })
  return new HttpRefused({ ...answer, headers: { ...answer.headers, ...how.headers } })
}

/** The outcome of a call that came as JSON. */
export function answerJson(method: CompiledMethod, answer: DoorAnswer): HttpAnswer {
  if (answer.kind === 'failure') {
    const { code, executed, message } = answer
    return problem({
      code,
      executed,
      detail: message.startsWith(method.name) ? message : `${method.name}: ${message}`,
    })
  }
  const { json, exception } = method.replyJson(answer.bytes)
  if (exception === undefined) return json === undefined ? { status: 204 } : { status: 200, type: jsonType, body: json }
  const title = JSON.stringify(exception)
  const type = JSON.stringify(`urn:oncewire:exception:${exception}`)
  const detail = JSON.stringify(`${method.name} declares this exception`)
  const body = `{"type":${type},"title":${title},"status":400,"detail":${detail},"exception":${json}}`
  return { status: 400, type: problemType, body }
}

/** What our own code says is wrong with a request. */
export function failed({ code, executed, message }: OncewireError): HttpAnswer {
  return problem({ code, executed, detail: message })
}

export function problem(what: {
  readonly code: ErrorCode
  readonly executed: Executed
  readonly detail: string
  readonly status?: number | undefined
}): HttpAnswer {
  const { code, executed, detail, status = statuses[code] ?? 500 } = what
  const type = `urn:oncewire:error:${code}`
  const body = JSON.stringify({ type, title: codes[code].meaning, status, detail, code, executed })
  return { status, type: problemType, body, headers: { 'oncewire-executed': executed, ...headersOf[status] } }
}

const jsonType = 'application/json'
const problemType = 'application/problem+json'
