/**
 * The calls of one channel that have a promise: from the machine's settlement to the value or error the caller gets.
 *
 * Invariant: every promise made here settles exactly once. A slot is used again only when nothing more can come for it.
 */
import type { Executed } from '../errors/codes.ts'
import { OncewireError } from '../errors/oncewire-error.ts'
import type { CallIdentity, Settlement } from '../once/client-io.ts'
import { noSession, xidText } from '../once/frame.ts'
import type { CompiledMethod } from '../rpc/service.ts'
import { assert } from '../std/assert.ts'

/** One call that somebody waits for. */
interface PendingCall {
  readonly method: CompiledMethod
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  /** Takes back what listens to the caller's signal. */
  readonly release: (() => void) | undefined
  resolved: ((executed: Executed) => void) | undefined
}

export class PendingCalls {
  private readonly slots: (PendingCall | undefined)[] = []
  private readonly free: number[] = []

  /** A number for a call that is about to begin. */
  take(): number {
    return this.free.pop() ?? this.slots.push(undefined) - 1
  }

  set(call: number, pending: PendingCall): void {
    this.slots[call] = pending
  }

  settled(call: number, settlement: Settlement, identity: CallIdentity): void {
    const pending = this.slots[call]
    assert(pending !== undefined, `call ${call} settled twice`)
    pending.release?.()
    if (settlement.kind === 'failed' && settlement.mayResolve) {
      const resolved = new Promise<Executed>((resolve) => (pending.resolved = resolve))
      pending.reject(failure(pending.method.name, settlement, identity, resolved))
      return
    }
    this.release(call)
    const ended = valueOf(pending.method, settlement, identity)
    if ('value' in ended) pending.resolve(ended.value)
    else pending.reject(ended.error)
  }

  resolved(call: number, executed: Executed): void {
    const pending = this.slots[call]
    assert(pending?.resolved !== undefined, `call ${call} resolved before it settled`)
    this.release(call)
    pending.resolved(executed)
  }

  private release(call: number): void {
    this.slots[call] = undefined
    this.free.push(call)
  }
}

/** What a settlement means to a caller: the value that the handler answered, or what to throw. */
export function valueOf(
  method: CompiledMethod,
  settlement: Settlement,
  identity: CallIdentity,
): { readonly value: unknown } | { readonly error: Error } {
  if (settlement.kind === 'failed') return { error: failure(method.name, settlement, identity, undefined) }
  const { outcome } = settlement
  if (outcome.kind === 'failure') {
    return { error: failure(method.name, { ...outcome, kind: 'failed', mayResolve: false }, identity, undefined) }
  }
  if (method.isOneway) return { value: undefined }
  try {
    const reply = method.decodeReply(outcome.bytes)
    return 'value' in reply ? { value: reply.value } : { error: reply.exception }
  } catch (error) {
    return { error: error as Error }
  }
}

/** The error of a call that has no value. */
export function failure(
  method: string,
  settlement: Extract<Settlement, { kind: 'failed' }>,
  identity: CallIdentity,
  resolved: Promise<Executed> | undefined,
): OncewireError {
  const { code, executed, message, cause } = settlement
  return new OncewireError(code, executed, `${method}: ${message}`, {
    xid:
      identity.number === 0 || identity.session === noSession ? undefined : xidText(identity.session, identity.number),
    attempts: identity.attempts,
    cause,
    resolved,
  })
}
