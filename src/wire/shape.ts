/**
 * The types that generated code and codecs share: how a struct is written and read, and how a value travels.
 */
import type { DeclaredException } from '../errors/declared-exception.ts'

declare const unrecognized: unique symbol
/** An enum number that this version of the IDL does not name. */
export type Unrecognized = number & { readonly [unrecognized]: true }
/** 32 hexadecimal digits in the form of `crypto.randomUUID()`. */
export type Uuid = `${string}-${string}-${string}-${string}-${string}`

/** Field name -> `id << 8 | wire type`: the labels of `read`. */
export type Fields = Readonly<Record<string, number>>
export interface Shape {
  readonly name: string
  readonly fields: Fields
}
export type EnumNames = Readonly<Record<string, number>>

/** The arm of a union that this version of the IDL does not know. Can be read, not written. */
export interface UnknownField {
  readonly kind: 'unknown'
  readonly id: number
}

/** Writes elements of the container begun last: no field header. */
export interface ElementWriter {
  bool(value: boolean): void
  i8(value: number): void
  i16(value: number): void
  i32(value: number): void
  i64(value: bigint): void
  safeI64(value: number): void
  double(value: number): void
  string(value: string): void
  binary(value: Uint8Array): void
  uuid(value: Uuid): void
  enum(value: number, names: EnumNames): void
  list(element: number, size: number): void
  set(element: number, size: number): void
  map(key: number, value: number, size: number): void
}

/**
 * Writes one struct in some codec. Each checks its value and throws `OncewireError` `invalid-argument`,
 * naming struct and field, before a byte of the field is written. `element`, `key` and `value` are TType numbers.
 */
export interface Writer {
  /** Answers what `end` wants back. */
  begin(shape: Shape): number
  end(outer: number): void
  bool(id: number, value: boolean): void
  i8(id: number, value: number): void
  i16(id: number, value: number): void
  i32(id: number, value: number): void
  i64(id: number, value: bigint): void
  safeI64(id: number, value: number): void
  double(id: number, value: number): void
  string(id: number, value: string): void
  binary(id: number, value: Uint8Array): void
  uuid(id: number, value: Uuid): void
  enum(id: number, value: number, names: EnumNames): void
  struct<T>(id: number, value: T, type: { write(w: Writer, value: T): void }): void
  list(id: number, element: number, size: number): void
  set(id: number, element: number, size: number): void
  map(id: number, key: number, value: number, size: number): void
  /** A union whose arm is unknown cannot be written: throws. */
  unknown(shape: Shape, value: UnknownField): never
  readonly put: ElementWriter
}

/** Reads one struct in some codec; throws `OncewireError` `malformed`. */
export interface Reader {
  begin(shape: Shape): number
  /** `id << 8 | wire type` of the next field, 0 at the end. */
  next(): number
  end(outer: number): void
  /** Steps over the value of the field read last. */
  skip(): void
  bool(): boolean
  i8(): number
  i16(): number
  i32(): number
  i64(): bigint
  safeI64(): number
  double(): number
  string(): string
  /** A copy. */
  binary(): Uint8Array
  uuid(): Uuid
  enum<N extends number>(names: Readonly<Record<string, N>>): N | Unrecognized
  /** The number of elements; throws if they are of another wire type than expected (an empty one may be). */
  list(element: number): number
  set(element: number): number
  map(key: number, value: number): number
  /** Skips the field (0: the union was empty) and answers the unknown arm. */
  unknown(field: number): UnknownField
}

export type Codec = 'binary' | 'compact' | 'json'
/** Also the JSON that people write, which is no Thrift. */
export type Encoding = Codec | 'plain-json'

export interface StructDefinition<T> extends Shape {
  write(w: Writer, value: T): void
  read(r: Reader): T
}

/** A struct as a value: to encode, decode, and create with the IDL's defaults. */
export interface Struct<T, Defaulted extends keyof T = never> extends StructDefinition<T> {
  /** @throws {OncewireError} invalid-argument */
  encode(value: T, codec?: Codec): Uint8Array
  /** @throws {OncewireError} malformed */
  decode(bytes: Uint8Array, codec?: Codec): T
  /** A value with the defaults of the IDL filled in. */
  create(fields: Omit<T, Defaulted> & Partial<Pick<T, Defaulted>>): T
}

/** How a value travels: `i64`, `Work`, `Kind`, `{ list: string }`, `{ map: [string, Work] }`. */
export type Type =
  | Scalar
  | Shape
  | EnumNames
  | { readonly list: Type }
  | { readonly set: Type }
  | { readonly map: readonly [key: Type, value: Type] }
export interface Scalar {
  readonly scalar: 'bool' | 'i8' | 'i16' | 'i32' | 'i64' | 'safeI64' | 'double' | 'string' | 'binary' | 'uuid'
}

/** The class of a declared exception. */
export interface ExceptionClass extends Shape {
  new (fields: never): DeclaredException
  write(w: Writer, value: never): void
  read(r: Reader): DeclaredException
}
