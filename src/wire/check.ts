/**
 * What is said of a value that its type cannot carry, the same in every codec.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import type { Shape, UnknownField } from './shape.ts'

/** Names the place, what it should be and what it was. */
export function wrongValue(shape: Shape, id: number, expected: string, value: unknown): OncewireError {
  return new OncewireError('invalid-argument', 'never', `${place(shape, id)} must be ${expected}, not ${show(value)}`)
}

/** A required field is absent; used by generated code. */
export function missing(shape: Shape, field: string): OncewireError {
  return new OncewireError('malformed', 'unknown', `${shape.name}.${field} is required and absent`)
}

export function malformed(message: string): OncewireError {
  return new OncewireError('malformed', 'unknown', message)
}

export function unknownArm(shape: Shape, value: UnknownField): OncewireError {
  const arms = Object.keys(shape.fields).join(', ')
  return new OncewireError(
    'invalid-argument',
    'never',
    `${shape.name}: a union of kind "${String(value.kind)}" cannot be written; its kinds are ${arms}`,
  )
}

function place(shape: Shape, id: number): string {
  for (const [name, label] of Object.entries(shape.fields)) if (label >> 8 === id) return `${shape.name}.${name}`
  return shape.name
}

/** A value as an error message quotes it. */
export function show(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'string')
    return value.length > 40 ? `a string of ${value.length} characters` : JSON.stringify(value)
  if (typeof value === 'function') return 'a function'
  if (value === null || typeof value !== 'object') return String(value)
  if (Array.isArray(value)) return `an array of ${value.length}`
  return `a value of ${value.constructor?.name ?? 'no class'}`
}
