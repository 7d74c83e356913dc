/**
 * What a caller without our frames says of its call in an argument field that stock Thrift libraries skip.
 *
 * Invariant: bytes that are no arguments carry nothing; who decodes the arguments says what is wrong with them.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import { callInfoField } from '../wire/canonical.ts'
import type { Codec, Reader, Shape } from '../wire/shape.ts'
import { decodeWith } from '../wire/struct.ts'
import { TType } from '../wire/ttype.ts'

const nameless: Shape = { name: '', fields: {} }
const asText = (callInfoField << 8) | TType.STRING
const asStruct = (callInfoField << 8) | TType.STRUCT

/**
 * The idempotency key in field 32767 of the arguments: a string, or a struct whose field 1 is one, as it may be declared
 * in the IDL of the caller.
 */
export function keyInArguments(bytes: Uint8Array, codec: Codec): string | undefined {
  if (!holds(bytes, fieldIds[codec])) return undefined
  try {
    return decodeWith(codec, bytes, (r) => {
      let key: string | undefined
      const outer = r.begin(nameless)
      for (let field = r.next(); field !== 0; field = r.next()) {
        if (field === asText) key = r.string()
        else if (field === asStruct) key = keyInStruct(r) ?? key
        else r.skip()
      }
      r.end(outer)
      return key
    })
  } catch (error) {
    if (error instanceof OncewireError) return undefined
    throw error
  }
}

/** The id as each codec writes it: most calls have none, and this sees it faster than a reader. */
const fieldIds: Readonly<Record<Codec, readonly number[]>> = {
  binary: [0x7f, 0xff],
  compact: [0xfe, 0xff, 0x03],
  json: Array.from('"32767"', (char) => char.charCodeAt(0)),
}

function holds(bytes: Uint8Array, pattern: readonly number[]): boolean {
  const first = pattern[0] as number
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (pattern.every((byte, i) => bytes[at + i] === byte)) return true
  }
  return false
}

function keyInStruct(r: Reader): string | undefined {
  let key: string | undefined
  const outer = r.begin(nameless)
  for (let field = r.next(); field !== 0; field = r.next()) {
    if (field === ((1 << 8) | TType.STRING)) key = r.string()
    else r.skip()
  }
  r.end(outer)
  return key
}
