/**
 * What makes the calls of a channel, apart from what a user sees of it: sessions of ours, or a stock Thrift dialect.
 *
 * Invariant: what is wrong with a call's options is found here, the same for every caller; nothing was sent.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import type { CallOptions, CompiledMethod } from '../rpc/service.ts'

/** A way to one server. */
export interface Caller {
  /**
   * Waits until calls can be made, `connectMs` at most.
   *
   * @throws {OncewireError} unavailable, denied, version
   */
  ready(connectMs: number): Promise<void>
  /** Makes one call. May throw as well as reject; either way nothing was sent before `values` were encoded. */
  invoke(method: CompiledMethod, values: readonly unknown[], options: CallOptions): Promise<unknown>
  /** Takes no more calls, gives the open ones `drainMs` to end, and settles the rest. */
  close(drainMs: number): Promise<void>
}

/** @throws {OncewireError} invalid-argument, idempotency-key-too-long, key-needs-ledger, cancelled: it was not sent */
export function checkOptions(method: CompiledMethod, options: CallOptions): void {
  const { deadlineMs, idempotencyKey, signal } = options
  if (deadlineMs !== undefined && !(deadlineMs > 0)) {
    throw new OncewireError(
      'invalid-argument',
      'never',
      `${method.name}: deadlineMs must be over 0, not ${String(deadlineMs)}`,
    )
  }
  if (idempotencyKey !== undefined) checkKey(method, idempotencyKey)
  if (signal?.aborted !== true) return
  throw new OncewireError('cancelled', 'never', `${method.name}: its signal was aborted before the call`, {
    cause: signal.reason,
  })
}

function checkKey({ name, delivery }: CompiledMethod, key: string): void {
  if (key.length === 0 || Buffer.byteLength(key) > 255) {
    throw new OncewireError(
      'idempotency-key-too-long',
      'never',
      `${name}: an idempotency key has 1 to 255 bytes, not ${Buffer.byteLength(key)}`,
    )
  }
  if (delivery === 'at-least-once' || delivery === 'at-most-once') {
    throw new OncewireError(
      'key-needs-ledger',
      'never',
      `${name} is ${delivery}: only an exactly-once method can honour an idempotency key`,
    )
  }
}

/** The arguments alone are more than the limit of a message leaves room for. */
export function tooLarge(method: CompiledMethod, bytes: number, bytesMax: number): OncewireError {
  return new OncewireError(
    'frame-too-large',
    'never',
    `${method.name}: its arguments have ${bytes} bytes, and limits.frameBytesMax leaves room for ${bytesMax}`,
  )
}

/** What `connect` says when its time is over. */
export function nobodyAnswered(addresses: readonly string[], connectMs: number, cause: unknown): OncewireError {
  const why = cause instanceof Error ? ` (${cause.message})` : ''
  const message = `no server answered at ${addresses.join(', ')} within ${connectMs} ms${why}: is it running, and is the address right?`
  return new OncewireError('unavailable', 'never', message, { cause })
}
