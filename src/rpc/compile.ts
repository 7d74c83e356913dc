/**
 * Makes a service's methods ready: from table rows to functions over bytes.
 *
 * Invariant: a service is compiled once; errors name service, method and argument.
 */
import type { DeclaredException } from '../errors/declared-exception.ts'
import { OncewireError } from '../errors/oncewire-error.ts'
import { canonical } from '../wire/canonical.ts'
import type { ExceptionClass, Reader, Shape, Writer } from '../wire/shape.ts'
import { decodeWith, encodeWith } from '../wire/struct.ts'
import { typeCodec, type TypeCodec } from '../wire/types.ts'
import type { CompiledMethod, Method, Service } from './service.ts'

const compiled = new WeakMap<Service<unknown>, ReadonlyMap<string, CompiledMethod>>()

/** The methods by their TypeScript names, inherited ones included; their wire names begin with this service's. */
export function compileService(service: Service<unknown>): ReadonlyMap<string, CompiledMethod> {
  const known = compiled.get(service)
  if (known !== undefined) return known
  const methods = new Map<string, CompiledMethod>()
  for (const [name, method] of methodsOf(service)) methods.set(name, compileMethod(service.name, name, method))
  compiled.set(service, methods)
  return methods
}

/** Inherited first. */
function methodsOf(service: Service<unknown>): [string, Method][] {
  const inherited = service.base === undefined ? [] : methodsOf(service.base)
  return [...inherited, ...Object.entries(service.methods)]
}

/** One field of the argument struct or the result struct. */
interface Slot {
  readonly name: string
  readonly id: number
  readonly codec: TypeCodec
  /** What an absent argument reads as. */
  readonly absent: unknown
}

const resultShape: Shape = { name: 'result', fields: { success: 0 } }

function compileMethod(service: string, key: string, row: Method): CompiledMethod {
  const name = `${service}.${row.wireName ?? key}`
  const slots = Object.entries(row.arguments).map(([argument, [id, type, absent]]): Slot => ({
    name: argument,
    id,
    codec: typeCodec(type),
    absent,
  }))
  const success = row.returns === undefined ? undefined : typeCodec(row.returns)
  const exceptions = Object.values(row.throws ?? {})
  const argumentNames = slots.map((slot) => slot.name)
  const fields = Object.fromEntries(slots.map((slot) => [slot.name, (slot.id << 8) | slot.codec.ttype]))
  const shape: Shape = { name, fields }
  const byLabel = new Map(slots.map((slot, index) => [(slot.id << 8) | slot.codec.ttype, index]))
  return {
    name,
    delivery: row.delivery,
    isOneway: row.oneway === true,
    argumentNames,
    keyIndex: row.key === undefined ? -1 : argumentNames.indexOf(row.key),
    encodeArguments: (values) => encodeWith('binary', (w) => writeArguments(w, { shape, slots }, values)),
    decodeArguments: (bytes) =>
      executedAs('never', name, () => decodeWith('binary', bytes, (r) => readArguments(r, { shape, slots, byLabel }))),
    encodeResult: (value) => encodeWith('binary', (w) => writeResult(w, { name, success }, value)),
    encodeException: (error) => encodeException(exceptions, error),
    decodeReply: (bytes) =>
      executedAs('once', name, () => decodeWith('binary', bytes, (r) => readReply(r, { name, success, exceptions }))),
    canonicalArguments: canonical,
  }
}

function writeArguments(
  w: Writer,
  { shape, slots }: { shape: Shape; slots: readonly Slot[] },
  values: readonly unknown[],
): void {
  if (values.length !== slots.length) {
    throw invalid(
      `${shape.name} takes ${slots.length} arguments (${slots.map((slot) => slot.name).join(', ')}), not ${values.length}`,
    )
  }
  const outer = w.begin(shape)
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i] as Slot
    try {
      slot.codec.writeField(w, slot.id, values[i])
    } catch (error) {
      throw named(error, `${shape.name}: argument ${slot.name}`)
    }
  }
  w.end(outer)
}

function readArguments(
  r: Reader,
  { shape, slots, byLabel }: { shape: Shape; slots: readonly Slot[]; byLabel: ReadonlyMap<number, number> },
): unknown[] {
  const values: unknown[] = slots.map(() => unread)
  const outer = r.begin(shape)
  for (let field = r.next(); field !== 0; field = r.next()) {
    const index = byLabel.get(field)
    if (index === undefined) r.skip()
    else values[index] = (slots[index] as Slot).codec.read(r)
  }
  r.end(outer)
  for (let i = 0; i < values.length; i++) {
    if (values[i] !== unread) continue
    const slot = slots[i] as Slot
    values[i] = slot.absent ?? slot.codec.zero()
    if (values[i] === undefined) throw new OncewireError('malformed', 'never', `argument ${slot.name} is absent`)
  }
  return values
}

const unread = Symbol('unread')

function writeResult(
  w: Writer,
  { name, success }: { name: string; success: TypeCodec | undefined },
  value: unknown,
): void {
  const outer = w.begin(resultShape)
  if (success !== undefined) {
    try {
      success.writeField(w, 0, value)
    } catch (error) {
      throw named(error, `${name}: the handler's result`)
    }
  }
  w.end(outer)
}

function encodeException(
  exceptions: readonly (readonly [number, ExceptionClass])[],
  error: unknown,
): Uint8Array | undefined {
  for (const [id, type] of exceptions) {
    if (!(error instanceof type)) continue
    return encodeWith('binary', (w) => {
      const outer = w.begin(resultShape)
      w.struct(id, error as never, type)
      w.end(outer)
    })
  }
  return undefined
}

function readReply(
  r: Reader,
  {
    name,
    success,
    exceptions,
  }: { name: string; success: TypeCodec | undefined; exceptions: readonly (readonly [number, ExceptionClass])[] },
): { readonly value: unknown } | { readonly exception: DeclaredException } {
  let value: unknown = unread
  let exception: DeclaredException | undefined
  const outer = r.begin(resultShape)
  for (let field = r.next(); field !== 0; field = r.next()) {
    if (success !== undefined && field === success.ttype) value = success.read(r)
    else {
      const declared = exceptions.find(([id]) => ((id << 8) | 12) === field)
      if (declared === undefined) r.skip()
      else exception = declared[1].read(r)
    }
  }
  r.end(outer)
  if (exception !== undefined) return { exception }
  if (value !== unread) return { value }
  if (success === undefined) return { value: undefined }
  throw new OncewireError('malformed', 'once', `${name} answered neither a result nor an exception that it declares`)
}

/** Tells `executed` of an error that the codec could not know it of. */
function executedAs<T>(executed: 'never' | 'once', name: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof OncewireError)) throw error
    throw new OncewireError(error.code, executed, `${name}: ${error.message}`, { cause: error })
  }
}

function named(error: unknown, place: string): unknown {
  // A struct of the wrong shape: generated code reads its fields without looking.
  if (error instanceof TypeError)
    return new OncewireError('invalid-argument', 'never', `${place}: ${error.message}`, { cause: error })
  if (!(error instanceof OncewireError)) return error
  return new OncewireError(error.code, error.executed, `${place}: ${error.message}`, { cause: error })
}

function invalid(message: string): OncewireError {
  return new OncewireError('invalid-argument', 'never', message)
}
