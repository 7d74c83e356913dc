/**
 * A parsed file before its names mean anything.
 */
import type { Place } from './diagnostic.ts'

/** A word with its place. */
export interface Name extends Place {
  readonly text: string
}

export interface FileTree {
  readonly doc: string | undefined
  readonly includes: readonly Name[]
  readonly namespaces: readonly { readonly language: string; readonly scope: string }[]
  readonly definitions: readonly DefinitionTree[]
}

export interface AnnotationTree {
  readonly name: Name
  readonly value: Name
}

export type TypeTree = Place & { readonly annotations: readonly AnnotationTree[] } & (
    | { readonly kind: 'name'; readonly text: string }
    | { readonly kind: 'list' | 'set'; readonly element: TypeTree }
    | { readonly kind: 'map'; readonly key: TypeTree; readonly value: TypeTree }
  )

export type ValueTree = Place &
  (
    | { readonly kind: 'integer'; readonly integer: bigint; readonly text: string }
    | { readonly kind: 'double' | 'string' | 'name'; readonly text: string }
    | { readonly kind: 'list'; readonly items: readonly ValueTree[] }
    | { readonly kind: 'map'; readonly entries: readonly (readonly [ValueTree, ValueTree])[] }
  )

export interface FieldTree {
  readonly id: (Place & { readonly value: bigint }) | undefined
  readonly requiredness: 'required' | 'optional' | 'default'
  readonly type: TypeTree
  readonly name: Name
  readonly default: ValueTree | undefined
  readonly annotations: readonly AnnotationTree[]
  readonly doc: string | undefined
}

export interface FunctionTree {
  readonly name: Name
  readonly isOneway: boolean
  readonly returns: TypeTree | undefined
  readonly arguments: readonly FieldTree[]
  readonly throws: readonly FieldTree[]
  readonly annotations: readonly AnnotationTree[]
  readonly doc: string | undefined
}

interface Defined {
  readonly name: Name
  readonly annotations: readonly AnnotationTree[]
  readonly doc: string | undefined
}

export interface MemberTree {
  readonly name: Name
  readonly value: (Place & { readonly value: bigint }) | undefined
  readonly annotations: readonly AnnotationTree[]
  readonly doc: string | undefined
}

export type DefinitionTree = Defined &
  (
    | { readonly kind: 'typedef'; readonly type: TypeTree }
    | { readonly kind: 'const'; readonly type: TypeTree; readonly value: ValueTree }
    | { readonly kind: 'enum'; readonly members: readonly MemberTree[] }
    | { readonly kind: 'struct' | 'union' | 'exception'; readonly fields: readonly FieldTree[] }
    | { readonly kind: 'service'; readonly base: Name | undefined; readonly functions: readonly FunctionTree[] }
  )
