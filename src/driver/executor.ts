/**
 * Runs calls that may run: reads their arguments, calls their handlers, inside the ledger's transaction where there is
 * one. Whoever decided that they may (the server machine, a door) is told the outcome.
 *
 * Invariant: an argument is read before the bytes it came in are used again; a ledger that fails answers nothing.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import { type CallFrame, noSession } from '../once/frame.ts'
import type { Ledger, LedgerCall } from '../once/ledger.ts'
import type { Answer, Outcome } from '../once/outcome.ts'
import type { Served } from '../rpc/dispatcher.ts'
import { objectOf } from '../rpc/object-key.ts'
import { assert } from '../std/assert.ts'
import type { Encoding } from '../wire/shape.ts'
import { executeTwice } from './always-duplicate.ts'
import { CallContext, type CallHost } from './call-context.ts'
import type { ExternalCalls } from './external-calls.ts'
import { keyFingerprint, xidFingerprint } from './fingerprint.ts'
import type { Limits } from './limits.ts'
import { type HandlerRules, runHandler } from './run-handler.ts'
import { TurnQueue } from './turn-queue.ts'

export interface ExecutorOptions {
  readonly ledger: Ledger<unknown> | undefined
  readonly externals: ExternalCalls | undefined
  readonly host: CallHost
  readonly limits: Pick<Limits, 'replyBytesMax' | 'argumentBytesMax' | 'runningBytesMax'>
  readonly tellsErrors: boolean
  readonly alwaysDuplicate?: boolean | undefined
  readonly log: HandlerRules['log']
}

/** What a call says of itself; a CALL frame is one. */
export type CallHead = Pick<CallFrame, 'session' | 'number' | 'attempt' | 'leftMs' | 'idempotencyKey' | 'headers'>

export interface Arrived {
  readonly served: Served
  readonly head: CallHead
  /** The argument struct; may be used again once this turn is over. */
  readonly payload: Uint8Array
  readonly codec: Encoding
  readonly peer: string
  readonly principal: string
}

/** Whose key it is, of what, and its name. */
export interface KeyOfCall {
  readonly principal: string
  readonly method: string
  readonly key: string
}

type Ready =
  | { readonly outcome: Outcome }
  | {
      readonly values: readonly unknown[]
      readonly context: CallContext
      readonly bytes: number
      run(tx: unknown): ReturnType<typeof runHandler>
    }

/** What a call takes that runs, beside its arguments. */
const callBytes = 1024

export class Executor {
  /** Handlers that run now, and calls that the ledger has. */
  runningCount = 0
  /** Told when `runningCount` reaches zero. */
  onIdle: () => void = () => {}
  private readonly options: ExecutorOptions
  private readonly turns = new TurnQueue()
  /** Memory that they take. */
  private runningBytes = 0
  /** Calls under each idempotency key that the ledger has now. */
  private readonly runningKeys = new Map<string, number>()

  constructor(options: ExecutorOptions) {
    this.options = options
  }

  /** How long idempotency keys are remembered, in milliseconds; undefined: there is no ledger. */
  get keyRetentionMs(): number | undefined {
    return this.options.ledger?.limits.keyRetentionMs
  }

  /** A call under this key has begun and is not answered. */
  isRunning(key: KeyOfCall): boolean {
    return this.runningKeys.has(nameOf(key))
  }

  /** Whether one more call may begin, with so many bytes of arguments. */
  hasRoomFor(bytes: number): boolean {
    return this.runningCount === 0 || this.runningBytes + callBytes + bytes <= this.options.limits.runningBytesMax
  }

  /**
   * Runs a call of which no ledger keeps a record. `done` may be called before this returns; undefined: its turn on its
   * object came after its deadline, and it did not run.
   */
  execute(arrived: Arrived, done: (outcome: Outcome | undefined) => void): void {
    const ready = this.ready(arrived, 'once')
    if ('outcome' in ready) return done(ready.outcome)
    this.begun(ready.bytes)
    const finish = (outcome: Outcome | undefined): void => {
      done(outcome)
      this.ended(ready.bytes)
    }
    this.inTurn(arrived, ready, (leave) => {
      // Rule 2.5 (deadline-in-turn)
      if (leave !== undefined && ready.context.isLate) return endInTurn(leave, () => finish(undefined))
      const end = ready.run(undefined)
      if (!(end instanceof Promise)) return endInTurn(leave, () => finish(end.outcome))
      void end.then(({ outcome }) => endInTurn(leave, () => finish(outcome)))
    })
  }

  /** Gives an exactly-once call to the ledger, which runs it or knows its outcome. */
  transact(
    arrived: Arrived,
    { epoch, firstUnacked }: { readonly epoch: number; readonly firstUnacked: number },
    done: (answer: Answer | { readonly kind: 'failed' }) => void,
  ): void {
    const { served, head, payload, principal } = arrived
    const { method } = served
    const { world } = this.options.host
    const ready = this.ready(arrived, 'never')
    const binary = arrived.codec === 'binary' || 'outcome' in ready ? payload : method.encodeArguments(ready.values)
    const { idempotencyKey: key } = head
    const call: LedgerCall = {
      // Sessions have the xid; a call without one is known by its key.
      session: head.session === noSession ? undefined : head.session,
      number: head.number,
      epoch,
      firstUnacked,
      principal,
      method: method.name,
      fingerprint: xidFingerprint(world, method.name, binary),
      idempotency:
        key === undefined
          ? undefined
          : { method: method.name, key, fingerprint: keyFingerprint(world, method.name, binary) },
      attempt: head.attempt,
      deadlineAtMs: world.nowMs() + head.leftMs,
      object: 'outcome' in ready ? undefined : objectOf(method, ready.values),
    }
    const bytes = 'outcome' in ready ? 0 : ready.bytes
    this.begun(bytes)
    const keyEnded = key === undefined ? undefined : this.keyBegun({ principal, method: method.name, key })
    // Ended when the reply is on its way: a server that drains waits for that.
    const finish = (given: Answer | { readonly kind: 'failed' }): void => {
      keyEnded?.()
      done(given)
      this.ended(bytes)
    }
    if ('outcome' in ready) {
      return this.told(
        this.ledger.execute(call, () => ({ outcome: ready.outcome, keepsEffects: false })),
        finish,
      )
    }
    const kept = method.delivery === 'external' ? binary.slice() : undefined
    this.inTurn(arrived, ready, (leave) => {
      const answer =
        kept === undefined ? this.runInLedger(call, ready.run) : this.externals.run(call, { served, ...ready }, kept)
      this.told(answer, (given) => endInTurn(leave, () => finish(given)))
    })
  }

  /** Tells `done` what the ledger answers, or that it failed. */
  told(answer: Promise<Answer>, done: (answer: Answer | { readonly kind: 'failed' }) => void): void {
    answer.then(done, (error: unknown) => {
      this.options.log('the ledger failed; its calls are left unanswered', error)
      done({ kind: 'failed' })
    })
  }

  private runInLedger(call: LedgerCall, run: (tx: unknown) => ReturnType<typeof runHandler>): Promise<Answer> {
    const { alwaysDuplicate, log } = this.options
    return alwaysDuplicate === true ? executeTwice(this.ledger, call, { run, log }) : this.ledger.execute(call, run)
  }

  /** Starts when the calls before it on the same object have ended; `leave`, if any, is called when it has too. */
  private inTurn(
    { served: { method, turn } }: Arrived,
    { values }: { readonly values: readonly unknown[] },
    start: (leave: (() => void) | undefined) => void,
  ): void {
    const object = turn === undefined ? undefined : objectOf(method, values)
    if (object === undefined || turn === undefined) return start(undefined)
    this.turns.enter(object, turn, () => start(() => this.turns.leave(object)))
  }

  /** Reads the arguments while their bytes are still there; what it answers may run later. */
  private ready(
    { served, head, payload, codec, peer, principal }: Arrived,
    executedOnFailure: 'never' | 'once',
  ): Ready {
    const { host, limits, tellsErrors, log } = this.options
    const { replyBytesMax, argumentBytesMax } = limits
    const room = { left: argumentBytesMax, name: 'limits.argumentBytesMax' }
    let values: unknown[]
    try {
      values = served.method.decodeArguments(payload, codec, room)
    } catch (error) {
      if (!(error instanceof OncewireError)) throw error
      return { outcome: { kind: 'failure', code: 'malformed', executed: 'never', message: error.message } }
    }
    const context = new CallContext(host, head, { peer, principal })
    const rules = { replyBytesMax, executedOnFailure, tellsErrors, log }
    return {
      values,
      bytes: callBytes + payload.length + argumentBytesMax - room.left,
      context,
      run(tx) {
        context.tx = tx
        return runHandler(served, { values, context }, rules)
      },
    }
  }

  private get externals(): ExternalCalls {
    assert(this.options.externals !== undefined, 'an external effect on a server without a ledger')
    return this.options.externals
  }

  private get ledger(): Ledger<unknown> {
    assert(this.options.ledger !== undefined, 'an exactly-once call on a server without a ledger')
    return this.options.ledger
  }

  /** Answers what takes it back. */
  private keyBegun(key: KeyOfCall): () => void {
    const name = nameOf(key)
    const { runningKeys } = this
    runningKeys.set(name, (runningKeys.get(name) ?? 0) + 1)
    return () => {
      const left = (runningKeys.get(name) ?? 0) - 1
      if (left > 0) runningKeys.set(name, left)
      else runningKeys.delete(name)
    }
  }

  private begun(bytes: number): void {
    this.runningCount++
    this.runningBytes += bytes
  }

  private ended(bytes: number): void {
    this.runningBytes -= bytes
    if (--this.runningCount === 0) this.onIdle()
  }
}

/** The call is told how it ended before the next on its object begins. */
function endInTurn(leave: (() => void) | undefined, finish: () => void): void {
  finish()
  leave?.()
}

/** What is said of a call for which there is no room; it has not run. */
export const overloaded = {
  code: 'overloaded',
  message: 'the calls that run take as much memory as limits.runningBytesMax allows; ask again later',
} as const

function nameOf({ principal, method, key }: KeyOfCall): string {
  return JSON.stringify([principal, method, key])
}
