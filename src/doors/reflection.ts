/**
 * The service by which a server tells what it offers.
 *
 * Invariant: it says no more than what was added; a service without IDL is told as far as its table knows.
 */
import {
  type MethodInfo,
  NoSuchService,
  type OncewireReflection,
  type ServiceInfo,
} from '../driver/gen/oncewire-reflection.ts'
import type { Handlers } from '../driver/handlers.ts'
import { methodsOf } from '../rpc/compile.ts'
import { filesOf } from '../rpc/idl-files.ts'
import type { Method, Service } from '../rpc/service.ts'
import { didYouMean } from '../std/suggest.ts'
import type { Type } from '../wire/shape.ts'
import { seenType } from '../wire/types.ts'

/** `services` are those of the server, by name. */
export function reflectionHandlers(services: ReadonlyMap<string, Service<unknown>>): Handlers<OncewireReflection> {
  return {
    services: () => [...services.values()].map(infoOf),
    idl(name) {
      const service = services.get(name)
      if (service !== undefined) return service.idl === undefined ? [] : filesOf(service.idl())
      const has = [...services.keys()].join(', ') || 'nothing'
      throw new NoSuchService({
        message: `the server has no service "${name}".${didYouMean(name, services.keys())} It offers ${has}.`,
      })
    },
  }
}

function infoOf(service: Service<unknown>): ServiceInfo {
  return {
    name: service.name,
    methods: methodsOf(service).map(([name, row]) => methodInfo(row.wireName ?? name, row)),
    file: service.idl?.().file,
  }
}

function methodInfo(name: string, row: Method): MethodInfo {
  const { delivery, oneway: isOneway = false, returns, throws = {} } = row
  const fields = (rows: Method['arguments']): string =>
    Object.entries(rows)
      .map(([field, [id, type]]) => `${id}: ${typeText(type)} ${field}`)
      .join(', ')
  const thrown = fields(throws)
  const head = `${isOneway ? 'oneway ' : ''}${returns === undefined ? 'void' : typeText(returns)} ${name}`
  const signature = `${head}(${fields(row.arguments)})${thrown === '' ? '' : ` throws (${thrown})`}`
  return { name, delivery, isOneway, signature }
}

/** A table knows structs and exceptions by name, enums by their members. */
function typeText(type: Type): string {
  const seen = seenType(type)
  switch (seen.kind) {
    case 'scalar':
      return seen.name === 'safeI64' ? 'i64' : seen.name
    case 'map':
      return `map<${typeText(seen.key)}, ${typeText(seen.value)}>`
    case 'struct':
      return seen.definition.name
    case 'enum':
      return `enum { ${Object.keys(seen.names).join(', ')} }`
    default:
      return `${seen.kind}<${typeText(seen.element)}>`
  }
}
