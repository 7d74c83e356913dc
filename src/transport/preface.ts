/**
 * The first bytes of a connection tell what it speaks. Ours: D7 'O' 'W', then the format number. No HTTP method, no
 * Thrift message, no frame length begins with D7.
 */
export const preface: Uint8Array = Uint8Array.of(0xd7, 0x4f, 0x57, 0x01)

export type Dialect = 'ours' | 'newer' | 'http' | 'other' | 'undecided'

/** What the bytes that have arrived so far begin. */
export function dialectOf(first: Uint8Array): Dialect {
  for (let i = 0; i < Math.min(first.length, 3); i++) {
    if (first[i] === preface[i]) continue
    return looksLikeHttp(first) ? 'http' : 'other'
  }
  if (first.length < preface.length) return 'undecided'
  return first[3] === preface[3] ? 'ours' : 'newer'
}

/** What a person with a browser or curl is told. */
export const httpAnswer: string = [
  'HTTP/1.1 400 Bad Request',
  'Content-Type: text/plain; charset=utf-8',
  'Connection: close',
  '',
  'This port speaks the Oncewire call protocol, not HTTP. Connect with connect() of the oncewire package.\n',
].join('\r\n')

function looksLikeHttp(first: Uint8Array): boolean {
  return first.length >= 3 && first.subarray(0, 3).every((byte) => byte >= 0x41 && byte <= 0x5a)
}
