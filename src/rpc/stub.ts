/**
 * The client's side of a service: an object whose methods look local.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import { compileService } from './compile.ts'
import type { CallOptions, CompiledMethod, Service } from './service.ts'

/** Makes one call; what it answers is what the method answers. */
export type Invoke = (
  method: CompiledMethod,
  values: readonly unknown[],
  options: CallOptions | undefined,
) => Promise<unknown>

/** A stub of `service` whose calls go to `invoke`. A wrong number of arguments rejects the call's promise. */
export function createStub<S>(service: Service<S>, invoke: Invoke): S {
  const stub: Record<string, (...args: unknown[]) => Promise<unknown>> = {}
  for (const [name, method] of compileService(service as Service<unknown>)) stub[name] = stubMethod(method, invoke)
  return stub as S
}

function stubMethod(method: CompiledMethod, invoke: Invoke): (...args: unknown[]) => Promise<unknown> {
  const arity = method.argumentNames.length
  return (...args) => {
    if (args.length <= arity) return invoke(method, args, undefined)
    const options = args.pop()
    if (args.length === arity && (typeof options === 'object' || options === undefined) && options !== null) {
      return invoke(method, args, options)
    }
    const expected = [...method.argumentNames, 'options?'].join(', ')
    return Promise.reject(
      new OncewireError(
        'invalid-argument',
        'never',
        `${method.name} takes (${expected}), not ${args.length + 1} arguments`,
      ),
    )
  }
}
