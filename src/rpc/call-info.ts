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
