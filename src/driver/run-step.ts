/**
 * One step of a resumable run as its function sees it: a promise, fed with what the journal holds.
 *
 * Invariant: what a step shows is made from the bytes in the journal, the first time too, so that it is the same after a
 * crash.
 */
import { deserialize, serialize } from 'node:v8'
import type { ErrorCode, Executed } from '../errors/codes.ts'
import type { CallIdentity, Settlement } from '../once/client-io.ts'
import { noSession } from '../once/frame.ts'
import type { JournalledStep, StepOutcome } from '../once/journal.ts'
import type { CompiledMethod } from '../rpc/service.ts'
import { assert } from '../std/assert.ts'
import { failure, valueOf } from './pending-calls.ts'

export interface StepPromise {
  readonly promise: Promise<unknown>
  /** The xid under which it was sent. */
  identified(identity: CallIdentity): void
  ended(outcome: StepOutcome): void
  resolved(executed: Executed): void
  /** Told without being written down. */
  failed(settlement: Extract<Settlement, { kind: 'failed' }>, identity: CallIdentity): void
  reject(error: Error): void
}

/** `method` undefined: a local step. */
export function stepCall(method: CompiledMethod | undefined, old: JournalledStep | undefined): StepPromise {
  const { promise, resolve, reject } = withResolvers()
  let identity: CallIdentity = old?.kind === 'call' ? { session: old.session, number: old.number, attempts: 0 } : nobody
  let tellResolved: ((executed: Executed) => void) | undefined
  const settle = (ended: { readonly value: unknown } | { readonly error: unknown }): void =>
    'value' in ended ? resolve(ended.value) : reject(ended.error)
  return {
    promise,
    reject,
    identified: (known) => (identity = known),
    resolved: (executed) => tellResolved?.(executed),
    failed: (settlement, known) => reject(failure(method?.name ?? '', settlement, known, undefined)),
    ended(outcome) {
      if (outcome.kind === 'value') return settle({ value: deserialize(outcome.bytes) })
      if (outcome.kind === 'thrown') return settle({ error: deserialize(outcome.bytes) })
      assert(method !== undefined, 'a local step ended like a call')
      if (outcome.kind !== 'unknown') return settle(valueOf(method, { kind: 'outcome', outcome }, identity))
      const resolved = outcome.mayResolve ? new Promise<Executed>((tell) => (tellResolved = tell)) : undefined
      reject(failure(method.name, unknown(outcome), identity, resolved))
    },
  }
}

/** Runs a local step; never rejects. */
export async function stepLocal(place: string, body: () => unknown): Promise<StepOutcome> {
  let kind: 'value' | 'thrown' = 'value'
  let shown: unknown
  try {
    shown = await body()
  } catch (error) {
    kind = 'thrown'
    shown = error
  }
  try {
    return { kind, bytes: serialize(shown) }
  } catch (error) {
    const message = `${place} gave what cannot be written down (structured clone): ${(error as Error).message}`
    return { kind: 'thrown', bytes: serialize(new TypeError(message)) }
  }
}

function unknown({
  code,
  mayResolve,
}: Extract<StepOutcome, { kind: 'unknown' }>): Extract<Settlement, { kind: 'failed' }> {
  const why: Partial<Record<string, string>> = {
    deadline: 'no answer came before the deadline; it may have run',
    cancelled: 'the caller cancelled the call; it may have run',
  }
  const message = why[code] ?? 'nobody could say whether the call ran'
  return { kind: 'failed', code: code as ErrorCode, executed: 'unknown', message, mayResolve }
}

const nobody: CallIdentity = { session: noSession, number: 0, attempts: 0 }

function withResolvers(): {
  readonly promise: Promise<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
} {
  let resolve: (value: unknown) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const promise = new Promise<unknown>((resolvePromise, rejectPromise) => {
    resolve = resolvePromise
    reject = rejectPromise
  })
  return { promise, resolve, reject }
}
