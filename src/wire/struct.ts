/**
 * A struct's definition made into a value with `encode`, `decode` and `create`; and the codecs at work.
 *
 * Invariant: a writer or reader serves one value at a time: a getter that encodes something while it is being encoded
 * gets another one.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import { BinaryReader } from './binary-reader.ts'
import { BinaryWriter } from './binary-writer.ts'
import { malformed } from './check.ts'
import type { CheckedReader } from './checked-reader.ts'
import type { CheckedWriter } from './checked-writer.ts'
import { CompactReader } from './compact-reader.ts'
import { CompactWriter } from './compact-writer.ts'
import { JsonReader } from './json-reader.ts'
import { JsonWriter } from './json-writer.ts'
import { PlainJsonReader } from './plain-json-reader.ts'
import { PlainJsonWriter } from './plain-json-writer.ts'
import type { Encoding, Reader, Struct, StructDefinition, Writer } from './shape.ts'
import type { Room } from './weight.ts'

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

interface Tools {
  readonly newWriter: () => CheckedWriter
  readonly newReader: () => CheckedReader
  /** Those not at work. */
  readonly writers: CheckedWriter[]
  readonly readers: CheckedReader[]
}

const codecs = new Map<Encoding, Tools>([
  ['binary', { newWriter: () => new BinaryWriter(), newReader: () => new BinaryReader(), writers: [], readers: [] }],
  ['compact', { newWriter: () => new CompactWriter(), newReader: () => new CompactReader(), writers: [], readers: [] }],
  [
    'plain-json',
    { newWriter: () => new PlainJsonWriter(), newReader: () => new PlainJsonReader(), writers: [], readers: [] },
  ],
  ['json', { newWriter: () => new JsonWriter(), newReader: () => new JsonReader(), writers: [], readers: [] }],
])

/** The bytes that `write` writes. @throws {OncewireError} invalid-argument */
export function encodeWith(codec: Encoding, write: (w: Writer) => void): Uint8Array {
  const { writers, newWriter } = toolsOf(codec)
  const w = writers.pop() ?? newWriter()
  try {
    write(w)
    return w.slice()
  } catch (error) {
    throw error instanceof TypeError ? w.wrongForm(error) : error
  } finally {
    w.reset()
    writers.push(w)
  }
}

/** The value that `read` reads, in the memory that there is. @throws {OncewireError} malformed, also where bytes are left over */
export function decodeWith<T>(codec: Encoding, bytes: Uint8Array, read: (r: Reader) => T, room?: Room): T {
  const { readers, newReader } = toolsOf(codec)
  const r = readers.pop() ?? newReader()
  try {
    r.reset(bytes, room)
    const value = read(r)
    if (r.left > 0) throw malformed(`${r.left} bytes behind the end of the value`)
    return value
  } finally {
    readers.push(r)
  }
}

function toolsOf(codec: Encoding): Tools {
  const tools = codecs.get(codec)
  if (tools === undefined) {
    const message = `the ${codec} codec is not in this version; there is ${[...codecs.keys()].join(', ')}`
    throw new OncewireError('unsupported', 'never', message)
  }
  return tools
}
