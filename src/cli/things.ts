/**
 * What an IDL, or a server without one, holds that somebody may ask for by name.
 */
import type { ServiceInfo } from '../driver/gen/oncewire-reflection.ts'
import { allPrograms } from '../idl/includes.ts'
import { printDefinition, printFunction } from '../idl/print.ts'
import type { Definition, Program, Service } from '../idl/program.ts'
import { nearest } from '../std/suggest.ts'
import { UsageError } from './terminal.ts'

/** What is shown of one thing. */
export interface Described {
  readonly kind: string
  readonly name: string
  /** undefined: the server does not carry the IDL of it. */
  readonly file: string | undefined
  readonly doc: string | undefined
  readonly idl: string
}

export interface Thing {
  /** By which it may be asked for. */
  readonly names: readonly string[]
  readonly described: Described
}

/** Everything of that name. @throws {UsageError} if there is nothing, with what was probably meant */
export function named(things: readonly Thing[], name: string): readonly Described[] {
  const found = things.filter(({ names }) => names.includes(name)).map(({ described }) => described)
  // Two services of one file bring that file twice.
  const distinct = new Map(found.map((described) => [JSON.stringify(described), described]))
  if (distinct.size > 0) return [...distinct.values()]
  const meant = meantBy(name, things)
  throw new UsageError(`nothing is called "${name}" there.${meant === undefined ? '' : ` Did you mean "${meant}"?`}`)
}

/** The nearest name; whoever leaves out the service of a method means the method. */
function meantBy(name: string, things: readonly Thing[]): string | undefined {
  const near = nearest(
    name,
    things.flatMap((thing) => thing.names),
  )
  if (near !== undefined) return near
  const byLastWord = new Map(things.map(({ names: [one = ''] }) => [one.slice(one.lastIndexOf('.') + 1), one]))
  const lastWord = nearest(name, byLastWord.keys())
  return lastWord && byLastWord.get(lastWord)
}

/** Of a file and all that it includes. */
export function* thingsIn(root: Program): Generator<Thing> {
  for (const program of allPrograms(root).reverse()) {
    for (const definition of program.definitions) {
      const { kind, name, doc } = definition
      const described = { kind, name, file: fileOf(program), doc, idl: printDefinition(definition) }
      yield { names: namesOf(definition), described }
      if (definition.kind === 'service') yield* methodsOf(definition)
    }
  }
}

/** `Kind`, `shared.Kind`, and the enum also by its members. */
function namesOf(definition: Definition): readonly string[] {
  const { name, program } = definition
  const members = definition.kind === 'enum' ? definition.members.map((member) => `${name}.${member.name}`) : []
  return [name, `${program.name}.${name}`, ...members]
}

/** Inherited ones go by the name of the service that is called, and stand in the file that defines them. */
function* methodsOf(service: Service): Generator<Thing> {
  for (let owner: Service | undefined = service; owner !== undefined; owner = owner.base) {
    for (const fn of owner.functions) {
      const name = `${service.name}.${fn.name}`
      const idl = printFunction(fn, owner.program)
      yield { names: [name], described: { kind: 'method', name, file: fileOf(owner.program), doc: fn.doc, idl } }
    }
  }
}

function fileOf({ file }: Program): string {
  return file.replace(/^.*[/\\]/, '')
}

/** What a server says of a service whose IDL it does not have. */
export function* thingsTold({ name: service, methods }: ServiceInfo): Generator<Thing> {
  const line = (method: ServiceInfo['methods'][number]): string => `${method.signature} // ${method.delivery}`
  const of = (kind: string, name: string, idl: string): Thing => ({
    names: [name],
    described: { kind, name, file: undefined, doc: undefined, idl },
  })
  yield of('service', service, `service ${service} {\n${methods.map((method) => `  ${line(method)}\n`).join('')}}`)
  for (const method of methods) yield of('method', `${service}.${method.name}`, line(method))
}
