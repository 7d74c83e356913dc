/**
 * Exceptions of an IDL that was read at run time.
 *
 * Invariant: one definition has one class; its message is what the generated class would say.
 */
import { fieldsInMessage, isErrorMessage, structFieldName } from '../codegen/names.ts'
import { DeclaredException } from '../errors/declared-exception.ts'
import type { Struct } from '../idl/program.ts'
import { missing } from '../wire/check.ts'
import type { ExceptionClass, Fields, Reader, Writer } from '../wire/shape.ts'
import type { Definitions } from './definitions.ts'
import { fieldsOf, labelsOf, readFields, type RuntimeField, type Values, writeFields } from './fields.ts'

/** A declared exception of a service without generated code. */
export abstract class DynamicException extends DeclaredException {
  /** As the IDL names the exception. */
  override readonly name: string
  /** By their names in the IDL. */
  readonly fields: Values

  constructor(name: string, message: string, fields: Values) {
    super(message)
    this.name = name
    this.fields = fields
  }
}

export function exceptionClass(definition: Struct, definitions: Definitions): ExceptionClass {
  const { name } = definition
  const fields = fieldsOf(definition, structFieldName, definitions)
  class Declared extends DynamicException {
    static readonly fields: Fields = labelsOf(definition)

    constructor(given: Values) {
      const whole = wholeOf(definition, fields(), given)
      super(name, messageOf(definition, whole), whole)
    }

    static write(w: Writer, value: DynamicException | Values): void {
      const exception = value instanceof DynamicException ? value : new Declared(value as Values)
      const outer = w.begin(Declared)
      writeFields(w, fields(), exception.fields)
      w.end(outer)
    }

    static read(r: Reader): Declared {
      const outer = r.begin(Declared)
      const read = readFields(r, fields())
      r.end(outer)
      if (read.missing !== undefined) throw missing(Declared, read.missing.name)
      return new Declared(read.values)
    }
  }
  Object.defineProperty(Declared, 'name', { value: name })
  return Declared as ExceptionClass
}

/** Defaults filled in; an optional message without a word is none. */
function wholeOf(definition: Struct, fields: readonly RuntimeField[], given: Values): Values {
  const message = definition.fields.find(isErrorMessage)
  return Object.fromEntries(
    fields.map(({ name, absent, isAlwaysThere }) => {
      const isNone = given[name] === '' && !isAlwaysThere && name === message?.name
      return [name, isNone ? undefined : (given[name] ?? absent?.())]
    }),
  )
}

function messageOf(definition: Struct, values: Values): string {
  const message = definition.fields.find(isErrorMessage)
  if (message !== undefined) return (values[message.name] as string | undefined) ?? ''
  const shown = fieldsInMessage(definition)
  if (shown.length === 0) return definition.name
  return shown.map((field) => `${field.name} ${String(values[structFieldName(field)])}`).join(', ')
}
