/**
 * The service by which a server tells what it offers.
 *
 * Invariant: it says no more than what was added; a service without IDL is told as far as its table knows.
 */
import {
  type MethodInfo,
  NoSuchService,
  OncewireReflection,
  type ServiceInfo,
} from '../driver/gen/oncewire-reflection.ts'
import type { Handlers } from '../driver/handlers.ts'
import { methodsOf } from '../rpc/compile.ts'
import { filesOf } from '../rpc/idl-files.ts'
import type { Method, Service } from '../rpc/service.ts'
import { signatureOf } from '../rpc/signature.ts'
import { didYouMean } from '../std/suggest.ts'

/** `services` are those of the server, by name. */
export function reflectionHandlers(services: ReadonlyMap<string, Service<unknown>>): Handlers<OncewireReflection> {
  return {
    services: () => [...services.values()].map(infoOf),
    idl(name) {
      const service = name === OncewireReflection.name ? OncewireReflection : services.get(name)
      if (service !== undefined) return service.idl === undefined ? [] : filesOf(service.idl())
      const has = [...services.keys()].join(', ') || 'nothing'
      throw new NoSuchService({
        message: `the server has no service "${name}".${didYouMean(name, services.keys())} It offers ${has}.`,
      })
    },
  }
}

/** What is told of one service in the list. */
export function infoOf(service: Service<unknown>): ServiceInfo {
  return {
    name: service.name,
    methods: methodsOf(service).map(([name, row]) => methodInfo(row.wireName ?? name, row)),
    file: service.idl?.().file,
  }
}

function methodInfo(name: string, row: Method): MethodInfo {
  return { name, delivery: row.delivery, isOneway: row.oneway === true, signature: signatureOf(name, row) }
}
