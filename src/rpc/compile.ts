/**
 * Makes a service's methods ready: from table rows to functions over bytes.
 *
 * Invariant: a service is compiled once; errors name service, method and argument.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import { utf8Slice } from '../std/host.ts'
import { callInfoField } from '../wire/canonical.ts'
import type { Encoding, ExceptionClass, Shape, Writer } from '../wire/shape.ts'
import { decodeWith, encodeWith } from '../wire/struct.ts'
import { TType } from '../wire/ttype.ts'
import { typeCodec, type TypeCodec } from '../wire/types.ts'
import type { CompiledMethod, Method, Service } from './service.ts'

const compiled = new WeakMap<Service<unknown>, ReadonlyMap<string, CompiledMethod>>()

/** The methods by their TypeScript names, inherited ones included; their wire names begin with this service's. */
export function compileService(service: Service<unknown>): ReadonlyMap<string, CompiledMethod> {
  const known = compiled.get(service)
  if (known !== undefined) return known
  const methods = new Map<string, CompiledMethod>()
  for (const [name, row] of methodsOf(service)) {
    methods.set(name, compileMethod(`${service.name}.${row.wireName ?? name}`, row))
  }
  compiled.set(service, methods)
  return methods
}

/** The table of a service by TypeScript names, inherited methods first. */
export function methodsOf(service: Service<unknown>): [string, Method][] {
  const inherited = service.base === undefined ? [] : methodsOf(service.base)
  return [...inherited, ...Object.entries(service.methods)]
}

function compileMethod(name: string, row: Method): CompiledMethod {
  const argumentNames = Object.keys(row.arguments)
  return {
    name,
    delivery: row.delivery,
    isOneway: row.oneway === true,
    argumentNames,
    keyIndex: row.key === undefined ? -1 : argumentNames.indexOf(row.key),
    ...compileArguments(name, row),
    ...compileResult(name, row),
  }
}

/** Of arguments and results: what is wrong with them gets its place from `placed`. */
const nameless: Shape = { name: '', fields: {} }
const unread = Symbol('unread')

type ArgumentCodec = Pick<CompiledMethod, 'encodeArguments' | 'decodeArguments'>

function compileArguments(name: string, row: Method): ArgumentCodec {
  const slots = Object.entries(row.arguments).map(([argument, [id, type, absent]]) => ({
    argument,
    id,
    codec: typeCodec(type),
    absent,
  }))
  // JSON finds fields by their names; in the other codecs what is wrong gets its place from `placed`.
  const named: Shape = {
    name,
    fields: Object.fromEntries(slots.map(({ argument, id, codec }) => [argument, (id << 8) | codec.ttype])),
  }
  const shapeFor = (form: Encoding): Shape => (form === 'plain-json' ? named : nameless)
  const slotOf = new Map(slots.map(({ id, codec }, index) => [(id << 8) | codec.ttype, { index, codec }]))
  return {
    encodeArguments(values, { codec: form = 'binary', idempotencyKey } = {}) {
      if (values.length !== slots.length) throw wrongCount(name, Object.keys(row.arguments), values.length)
      let place = ''
      try {
        return encodeWith(form, (w) => {
          const outer = w.begin(shapeFor(form))
          for (let i = 0; i < slots.length; i++) {
            const { argument, id, codec } = slots[i] as (typeof slots)[number]
            place = argument
            codec.writeField(w, id, values[i])
          }
          if (idempotencyKey !== undefined) w.string(callInfoField, idempotencyKey)
          w.end(outer)
        })
      } catch (error) {
        throw placed(error, `${name}: argument ${place}`)
      }
    },
    decodeArguments(bytes, form = 'binary', room) {
      const values: unknown[] = slots.map(() => unread)
      reading('never', name, () =>
        decodeWith(
          form,
          bytes,
          (r) => {
            const outer = r.begin(shapeFor(form))
            for (let field = r.next(); field !== 0; field = r.next()) {
              const slot = slotOf.get(field)
              if (slot === undefined) r.skip()
              else values[slot.index] = slot.codec.read(r)
            }
            r.end(outer)
          },
          room,
        ),
      )
      for (const [index, { argument, codec, absent }] of slots.entries()) {
        if (values[index] !== unread) continue
        // Thrift's writers write every argument; who leaves one out of JSON has forgotten it.
        const value = absent ?? (form === 'plain-json' ? undefined : codec.zero())
        if (value === undefined)
          throw new OncewireError('malformed', 'never', `${name}: argument ${argument} is absent`)
        values[index] = value
      }
      return values
    },
  }
}

type ResultCodec = Pick<CompiledMethod, 'encodeResult' | 'encodeException' | 'decodeReply' | 'replyJson'>

/** The result struct of Thrift: field 0 is the value, the others are declared exceptions. */
function compileResult(name: string, row: Method): ResultCodec {
  const success: TypeCodec | undefined = row.returns === undefined ? undefined : typeCodec(row.returns)
  const exceptions = Object.values(row.throws ?? {})
  const exceptionOf = new Map(exceptions.map(([id, type]) => [(id << 8) | TType.STRUCT, type]))
  const encode = (codec: Encoding, writeField: (w: Parameters<TypeCodec['writeField']>[0]) => void): Uint8Array =>
    encodeWith(codec, (w) => {
      const outer = w.begin(nameless)
      writeField(w)
      w.end(outer)
    })
  const decodeReply: CompiledMethod['decodeReply'] = (bytes, codec = 'binary', room) =>
    reading('once', name, () =>
      decodeWith(
        codec,
        bytes,
        (r) => {
          let reply: ReturnType<CompiledMethod['decodeReply']> | undefined
          // An exception that a newer IDL declares: of a void method it would pass for a success.
          let isThrown = false
          const outer = r.begin(nameless)
          for (let field = r.next(); field !== 0; field = r.next()) {
            const type = exceptionOf.get(field)
            if (type !== undefined) reply = { exception: type.read(r) }
            else if (field === success?.ttype && reply === undefined) reply = { value: success.read(r) }
            else {
              isThrown ||= field >> 8 !== 0
              r.skip()
            }
          }
          r.end(outer)
          if (reply !== undefined) return reply
          if (success === undefined && !isThrown) return { value: undefined }
          throw new OncewireError(
            'malformed',
            'once',
            'a reply with neither a result nor an exception that it declares',
          )
        },
        room,
      ),
    )
  return {
    decodeReply,
    encodeResult(value, codec = 'binary') {
      try {
        return encode(codec, (w) => success?.writeField(w, 0, value))
      } catch (error) {
        throw placed(error, `${name}: the handler's result`)
      }
    },
    encodeException(error, codec = 'binary') {
      const declared = exceptions.find(([, type]) => error instanceof type)
      if (declared === undefined) return undefined
      try {
        return encode(codec, (w) => w.struct(declared[0], error as never, declared[1]))
      } catch (failure) {
        throw placed(failure, `${name}: the handler's exception`)
      }
    },
    replyJson(bytes) {
      const reply = decodeReply(bytes)
      const text = (write: (w: Writer) => void): string => {
        const json = encodeWith('plain-json', write)
        return utf8Slice(json, 0, json.length)
      }
      if ('value' in reply) {
        const { value } = reply
        return { json: success && text((w) => success.writeElement(w, value)), exception: undefined }
      }
      const { exception } = reply
      const type = exceptions.find(([, declared]) => exception instanceof declared)?.[1] as ExceptionClass
      return { json: text((w) => type.write(w, exception as never)), exception: type.name }
    },
  }
}

/** What stubs and `encodeArguments` say of too few or too many arguments. */
export function wrongCount(name: string, argumentNames: readonly string[], count: number): OncewireError {
  const names = argumentNames.length === 0 ? 'no arguments' : `(${argumentNames.join(', ')})`
  return new OncewireError('invalid-argument', 'never', `${name} takes ${names}, not ${count} arguments`)
}

/** Tells `executed` of an error that the codec could not know it of. */
function reading<T>(executed: 'never' | 'once', name: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof OncewireError)) throw error
    throw new OncewireError(error.code, executed, `${name}: ${error.message}`, { cause: error })
  }
}

function placed(error: unknown, place: string): unknown {
  if (!(error instanceof OncewireError)) return error
  return new OncewireError(error.code, error.executed, `${place}: ${error.message}`, { cause: error })
}
