/**
 * Types as values are made of them: typedefs seen through, and what a field reads as when it is absent.
 */
import type { Annotations, BaseName, Enum, Field, Struct, Type } from './program.ts'

/** A type with all typedefs seen through; an i64 that is a number in TypeScript is `safeI64`. */
export type Plain =
  | { readonly kind: 'base'; readonly name: BaseName | 'safeI64' }
  | { readonly kind: 'list'; readonly element: Type }
  | { readonly kind: 'set'; readonly element: Type }
  | { readonly kind: 'map'; readonly key: Type; readonly value: Type }
  | { readonly kind: 'enum'; readonly definition: Enum }
  | { readonly kind: 'struct' | 'union' | 'exception'; readonly definition: Struct }

/** `around`: annotations of the field or typedef in which the type stands. */
export function plain(type: Type, around?: Annotations): Plain {
  switch (type.kind) {
    case 'base': {
      const isNumber = (around?.get('js.type') ?? type.annotations.get('js.type')) === 'number'
      return { kind: 'base', name: type.name === 'i64' && isNumber ? 'safeI64' : type.name }
    }
    case 'list':
    case 'set':
      return { kind: type.kind, element: type.element }
    case 'map':
      return type
    default: {
      const { definition } = type
      if (definition.kind === 'typedef')
        return plain(definition.type, around?.has('js.type') === true ? around : definition.annotations)
      return definition.kind === 'enum' ? { kind: 'enum', definition } : { kind: definition.kind, definition }
    }
  }
}

export function plainOf(field: Field): Plain {
  return plain(field.type, field.annotations)
}

/** Whether an absent value reads as zero, false or empty; a struct has no zero. */
export function hasZero(type: Plain): boolean {
  return type.kind !== 'struct' && type.kind !== 'union' && type.kind !== 'exception'
}

/** Whether a value of the struct always has the field. */
export function isAlwaysThere(field: Field): boolean {
  if (field.requiredness === 'required' || field.default !== undefined) return true
  return field.requiredness === 'default' && hasZero(plainOf(field))
}
