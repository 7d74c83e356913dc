/**
 * The client's side of a service: an object whose methods look local.
 *
 * Invariant: a method never throws; whatever is wrong rejects its promise.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import { compileService, wrongCount } from './compile.ts'
import type { CallOptions, CompiledMethod, Service } from './service.ts'

/** Makes one call; what it answers is what the method answers. */
export type Invoke = (
  method: CompiledMethod,
  values: readonly unknown[],
  options: CallOptions | undefined,
) => Promise<unknown>

/** A stub of `service` whose calls go to `invoke`. What stands behind the last argument is the call's options. */
export function createStub<S>(service: Service<S>, invoke: Invoke): S {
  const methods = [...compileService(service as Service<unknown>)]
  return Object.fromEntries(methods.map(([name, method]) => [name, stubMethod(method, invoke)])) as S
}

function stubMethod(method: CompiledMethod, invoke: Invoke): (...args: unknown[]) => Promise<unknown> {
  const { name, argumentNames } = method
  const arity = argumentNames.length
  return (...args) => {
    if (args.length === arity) return invoke(method, args, undefined)
    if (args.length !== arity + 1) return Promise.reject(wrongCount(name, [...argumentNames, 'options?'], args.length))
    const options = args.pop()
    if (isOptions(options)) return invoke(method, args, options)
    const message = `${name} takes (${[...argumentNames, 'options?'].join(', ')}): its options must be an object`
    return Promise.reject(new OncewireError('invalid-argument', 'never', message))
  }
}

function isOptions(value: unknown): value is CallOptions | undefined {
  return value === undefined || (typeof value === 'object' && value !== null && !Array.isArray(value))
}
