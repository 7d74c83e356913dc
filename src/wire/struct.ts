/**
 * A struct's definition made into a value with `encode`, `decode` and `create`; and the codecs' shared instances.
 *
 * Invariant: a writer or reader is in use by one value at a time: encoding and decoding are synchronous and do not nest.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import { BinaryReader } from './binary-reader.ts'
import { BinaryWriter } from './binary-writer.ts'
import type { Codec, Reader, Struct, StructDefinition, Writer } from './shape.ts'

type Defaults<T, D extends keyof T> = [D] extends [never]
  ? { readonly defaults?: never }
  : { readonly defaults: () => Pick<T, D> }

/** What generated code calls for each struct and union. */
export function struct<T, D extends keyof T = never>(definition: StructDefinition<T> & Defaults<T, D>): Struct<T, D> {
  const { name, fields, write, read } = definition
  const defaults = definition.defaults as (() => object) | undefined
  return {
    name,
    fields,
    write,
    read,
    encode: (value, codec = 'binary') => encodeWith(codec, (w) => write(w, value)),
    decode: (bytes, codec = 'binary') => decodeWith(codec, bytes, read),
    create: (given) => ({ ...defaults?.(), ...given }) as T,
  }
}

const writer = new BinaryWriter()
const reader = new BinaryReader()

/** The bytes that `write` writes. @throws {OncewireError} invalid-argument */
export function encodeWith(codec: Codec, write: (w: Writer) => void): Uint8Array {
  checkCodec(codec)
  writer.reset()
  write(writer)
  return writer.finish()
}

/** The value that `read` reads. @throws {OncewireError} malformed, also where bytes are left over */
export function decodeWith<T>(codec: Codec, bytes: Uint8Array, read: (r: Reader) => T): T {
  checkCodec(codec)
  reader.reset(bytes)
  const value = read(reader)
  if (reader.left > 0)
    throw new OncewireError('malformed', 'unknown', `${reader.left} bytes behind the end of the value`)
  return value
}

function checkCodec(codec: Codec): void {
  if (codec !== 'binary')
    throw new OncewireError('unsupported', 'never', `the ${codec} codec is not in this version; there is binary`)
}
