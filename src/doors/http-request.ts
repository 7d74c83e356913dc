/**
 * What an HTTP request says before its body: whether it may call at all, what it calls, its key and its deadline, and
 * what its body is.
 *
 * Invariant: nothing is guessed. A header that cannot be read is refused, with the way to write it.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { OncewireError } from '../errors/oncewire-error.ts'
import { type HttpAnswer, HttpRefused, problem, refused } from './http-answer.ts'

export interface HttpRules {
  /** Largest body. */
  readonly bytesMax: number
  /** Pages that may call: `https://shop.example`. */
  readonly origins: readonly string[]
}

/** @throws {HttpRefused} for what may not call, before its body is read */
export function checkHead({ method, headers }: IncomingMessage, bytesMax: number): void {
  if (method !== 'POST') throw new HttpRefused(notPost(method))
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding.toLowerCase() !== 'identity') {
    const detail = `a body in Content-Encoding: ${encoding}; send it as it is`
    throw refused('unsupported', detail, { status: 415, headers: { 'accept-encoding': 'identity' } })
  }
  if (Number(headers['content-length'] ?? 0) > bytesMax) throw tooLarge(bytesMax)
}

export function notPost(method = ''): HttpAnswer {
  const detail = `this port takes calls: POST /Service/method, with a JSON object of arguments; not ${method}`
  return problem({ code: 'unsupported', executed: 'never', detail, status: 405 })
}

/**
 * Whether a page may call (Origin, RFC 6454); whoever is no page sends none. Answers what a page of another origin needs to
 * be told, by the Fetch standard.
 *
 * @throws {HttpRefused}
 */
export function checkOrigin(
  { headers, socket }: Pick<IncomingMessage, 'headers'> & { readonly socket: { readonly localAddress?: string } },
  origins: readonly string[],
): Readonly<Record<string, string>> {
  const { origin, host = '' } = headers
  const vary: Record<string, string> = origins.length === 0 ? {} : { vary: 'origin' }
  if (origin === undefined) return vary
  if (origins.includes(origin)) {
    const told = 'oncewire-executed, oncewire-replayed, oncewire-key-retention, retry-after'
    return { ...vary, 'access-control-allow-origin': origin, 'access-control-expose-headers': told }
  }
  const isOwn = origin === `http://${host}` || origin === `https://${host}`
  // A name that its owner points at this machine (DNS rebinding) would make any page one of ours.
  if (isOwn && (!isLoopback(socket.localAddress ?? '') || isLoopback(hostname(host)))) return vary
  const detail = `a page of ${origin} may not call this server; createServer({ origins: ['${origin}'] }) would let it`
  throw refused('denied', detail, { status: 403 })
}

/** The answer to OPTIONS: what may be asked, and for pages of `origins` that they may. */
export function optionsHeaders(cors: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const allow = { allow: 'POST, OPTIONS' }
  if (cors['access-control-allow-origin'] === undefined) return { ...allow, ...cors }
  return {
    ...allow,
    ...cors,
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': 'authorization, content-type, idempotency-key, oncewire-deadline-ms',
    'access-control-max-age': '7200',
  }
}

/** The parts of the path, decoded. @throws {HttpRefused} */
export function pathOf(url: string): readonly string[] {
  const path = url.replace(/^https?:\/\/[^/?]*/i, '').replace(/\?.*$/s, '')
  try {
    return path.replace(/^\//, '').split('/').map(decodeURIComponent)
  } catch {
    throw refused('malformed', `the path ${path} has a % that is followed by no two hexadecimal digits of UTF-8`)
  }
}

/** A string of a structured field (RFC 8941 section 3.3.3), as the draft on the Idempotency-Key header field wants it. */
const quoted = String.raw`"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"`
/** Parameters (section 3.1.2) may follow; nobody has given them a meaning. */
const parameters = String.raw`(?: *; *[a-z*][a-z0-9_.*-]*(?:=(?:-?\d{1,15}(?:\.\d{1,3})?|${quoted}|[A-Za-z*][\w:/!#$%&'*+.^\x60|~-]*|:[A-Za-z0-9+/=]*:|\?[01]))?)*`
const keyForm = new RegExp(`^ *(${quoted})${parameters} *$`)

/** @throws {HttpRefused} */
export function keyIn(headers: IncomingHttpHeaders): string | undefined {
  const given = headers['idempotency-key']
  if (given === undefined) return undefined
  const text = keyForm.exec(String(given))?.[1]
  if (text !== undefined) return text.slice(1, -1).replace(/\\(.)/g, '$1')
  const shown = String(given).length > 80 ? 'that header' : `Idempotency-Key: ${String(given)}`
  throw refused('malformed', `${shown} is no string in double quotes: write Idempotency-Key: "order-42"`)
}

/** Milliseconds until the caller stops waiting; Infinity if it does not say. @throws {HttpRefused} */
export function leftMsIn(headers: IncomingHttpHeaders): number {
  const given = headers['oncewire-deadline-ms']
  if (given === undefined) return Infinity
  if (/^\d{1,9}$/.test(String(given)) && Number(given) > 0) return Number(given)
  throw refused('malformed', 'Oncewire-Deadline-Ms is a whole number of milliseconds from 1 to 999999999')
}

/** '' if it shows none. */
export function tokenIn(headers: IncomingHttpHeaders): string {
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? ''
}

/** What the handler sees of them; not what proves who the caller is. */
export function headersIn(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  const shown = Object.entries(headers).filter(([name]) => name !== 'authorization')
  return Object.fromEntries(shown.map(([name, value]) => [name, String(value)]))
}

/** JSON, by what it is called; curl calls everything a form, and much JSON is called nothing or text. */
const jsonTypes = /^(?:application\/(?:json|octet-stream|x-www-form-urlencoded|[\w.+-]+\+json)|text\/(?:json|plain)|)$/
const charsets = /^(?:utf-?8|us-ascii)$/i

/** What a body is; Thrift also where only its first bytes say so. @throws {HttpRefused} */
export function kindOf(headers: IncomingHttpHeaders, body: Uint8Array): 'thrift' | 'json' {
  const [type = '', ...rest] = (headers['content-type'] ?? '').split(';').map((part) => part.trim())
  if (/thrift/i.test(type)) return 'thrift'
  if (!jsonTypes.test(type.toLowerCase())) {
    throw refused('unsupported', `a body of type ${type}: send application/json or application/x-thrift`, {
      status: 415,
    })
  }
  const [a, b] = body
  if ((a === 0x80 && b === 0x01) || a === 0x82 || isJsonMessage(body)) return 'thrift'
  const charset = rest.map((part) => /^charset="?([^"]*)"?$/i.exec(part)?.[1]).find((found) => found !== undefined)
  if (charset !== undefined && !charsets.test(charset)) {
    throw refused('unsupported', `a body in ${charset}: JSON is UTF-8`, { status: 415 })
  }
  return 'json'
}

/** Thrift's JSON: `[1,"method",`; arguments are an object. */
function isJsonMessage(body: Uint8Array): boolean {
  return body[0] === 0x5b && /^\[\s*1\s*,\s*"/.test(Buffer.from(body.subarray(0, 16)).toString('latin1'))
}

/** The whole body. @throws {HttpRefused} for one that is too large @throws {Error} if the peer goes away */
/** `come` is told how many of its bytes have come. */
export function bodyOf(request: IncomingMessage, bytesMax: number, come: (bytes: number) => void): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let length = 0
    const take = (chunk: Uint8Array): void => {
      length += chunk.length
      if (length <= bytesMax) {
        chunks.push(chunk)
        return come(length)
      }
      // What still comes is read and dropped: a peer that is cut off while it sends never sees the answer.
      request.off('data', take).resume()
      reject(tooLarge(bytesMax))
    }
    const gone = (): void => reject(new OncewireError('unavailable', 'never', 'the caller went away in mid-request'))
    request.on('data', take)
    request.once('end', () => {
      const { buffer, byteOffset } = Buffer.concat(chunks)
      resolve(new Uint8Array(buffer, byteOffset, length))
    })
    request.once('error', gone)
    request.once('close', gone)
  })
}

function tooLarge(bytesMax: number): ReturnType<typeof refused> {
  return refused('frame-too-large', `a body of more than limits.frameBytesMax, ${bytesMax} bytes`)
}

function hostname(host: string): string {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : ''
}

function isLoopback(name: string): boolean {
  return /^(?:(?:.*\.)?localhost|127(?:\.\d{1,3}){3}|(?:::ffff:)127(?:\.\d{1,3}){3}|\[?::1\]?)$/i.test(name)
}
