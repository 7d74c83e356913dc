/**
 * What an HTTP answer means that carries no Thrift message: who gave it, and whether the call can have run.
 *
 * An Oncewire server says both itself. Of others, a status that refuses the request (most of 4xx, and redirects) is given
 * before anybody has looked into it: `never`. Any other (5xx of a server, or of a gateway in front of it) may follow a call
 * that ran: `unknown`.
 */
import { type ErrorCode, isErrorCode, isExecuted } from '../../errors/codes.ts'
import { utf8Slice } from '../../std/host.ts'
import type { HttpAnswer } from '../../transport/http-client.ts'
import type { Failure } from './open-call.ts'

const refused: Readonly<Record<number, ErrorCode>> = {
  400: 'malformed',
  401: 'denied',
  403: 'denied',
  404: 'unavailable',
  405: 'unavailable',
  406: 'unsupported',
  411: 'malformed',
  413: 'frame-too-large',
  415: 'unsupported',
  421: 'unavailable',
  426: 'unsupported',
  429: 'overloaded',
  431: 'frame-too-large',
}

export function statusMeans(answer: HttpAnswer, address: string): Failure {
  const { status, reason, headers } = answer
  const ours = problemOf(answer)
  if (ours !== undefined) return ours
  const what = `${address} answered ${status} ${reason}`.trimEnd()
  if (status >= 300 && status < 400) {
    const { location } = headers
    const where = typeof location === 'string' ? `: the server is at ${location}` : ''
    return { code: 'unavailable', executed: 'never', message: `${what}${where}; redirects are not followed` }
  }
  const code = refused[status]
  if (code !== undefined) {
    const advice = code === 'unavailable' ? ': is the path right?' : ''
    return { code, executed: 'never', message: `${what}${advice}` }
  }
  const isAway = status === 502 || status === 503 || status === 504
  const other = status >= 500 ? 'internal-error' : 'malformed'
  return { code: isAway ? 'unavailable' : other, executed: 'unknown', message: `${what}; the call may have run` }
}

/** The problem (RFC 9457) of a server of ours: its `code` and `executed`. */
function problemOf({ body, headers }: HttpAnswer): Failure | undefined {
  const executed = headers['oncewire-executed']
  if (typeof executed !== 'string' || !isExecuted(executed)) return undefined
  try {
    const problem = JSON.parse(utf8Slice(body, 0, body.length)) as { code?: unknown; detail?: unknown } | null
    const { code, detail } = problem ?? {}
    if (typeof code !== 'string' || !isErrorCode(code)) return undefined
    return { code, executed, message: String(detail) }
  } catch {
    return undefined // No JSON: no problem of ours.
  }
}
