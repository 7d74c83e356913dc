/**
 * From a method's name to what runs it.
 *
 * Invariant: a service is added whole or not at all; an unknown name is answered with what there is.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import { didYouMean, nearest } from '../std/suggest.ts'
import { compileService } from './compile.ts'
import { type Turn, turnsOf } from './object-key.ts'
import type { CompiledMethod, Service } from './service.ts'

/** A method and what runs it: a function, or the parts of an external effect. */
export interface Served {
  readonly method: CompiledMethod
  readonly handler: unknown
  /** How its calls wait for others on the same object; undefined: they do not. */
  readonly turn: Turn | undefined
}

export interface NotServed {
  readonly code: 'unknown-service' | 'unknown-method'
  readonly message: string
}

export class Dispatcher {
  private readonly served = new Map<string, Served>()
  /** Service -> names of its methods. */
  private readonly services = new Map<string, readonly string[]>()
  /** The same of services that are found by their names only. */
  private readonly unlisted = new Map<string, readonly string[]>()
  /** By the method alone: of the service that was added first. */
  private readonly anywhere = new Map<string, Served>()

  /**
   * `handlers` may be an instance of a class: handlers are looked up as properties, and called on it. An unlisted service
   * answers who asks for it by name and nobody else.
   *
   * @throws {OncewireError} invalid-argument for a missing, misspelt or unfit handler, or a service added twice
   */
  add(
    service: Service<unknown>,
    handlers: Readonly<Record<string, unknown>>,
    { isUnlisted = false }: { readonly isUnlisted?: boolean } = {},
  ): void {
    if (this.services.has(service.name) || this.unlisted.has(service.name))
      throw invalid(`service ${service.name} was added before`)
    if (typeof handlers !== 'object' || handlers === null)
      throw invalid(`${service.name} needs an object of handlers: server.add(${service.name}, { ... })`)
    const methods = compileService(service)
    refuseMisspelt(service.name, methods, handlers)
    const turns = turnsOf(methods.values())
    const found = [...methods].map(([name, method]): Served => {
      const handler = handlerOf(method, name, handlers)
      return { method, handler, turn: turns.get(method) }
    })
    for (const served of found) this.served.set(served.method.name, served)
    const names = found.map(({ method }) => method.name.slice(service.name.length + 1))
    if (isUnlisted) return void this.unlisted.set(service.name, names)
    this.services.set(service.name, names)
    for (const [i, served] of found.entries()) {
      const alone = names[i] as string
      if (!this.anywhere.has(alone)) this.anywhere.set(alone, served)
    }
  }

  find(name: string): Served | NotServed {
    return this.served.get(name) ?? this.explain(name)
  }

  /** For callers that name no service: the first one added that has such a method. */
  findInAny(method: string): Served | NotServed {
    const found = this.anywhere.get(method)
    if (found !== undefined) return found
    const all = [...this.services.values()].flat()
    const has = [...this.services.keys()].join(', ') || 'no services'
    const message = `no service here has a method "${method}".${didYouMean(method, all)} There is ${has}.`
    return { code: 'unknown-method', message }
  }

  private explain(name: string): NotServed {
    const dot = name.lastIndexOf('.')
    const service = dot < 0 ? name : name.slice(0, dot)
    const methods = this.services.get(service) ?? this.unlisted.get(service)
    if (methods === undefined) {
      const offered = [...this.services.keys()].join(', ') || 'nothing'
      const message = `the server has no service "${service}".${didYouMean(service, this.services.keys())} It offers ${offered}.`
      return { code: 'unknown-service', message }
    }
    const method = dot < 0 ? '' : name.slice(dot + 1)
    const has = methods.join(', ') || 'none'
    const message = `${service} has no method "${method}".${didYouMean(method, methods)} It has ${has}.`
    return { code: 'unknown-method', message }
  }
}

/** What a message's name means in stock Thrift: `method`, or `Service:method` where services are multiplexed. */
export function servedAs(dispatcher: Dispatcher, name: string): Served | NotServed {
  const colon = name.indexOf(':')
  if (colon < 0) return dispatcher.findInAny(name)
  return dispatcher.find(`${name.slice(0, colon)}.${name.slice(colon + 1)}`)
}

/** A handler more than there are methods is fine (a helper), unless it is what is missing under another name. */
function refuseMisspelt(
  service: string,
  methods: ReadonlyMap<string, CompiledMethod>,
  handlers: Readonly<Record<string, unknown>>,
): void {
  const missing = [...methods.keys()].filter((name) => ownOf(handlers, name) === undefined)
  for (const name of Object.keys(handlers)) {
    if (methods.has(name) || typeof handlers[name] !== 'function') continue
    const meant = nearest(name, missing)
    if (meant !== undefined) throw invalid(`${service} has no method "${name}". Did you mean "${meant}"?`)
  }
}

function handlerOf(method: CompiledMethod, name: string, handlers: Readonly<Record<string, unknown>>): unknown {
  const handler = ownOf(handlers, name)
  const isFunction = typeof handler === 'function'
  if (method.delivery === 'external') {
    if (isExternal(handler)) return handler
    throw invalid(
      `${method.name} has an external effect: give it ${name}: external({ perform, reconcile })${isFunction ? ', not a function' : ''}`,
    )
  }
  if (isFunction) return handler.bind(handlers)
  const service = method.name.slice(0, method.name.lastIndexOf('.'))
  if (handler === undefined) throw invalid(`${method.name} has no handler: server.add(${service}, { ${name}: ... })`)
  throw invalid(`the handler of ${method.name} must be a function`)
}

function isExternal(handler: unknown): boolean {
  if (typeof handler !== 'object' || handler === null) return false
  const { perform, reconcile } = handler as { readonly perform?: unknown; readonly reconcile?: unknown }
  return typeof perform === 'function' && typeof reconcile === 'function'
}

/** What every object has (`toString`, `constructor`) is no handler, not even of a method that is called so. */
function ownOf(handlers: Readonly<Record<string, unknown>>, name: string): unknown {
  const value = handlers[name]
  if (Object.hasOwn(handlers, name)) return value
  const everybodys = (Object.prototype as unknown as Record<string, unknown>)[name]
  return name === 'constructor' || value === everybodys ? undefined : value
}

function invalid(message: string): OncewireError {
  return new OncewireError('invalid-argument', 'never', message)
}
