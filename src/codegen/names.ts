/**
 * What fields, arms, arguments and methods are called in TypeScript, where the IDL's name will not do.
 */
import { isAlwaysThere, plainOf } from '../idl/plain.ts'
import type { Field, Function, Struct } from '../idl/program.ts'
import { isReserved } from './file.ts'

/**
 * A name with an underscore behind it if it is special; and if without underscores it would be: so no two names become one,
 * and a new field renames no other.
 */
function evading(name: string, isSpecial: (name: string) => boolean): string {
  for (let word = name; word !== ''; word = word.slice(0, -1)) {
    if (isSpecial(word)) return `${name}_`
    if (!word.endsWith('_')) break
  }
  return name
}

export function structFieldName({ name }: Field): string {
  return evading(name, (word) => word === '__proto__')
}

/** An Error has these already, and JavaScript means something else by them. */
const ofErrors: ReadonlySet<string> = new Set(
  (
    'name stack cause message constructor __proto__ ' +
    'hasOwnProperty isPrototypeOf propertyIsEnumerable toLocaleString toString valueOf'
  ).split(' '),
)

export function exceptionFieldName(field: Field): string {
  if (isErrorMessage(field)) return field.name
  return evading(field.name, (word) => ofErrors.has(word) || isReserved(word))
}

/** A string field `message` is the Error's own. */
export function isErrorMessage(field: Field): boolean {
  const type = plainOf(field)
  return field.name === 'message' && type.kind === 'base' && type.name === 'string'
}

/** Of an exception without a message: what its Error says. */
export function fieldsInMessage(exception: Struct): Field[] {
  return exception.fields.filter((field) => {
    const type = plainOf(field)
    const isShort = type.kind === 'enum' || (type.kind === 'base' && type.name !== 'binary')
    return isShort && isAlwaysThere(field) && field.default === undefined
  })
}

/** `unknown` is the arm that a union has by itself. */
export function unionKind({ name }: Field): string {
  return evading(name, (word) => word === 'unknown')
}

/** A parameter of a method; the last one is always `options`. */
export function argumentName({ name }: Field): string {
  return name === 'options' || name === '__proto__' || isReserved(name) ? `${name}_` : name
}

/** An object with a method `then` would be taken for a promise. */
export function methodName({ name }: Function): string {
  return evading(name, (word) => word === 'then' || word === '__proto__')
}

const inherited: ReadonlySet<string> = new Set(
  'constructor hasOwnProperty isPrototypeOf propertyIsEnumerable toLocaleString toString valueOf'.split(' '),
)

/** Of a property that every object inherits the compiler does not look up the expected type. */
export function asConst(name: string): string {
  return inherited.has(name) ? ' as const' : ''
}
