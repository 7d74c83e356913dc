/**
 * Types as data, and the functions that write and read them: for arguments and results, which are a table and have no
 * generated body. Composed once per method.
 */
import { wrongValue } from './check.ts'
import type { EnumNames, Reader, Scalar, StructDefinition, Type, Writer } from './shape.ts'
import { TType } from './ttype.ts'

export const bool: Scalar = { scalar: 'bool' }
export const i8: Scalar = { scalar: 'i8' }
export const i16: Scalar = { scalar: 'i16' }
export const i32: Scalar = { scalar: 'i32' }
export const i64: Scalar = { scalar: 'i64' }
export const safeI64: Scalar = { scalar: 'safeI64' }
export const double: Scalar = { scalar: 'double' }
export const string: Scalar = { scalar: 'string' }
export const binary: Scalar = { scalar: 'binary' }
export const uuid: Scalar = { scalar: 'uuid' }

/** How values of one type travel. */
export interface TypeCodec {
  readonly ttype: number
  /** `place` names what is no container at all; the writer names everything else. */
  writeField(w: Writer, id: number, value: unknown, place?: string): void
  writeElement(w: Writer, value: unknown): void
  read(r: Reader): unknown
  /** What an absent field reads as; undefined: there is no zero. */
  zero(): unknown
}

/** A type by its kind. */
export type SeenType =
  | { readonly kind: 'scalar'; readonly name: Scalar['scalar'] }
  | { readonly kind: 'list' | 'set'; readonly element: Type }
  | { readonly kind: 'map'; readonly key: Type; readonly value: Type }
  | { readonly kind: 'struct'; readonly definition: StructDefinition<unknown> }
  | { readonly kind: 'enum'; readonly names: EnumNames }

/** Tells types apart: an enum may have members that are called as the other types are. */
export function seenType(type: Type): SeenType {
  if ('scalar' in type && typeof type.scalar === 'string') {
    return { kind: 'scalar', name: type.scalar as Scalar['scalar'] }
  }
  if ('list' in type && typeof type.list !== 'number') return { kind: 'list', element: type.list as Type }
  if ('set' in type && typeof type.set !== 'number') return { kind: 'set', element: type.set as Type }
  if ('map' in type && typeof type.map !== 'number') {
    const [key, value] = type.map as readonly [Type, Type]
    return { kind: 'map', key, value }
  }
  if ('fields' in type && typeof type.fields === 'object') {
    return { kind: 'struct', definition: type as StructDefinition<unknown> }
  }
  return { kind: 'enum', names: type as EnumNames }
}

/** Puts together how values of `type` travel. */
export function typeCodec(type: Type): TypeCodec {
  const seen = seenType(type)
  switch (seen.kind) {
    case 'scalar':
      return scalars[seen.name]
    case 'list':
      return listCodec(seen.element)
    case 'set':
      return setCodec(seen.element)
    case 'map':
      return mapCodec(seen.key, seen.value)
    case 'struct':
      return structCodec(seen.definition)
    default:
      return enumCodec(seen.names)
  }
}

const ttypes: Readonly<Record<Scalar['scalar'], number>> = {
  bool: TType.BOOL,
  i8: TType.I8,
  i16: TType.I16,
  i32: TType.I32,
  i64: TType.I64,
  safeI64: TType.I64,
  double: TType.DOUBLE,
  string: TType.STRING,
  binary: TType.STRING,
  uuid: TType.UUID,
}

const zeros: Readonly<Record<Scalar['scalar'], () => unknown>> = {
  bool: () => false,
  i8: () => 0,
  i16: () => 0,
  i32: () => 0,
  i64: () => 0n,
  safeI64: () => 0,
  double: () => 0,
  string: () => '',
  binary: () => new Uint8Array(),
  uuid: () => '00000000-0000-0000-0000-000000000000',
}

type ScalarName = Scalar['scalar']
const scalars = Object.fromEntries(
  (Object.keys(ttypes) as ScalarName[]).map((name) => [name, scalarCodec(name)]),
) as Readonly<Record<ScalarName, TypeCodec>>

function scalarCodec(name: ScalarName): TypeCodec {
  // One method name on three interfaces: the compiler cannot see that value and method fit.
  type Put = (this: unknown, ...values: unknown[]) => void
  return {
    ttype: ttypes[name],
    writeField: (w, id, value) => (w[name] as Put).call(w, id, value),
    writeElement: (w, value) => (w.put[name] as Put).call(w.put, value),
    read: (r) => r[name](),
    zero: zeros[name],
  }
}

function enumCodec(names: EnumNames): TypeCodec {
  return {
    ttype: TType.I32,
    writeField: (w, id, value) => w.enum(id, value as number, names),
    writeElement: (w, value) => w.put.enum(value as number, names),
    read: (r) => r.enum(names),
    zero: () => 0,
  }
}

function structCodec(type: StructDefinition<unknown>): TypeCodec {
  return {
    ttype: TType.STRUCT,
    writeField: (w, id, value) => w.struct(id, value, type),
    writeElement(w, value) {
      if (typeof value !== 'object' || value === null) throw wrongValue('an element', `a ${type.name}`, value)
      type.write(w, value)
    },
    read: (r) => type.read(r),
    zero: () => undefined,
  }
}

function listCodec(type: Type): TypeCodec {
  const element = typeCodec(type)
  return containerCodec<readonly unknown[]>({
    ttype: TType.LIST,
    expected: 'an array',
    sizeOf: (value) => (Array.isArray(value) ? value.length : undefined),
    writeField: (w, id, size) => w.list(id, element.ttype, size),
    writeElement: (w, size) => w.put.list(element.ttype, size),
    writeItems(w, list) {
      for (const item of list) element.writeElement(w, item)
    },
    read(r) {
      const list: unknown[] = []
      for (let left = r.list(element.ttype); left > 0; left--) list.push(element.read(r))
      return list
    },
    zero: () => [],
  })
}

function setCodec(type: Type): TypeCodec {
  const element = typeCodec(type)
  return containerCodec<ReadonlySet<unknown>>({
    ttype: TType.SET,
    expected: 'a Set',
    sizeOf: (value) => (value instanceof Set ? value.size : undefined),
    writeField: (w, id, size) => w.set(id, element.ttype, size),
    writeElement: (w, size) => w.put.set(element.ttype, size),
    writeItems(w, set) {
      for (const item of set) element.writeElement(w, item)
    },
    read(r) {
      const set = new Set<unknown>()
      for (let left = r.set(element.ttype); left > 0; left--) set.add(element.read(r))
      return set
    },
    zero: () => new Set(),
  })
}

function mapCodec(keyType: Type, itemType: Type): TypeCodec {
  const key = typeCodec(keyType)
  const item = typeCodec(itemType)
  return containerCodec<ReadonlyMap<unknown, unknown>>({
    ttype: TType.MAP,
    expected: 'a Map',
    sizeOf: (value) => (value instanceof Map ? value.size : undefined),
    writeField: (w, id, size) => w.map(id, key.ttype, item.ttype, size),
    writeElement: (w, size) => w.put.map(key.ttype, item.ttype, size),
    writeItems(w, map) {
      for (const [one, other] of map) {
        key.writeElement(w, one)
        item.writeElement(w, other)
      }
    },
    read(r) {
      const map = new Map<unknown, unknown>()
      for (let left = r.map(key.ttype, item.ttype); left > 0; left--) map.set(key.read(r), item.read(r))
      return map
    },
    zero: () => new Map(),
  })
}

interface Container<C> {
  readonly ttype: number
  readonly expected: string
  /** undefined: the value is no such container. */
  sizeOf(value: unknown): number | undefined
  writeField(w: Writer, id: number, size: number): void
  writeElement(w: Writer, size: number): void
  writeItems(w: Writer, value: C): void
  read(r: Reader): C
  zero(): C
}

function containerCodec<C>(container: Container<C>): TypeCodec {
  const { ttype, expected, sizeOf, writeItems, read, zero } = container
  return {
    ttype,
    writeField(w, id, value, place = '') {
      const size = sizeOf(value)
      if (size === undefined) throw wrongValue(place, expected, value)
      container.writeField(w, id, size)
      writeItems(w, value as C)
    },
    writeElement(w, value) {
      const size = sizeOf(value)
      if (size === undefined) throw wrongValue('an element', expected, value)
      container.writeElement(w, size)
      writeItems(w, value as C)
    },
    read,
    zero,
  }
}
