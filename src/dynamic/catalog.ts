/**
 * The services of an IDL by their names, and calls by the names of their arguments.
 *
 * Invariant: an unknown name is answered with what there is, and what was probably meant; nothing was sent.
 */
import type { ErrorCode } from '../errors/codes.ts'
import { OncewireError } from '../errors/oncewire-error.ts'
import { allPrograms } from '../idl/includes.ts'
import type { Program } from '../idl/program.ts'
import { compileService, methodsOf } from '../rpc/compile.ts'
import type { CompiledMethod, Method, Service } from '../rpc/service.ts'
import { didYouMean } from '../std/suggest.ts'
import { Definitions } from './definitions.ts'

export interface FoundMethod {
  readonly service: Service<unknown>
  /** Its property of the stub. */
  readonly name: string
  readonly method: CompiledMethod
  readonly row: Method
}

export class Catalog {
  /** Those of the file itself, then those of its includes; of two with one name the first. */
  readonly services: ReadonlyMap<string, Service<unknown>>
  private readonly source: string

  /** `source`: where the IDL is from, as errors name it. */
  constructor(program: Program, source: string = program.file) {
    const definitions = new Definitions()
    const services = new Map<string, Service<unknown>>()
    for (const each of allPrograms(program).reverse()) {
      for (const definition of each.definitions) {
        if (definition.kind === 'service' && !services.has(definition.name))
          services.set(definition.name, definitions.service(definition))
      }
    }
    this.services = services
    this.source = source
  }

  /** @throws {OncewireError} unknown-service, unknown-method; invalid-argument for a name that is not `Service.method` */
  method(name: string): FoundMethod {
    const [serviceName, methodName] = splitName(name)
    const service = this.services.get(serviceName)
    if (service === undefined) {
      const has = [...this.services.keys()].join(', ') || 'no services'
      const meant = didYouMean(serviceName, this.services.keys())
      throw never('unknown-service', `${this.source} has no service "${serviceName}".${meant} It has ${has}.`)
    }
    return methodOf(service, methodName)
  }
}

/** `Service.method`, in its two parts. */
export function splitName(name: string): readonly [service: string, method: string] {
  const dot = name.lastIndexOf('.')
  if (dot > 0 && dot < name.length - 1) return [name.slice(0, dot), name.slice(dot + 1)]
  throw never('invalid-argument', `"${name}" names no method: write Service.method`)
}

/** A method of a service, by its name in the IDL. @throws {OncewireError} unknown-method */
function methodOf(service: Service<unknown>, wanted: string): FoundMethod {
  const compiled = compileService(service)
  const methods = methodsOf(service).map(([name, row]) => ({ name, row, inIdl: row.wireName ?? name }))
  const found = methods.find(({ inIdl }) => inIdl === wanted)
  if (found !== undefined) {
    const { name, row } = found
    return { service, name, row, method: compiled.get(name) as CompiledMethod }
  }
  const names = methods.map(({ inIdl }) => inIdl)
  const has = names.join(', ') || 'none'
  throw never('unknown-method', `${service.name} has no method "${wanted}".${didYouMean(wanted, names)} It has ${has}.`)
}

/**
 * Arguments by their names, in the order in which the method takes them; one that is left out is its default.
 *
 * @throws {OncewireError} invalid-argument for unknown and missing names
 */
export function argumentsByName({ method, row }: FoundMethod, given: Readonly<Record<string, unknown>>): unknown[] {
  const { name, argumentNames } = method
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw never('invalid-argument', `${name}: give its arguments by their names: { ${argumentNames.join(', ')} }`)
  for (const key of Object.keys(given)) {
    if (argumentNames.includes(key)) continue
    const has = argumentNames.length === 0 ? 'It takes none.' : `It takes ${argumentNames.join(', ')}.`
    throw never('invalid-argument', `${name} has no argument "${key}".${didYouMean(key, argumentNames)} ${has}`)
  }
  const values = argumentNames.map((key) => ownOf(given, key) ?? row.arguments[key]?.[2])
  const missing = argumentNames.filter((_, i) => values[i] === undefined)
  if (missing.length === 0) return values
  const are = missing.length === 1 ? `argument ${missing[0]} is` : `arguments ${missing.join(', ')} are`
  throw never('invalid-argument', `${name}: ${are} missing`)
}

function ownOf(given: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(given, key) ? given[key] : undefined
}

function never(code: ErrorCode, message: string): OncewireError {
  return new OncewireError(code, 'never', message)
}
