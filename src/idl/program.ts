/**
 * A checked program: every name resolved, every id given, every value of the type it is used as.
 *
 * Invariant: whoever holds a `Program` need not look for errors any more.
 */

/** 1-based; column counts UTF-16 units. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** One .thrift file. */
export interface Program {
  /** Path as it was asked for or found. */
  readonly file: string
  /** File name without `.thrift`: what qualified names begin with. */
  readonly name: string
  /** The doc comment that opens the file, if any. */
  readonly doc: string | undefined
  readonly includes: readonly Include[]
  /** Language -> scope; the last one wins. */
  readonly namespaces: ReadonlyMap<string, string>
  /** In the order of the file. */
  readonly definitions: readonly Definition[]
}

export interface Include {
  /** As it stands in the file. */
  readonly literal: string
  readonly program: Program
}

export type Definition = Typedef | Const | Enum | Struct | Service

interface Named {
  readonly name: string
  readonly program: Program
  readonly doc: string | undefined
  readonly annotations: Annotations
  readonly position: Position
}

/** Name -> value; a flag without a value is '1'. A repeated one: the last wins. */
export type Annotations = ReadonlyMap<string, string>

export interface Typedef extends Named {
  readonly kind: 'typedef'
  readonly type: Type
}

export interface Const extends Named {
  readonly kind: 'const'
  readonly type: Type
  readonly value: Value
}

export interface Enum extends Named {
  readonly kind: 'enum'
  readonly members: readonly EnumMember[]
}

export interface EnumMember {
  readonly name: string
  readonly value: number
  readonly doc: string | undefined
  readonly annotations: Annotations
  readonly position: Position
}

export interface Struct extends Named {
  readonly kind: 'struct' | 'union' | 'exception'
  /** In the order of the file. */
  readonly fields: readonly Field[]
}

export interface Field {
  /** -32768 to 32767; a field without an id has got its negative one. */
  readonly id: number
  readonly name: string
  readonly type: Type
  readonly requiredness: 'required' | 'optional' | 'default'
  readonly default: Value | undefined
  readonly doc: string | undefined
  readonly annotations: Annotations
  readonly position: Position
}

export interface Service extends Named {
  readonly kind: 'service'
  readonly base: Service | undefined
  /** Its own, without inherited ones. */
  readonly functions: readonly Function[]
}

export interface Function {
  readonly name: string
  readonly isOneway: boolean
  /** undefined: void. */
  readonly returns: Type | undefined
  readonly arguments: readonly Field[]
  readonly throws: readonly Field[]
  /** From its annotations or the service's; at-most-once if neither says. */
  readonly delivery: 'at-least-once' | 'at-most-once' | 'exactly-once' | 'external'
  /** Name of the argument that names the object. */
  readonly key: string | undefined
  readonly doc: string | undefined
  readonly annotations: Annotations
  readonly position: Position
}

export type BaseName = 'bool' | 'i8' | 'i16' | 'i32' | 'i64' | 'double' | 'string' | 'binary' | 'uuid'

/** A named type keeps its definition (a typedef is not seen through); `annotations` are those of the use. */
export type Type =
  | { readonly kind: 'base'; readonly name: BaseName; readonly annotations: Annotations }
  | { readonly kind: 'list' | 'set'; readonly element: Type; readonly annotations: Annotations }
  | { readonly kind: 'map'; readonly key: Type; readonly value: Type; readonly annotations: Annotations }
  | { readonly kind: 'named'; readonly definition: Typedef | Enum | Struct; readonly annotations: Annotations }

/** A constant, already of the type of the place where it stands (typedefs seen through). */
export type Value =
  | { readonly kind: 'bool'; readonly value: boolean }
  /** i8 to i64, and the number of an enum value that no member names. */
  | { readonly kind: 'integer'; readonly value: bigint }
  | { readonly kind: 'double'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'binary'; readonly value: string }
  | { readonly kind: 'uuid'; readonly value: string }
  | { readonly kind: 'member'; readonly enum: Enum; readonly member: EnumMember }
  | { readonly kind: 'list' | 'set'; readonly items: readonly Value[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [Value, Value])[] }
  /** A struct, exception or union; absent fields are absent (defaults are not filled in). */
  | { readonly kind: 'struct'; readonly struct: Struct; readonly fields: ReadonlyMap<string, Value> }
