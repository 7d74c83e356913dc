/**
 * Finds out from the first bytes of a connection what its caller speaks, as Apache's C++ server does and a little further
 * (binary without a version is found too).
 */
import { dialectOf } from '../wire/envelope.ts'
import { theaderMagic } from '../wire/theader.ts'

/** `framed`: each message, or THeader frame, behind its length. `unframed`: messages one after the other. */
export type Spoken = 'framed' | 'unframed' | 'http' | 'unknown' | 'undecided'

/** Enough of them decide. */
export function sniff(first: Uint8Array): Spoken {
  const [a, b, , , e, f] = first
  if (a === undefined) return 'undecided'
  if (isUpperCase(a)) return 'http'
  if (a >= 0x40) {
    if (a !== 0x5b && a < 0x80) return 'unknown'
    if (b === undefined) return 'undecided'
    return dialectOf(a, b) === undefined ? 'unknown' : 'unframed'
  }
  // A length: of a frame, or of a name in binary without a version. No name begins as a message does.
  if (e === undefined || f === undefined) return 'undecided'
  if (isNameStart(e)) return 'unframed'
  const isMessage = e === 0 || ((e === 0x5b || e >= 0x80) && dialectOf(e, f) !== undefined)
  return isMessage || e * 256 + f === theaderMagic ? 'framed' : 'unknown'
}

function isUpperCase(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a
}

function isNameStart(byte: number): boolean {
  return isUpperCase(byte) || (byte >= 0x61 && byte <= 0x7a) || byte === 0x5f
}
