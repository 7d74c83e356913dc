/**
 * What fields, arms, arguments and methods are called in TypeScript, where the IDL's name will not do.
 */
import { plainOf } from '../idl/plain.ts'
import type { Field, Function } from '../idl/program.ts'
import { isReserved } from './file.ts'

export function structFieldName({ name }: Field): string {
  return name === '__proto__' ? '__proto___' : name
}

/** An Error has these already, and JavaScript means something else by them. */
const ofErrors: ReadonlySet<string> = new Set(['name', 'stack', 'cause', 'constructor', '__proto__', 'toString'])

export function exceptionFieldName(field: Field): string {
  const { name } = field
  if (name === 'message') return isErrorMessage(field) ? name : 'message_'
  return ofErrors.has(name) || isReserved(name) ? `${name}_` : name
}

/** A string field `message` is the Error's own. */
export function isErrorMessage(field: Field): boolean {
  const type = plainOf(field)
  return field.name === 'message' && type.kind === 'base' && type.name === 'string'
}

/** `unknown` is the arm that a union has by itself. */
export function unionKind({ name }: Field): string {
  return name === 'unknown' ? 'unknown_' : name
}

/** A parameter of a method; the last one is always `options`. */
export function argumentName({ name }: Field): string {
  return name === 'options' || name === '__proto__' || isReserved(name) ? `${name}_` : name
}

/** An object with a method `then` would be taken for a promise. */
export function methodName({ name }: Function): string {
  return name === 'then' || name === '__proto__' ? `${name}_` : name
}

const inherited: ReadonlySet<string> = new Set(
  'constructor hasOwnProperty isPrototypeOf propertyIsEnumerable toLocaleString toString valueOf'.split(' '),
)

/** Of a property that every object inherits the compiler does not look up the expected type. */
export function asConst(name: string): string {
  return inherited.has(name) ? ' as const' : ''
}
