/**
 * From the name in a call to the handler that serves it.
 *
 * Invariant: what is offered is complete: a service is added with a handler for every method or not at all.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import { didYouMean, nearest } from '../std/suggest.ts'
import { compileService } from './compile.ts'
import type { CompiledMethod, Service } from './service.ts'

/** A method and what runs it: a function, or the parts of an external effect. */
export interface Served {
  readonly method: CompiledMethod
  readonly handler: unknown
}

export interface NotServed {
  readonly code: 'unknown-service' | 'unknown-method'
  readonly message: string
}

export class Dispatcher {
  private readonly served = new Map<string, Served>()
  private readonly services = new Map<string, readonly string[]>()

  /** @throws {OncewireError} invalid-argument for a missing or misspelt handler, or a service added twice */
  add(service: Service<unknown>, handlers: Readonly<Record<string, unknown>>): void {
    if (this.services.has(service.name)) throw invalid(`service ${service.name} was added before`)
    const methods = compileService(service)
    for (const name of Object.keys(handlers)) {
      const meant = methods.has(name) ? undefined : nearest(name, methods.keys())
      if (meant !== undefined && handlers[meant] === undefined) {
        throw invalid(`${service.name} has no method "${name}". Did you mean "${meant}"?`)
      }
    }
    for (const [name, { delivery }] of methods) {
      const handler = handlers[name]
      const isThere = typeof handler === 'function' || (delivery === 'external' && typeof handler === 'object')
      if (!isThere)
        throw invalid(`${service.name}.${name} has no handler: server.add(${service.name}, { ${name}: ... })`)
    }
    for (const [name, method] of methods) {
      const handler = handlers[name]
      this.served.set(method.name, {
        method,
        handler: typeof handler === 'function' ? handler.bind(handlers) : handler,
      })
    }
    this.services.set(
      service.name,
      [...methods.values()].map((method) => method.name.slice(service.name.length + 1)),
    )
  }

  find(name: string): Served | NotServed {
    return this.served.get(name) ?? this.explain(name)
  }

  private explain(name: string): NotServed {
    const dot = name.lastIndexOf('.')
    const service = name.slice(0, dot)
    const methods = this.services.get(service)
    if (methods === undefined) {
      const offered = [...this.services.keys()].join(', ') || 'nothing'
      const message = `the server has no service "${service}".${didYouMean(service, this.services.keys())} It offers ${offered}.`
      return { code: 'unknown-service', message }
    }
    const method = name.slice(dot + 1)
    const message = `${service} has no method "${method}".${didYouMean(method, methods)} It has ${methods.join(', ')}.`
    return { code: 'unknown-method', message }
  }
}

function invalid(message: string): OncewireError {
  return new OncewireError('invalid-argument', 'never', message)
}
