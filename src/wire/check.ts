/**
 * What is said of values that do not fit and of bytes that are none, the same in every codec.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import type { Shape, UnknownField } from './shape.ts'

/** Names the place, what it should be and what it was. A shape without a name is one whose place the caller adds. */
export function wrongValue(place: string, expected: string, value: unknown): OncewireError {
  return invalid(`${place}${place === '' ? '' : ' '}must be ${expected}, not ${show(value)}`)
}

/** A required field is absent; used by generated code. */
export function missing(shape: Shape, field: string): OncewireError {
  return malformed(`${shape.name}.${field} is required and absent`)
}

export function malformed(message: string): OncewireError {
  return new OncewireError('malformed', 'unknown', message)
}

/**
 * Cause of `malformed` where enough was read to tell the sender: a message of no kind, or a THeader frame whose payload is in
 * a protocol or transform that nobody here knows.
 */
export class NotUnderstood extends Error {
  readonly what: 'kind' | 'protocol' | 'transform'
  readonly seqid: number
  /** The method; '' where it stands in what cannot be read. */
  readonly method: string

  constructor(message: string, read: Pick<NotUnderstood, 'what' | 'seqid' | 'method'>) {
    super(message)
    this.what = read.what
    this.seqid = read.seqid
    this.method = read.method
  }
}

/** `malformed`, with what could be read as its cause. */
export function notUnderstood(message: string, read: Pick<NotUnderstood, 'what' | 'seqid' | 'method'>): OncewireError {
  return new OncewireError('malformed', 'unknown', message, { cause: new NotUnderstood(message, read) })
}

export function invalid(message: string, cause?: unknown): OncewireError {
  return new OncewireError('invalid-argument', 'never', message, { cause })
}

export function unknownArm(shape: Shape, value: UnknownField): OncewireError {
  const kinds = Object.keys(shape.fields).join(', ')
  return invalid(`${shape.name}: a union of kind ${show(value.kind)} cannot be written; its kinds are ${kinds}`)
}

/** `Struct.field`, as far as there are names. */
export function placeOf(shape: Shape, id: number): string {
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
