/**
 * A small service that servers made by hand can serve.
 */
import { expect } from 'vitest'
import { type CallOptions, OncewireError, type Service } from '../../src/index.ts'
import { compileService } from '../../src/rpc/compile.ts'
import type { CompiledMethod } from '../../src/rpc/service.ts'
import type { Codec } from '../../src/wire/shape.ts'

export interface Echo {
  echo(n: number, options?: CallOptions<'at-most-once'>): Promise<number>
  blob(bytes: Uint8Array, options?: CallOptions<'at-most-once'>): Promise<void>
  forget(n: number, options?: CallOptions<'at-most-once'>): Promise<void>
}
const int = { scalar: 'i32' } as const
export const Echo: Service<Echo, 'Echo'> = {
  name: 'Echo',
  methods: {
    echo: { delivery: 'at-most-once', arguments: { n: [1, int] }, returns: int },
    blob: { delivery: 'at-most-once', arguments: { bytes: [1, { scalar: 'binary' }] } },
    forget: { delivery: 'at-most-once', oneway: true, arguments: { n: [1, int] } },
  },
}

/** Its first method, as bytes. */
export const echo = compileService(Echo as Service<unknown>).get('echo') as CompiledMethod

export const resultOf = (n: number, codec: Codec = 'binary'): Uint8Array => echo.encodeResult(n, codec)

/** The error of a call that must fail. */
export async function failureOf(call: Promise<unknown>): Promise<OncewireError> {
  const error = await call.then(
    (value) => expect.fail(`answered ${String(value)}`),
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(OncewireError)
  return error as OncewireError
}

export const eventually = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}
