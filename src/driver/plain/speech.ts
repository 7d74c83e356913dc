/**
 * How one channel speaks to servers that are not ours: what `connect` was told, checked.
 */
import type { CallOptions, CompiledMethod } from '../../rpc/service.ts'
import { invalid, show } from '../../wire/check.ts'
import type { Codec } from '../../wire/shape.ts'
import type { ConnectOptions } from '../connect-options.ts'
import type { Limits } from '../limits.ts'

export interface Speech {
  readonly codec: Codec
  readonly framing: 'framed' | 'unframed' | 'header' | 'http'
  /** Messages are named `Service:method`. */
  readonly isMultiplexed: boolean
  readonly token: string | undefined
  /** Of a call that does not say otherwise. */
  readonly deadlineMs: number
  readonly limits: Limits
}

/** The name of a method in a message. */
export function wireName({ name }: CompiledMethod, isMultiplexed: boolean): string {
  const dot = name.lastIndexOf('.')
  return isMultiplexed ? `${name.slice(0, dot)}:${name.slice(dot + 1)}` : name.slice(dot + 1)
}

/** Whether an idempotency key can go in a header: HTTP's hold ASCII that can be seen. */
export function fitsHeader(framing: Speech['framing'], key: string | undefined): boolean {
  return framing === 'header' || (framing === 'http' && (key === undefined || /^[ -~]*$/.test(key)))
}

/** @throws {OncewireError} invalid-argument for headers where there is no place for them, or that are no texts */
export function checkHeaders(
  { name }: CompiledMethod,
  { headers = {} }: CallOptions,
  framing: Speech['framing'],
): void {
  for (const [header, value] of Object.entries(headers)) {
    if (framing !== 'header' && framing !== 'http') {
      throw invalid(
        `${name}: headers have no place with framing: '${framing}'; use framing: 'header' or an http: address`,
      )
    }
    if (typeof value !== 'string') throw invalid(`${name}: header ${header} must be a string, not ${show(value)}`)
  }
}

/** @throws {OncewireError} invalid-argument for options that do not go together, and says what to write instead */
export function speechOf(
  framing: Speech['framing'],
  { codec = 'binary', multiplexed = false, token, deadlineMs = 30_000, ...options }: ConnectOptions,
  limits: Limits,
): Speech {
  const how = framing === 'http' ? 'over HTTP' : `with framing: '${framing}'`
  if (options.journal !== undefined) {
    throw invalid(
      `journal: a server that is not ours cannot be asked what became of a call, so ${how} a journal could promise nothing; leave it out, or connect to an Oncewire server with framing: 'session'`,
    )
  }
  if (options.retransmission !== undefined) {
    throw invalid(`retransmission: ${how} every call is sent once; leave it out`)
  }
  if (!codecs.includes(codec)) {
    throw invalid(`codec: there is ${codecs.join(', ')}, not ${JSON.stringify(codec)}`)
  }
  if (framing === 'header' && codec === 'json') {
    throw invalid(`codec: 'json' has no place in THeader; use 'binary' or 'compact', or another framing`)
  }
  if (token !== undefined && framing !== 'header' && framing !== 'http') {
    throw invalid(`token: ${how} there is no place for one; use framing: 'header' or an http: address`)
  }
  return { codec, framing, isMultiplexed: multiplexed, token, deadlineMs, limits }
}

const codecs: readonly Codec[] = ['binary', 'compact', 'json']
