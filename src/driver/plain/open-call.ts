/**
 * One call to a server that is not ours, from its making to its end: one attempt, a deadline, a signal.
 *
 * Invariant: its promise settles exactly once; `never` is said only of a call whose bytes were not handed over.
 */
import type { ErrorCode, Executed } from '../../errors/codes.ts'
import { OncewireError } from '../../errors/oncewire-error.ts'
import type { CallOptions, CompiledMethod } from '../../rpc/service.ts'
import type { World } from '../world.ts'

/** How a call ended: with what the handler answered, or with what is to be thrown. */
export type End = { readonly value: unknown } | { readonly error: Error }

export interface CallSpec {
  readonly method: CompiledMethod
  /** The arguments, in the codec of the channel. */
  readonly payload: Uint8Array
  readonly options: CallOptions
  readonly deadlineMs: number
}

export class OpenCall {
  readonly method: CompiledMethod
  readonly options: CallOptions
  readonly promise: Promise<unknown>
  /** Empty once it has been handed over. */
  payload: Uint8Array
  isHandedOver = false
  isOver = false
  private readonly world: World
  private readonly deadlineAtMs: number
  private readonly takeBackWake: () => void
  private readonly whenOver: () => void
  private settle: { resolve(value: unknown): void; reject(error: Error): void } = nobody

  /** `whenOver` is told once, whichever way it ends. */
  constructor({ method, payload, options, deadlineMs }: CallSpec, world: World, whenOver: () => void) {
    this.method = method
    this.payload = payload
    this.options = options
    this.world = world
    this.whenOver = whenOver
    this.deadlineAtMs = world.nowMs() + deadlineMs
    this.promise = new Promise((resolve, reject) => (this.settle = { resolve, reject }))
    this.takeBackWake = world.wakeAt(this.deadlineAtMs, () =>
      this.break('deadline', 'no answer came before the deadline'),
    )
    options.signal?.addEventListener('abort', this.cancel, { once: true })
  }

  /** Milliseconds left: a whole number from 1, or Infinity. */
  get leftMs(): number {
    return Math.max(1, Math.ceil(this.deadlineAtMs - this.world.nowMs()))
  }

  /** From here on it may run. That is all that a oneway call promises, though there may be an answer to wait for. */
  handedOver(): void {
    this.isHandedOver = true
    this.payload = nothing
    if (this.method.isOneway) this.settle.resolve(undefined)
  }

  /** Nobody waits for it any more. */
  get isSettled(): boolean {
    return this.isOver || (this.isHandedOver && this.method.isOneway)
  }

  end(end: End): void {
    if (this.isOver) return
    this.isOver = true
    this.takeBackWake()
    this.options.signal?.removeEventListener('abort', this.cancel)
    if ('value' in end) this.settle.resolve(end.value)
    else this.settle.reject(end.error)
    this.whenOver()
  }

  /** Nobody will learn more of it: it was not sent, or may have run. */
  break(code: ErrorCode, why: string, cause?: unknown): void {
    if (this.isHandedOver) this.fail({ code, executed: 'unknown', message: `${why}; it may have run` }, cause)
    else this.fail({ code, executed: 'never', message: `${why}; it was not sent` }, cause)
  }

  fail(failure: Failure, cause?: unknown): void {
    if (!this.isOver) this.end({ error: this.error(failure, cause) })
  }

  error({ code, executed, message }: Failure, cause?: unknown): OncewireError {
    const { name } = this.method
    return new OncewireError(code, executed, message.startsWith(name) ? message : `${name}: ${message}`, {
      attempts: this.isHandedOver ? 1 : 0,
      cause,
      // There is nobody who could be asked.
      resolved: executed === 'unknown' ? Promise.resolve('unknown') : undefined,
    })
  }

  private readonly cancel = (): void =>
    this.break('cancelled', 'the caller cancelled the call', this.options.signal?.reason)
}

export interface Failure {
  readonly code: ErrorCode
  readonly executed: Executed
  readonly message: string
}

const nothing = new Uint8Array(0)
const nobody = { resolve: (): void => {}, reject: (): void => {} }
