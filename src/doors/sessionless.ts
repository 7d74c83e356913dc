/**
 * Calls of those who have no session of ours: stock Thrift libraries and HTTP. One message is one call; only an
 * idempotency key makes a repeated one known.
 *
 * Invariant: each call is answered once. What the ledger has not answered is told as `unknown`, never as an outcome; a key
 * that cannot be honoured is refused, never ignored (H10).
 */
import type { Authenticate } from '../driver/server-driver.ts'
import { type CallHead, type Executor, overloaded } from '../driver/executor.ts'
import type { Log } from '../driver/peer-log.ts'
import type { World } from '../driver/world.ts'
import { codes, type ErrorCode, type Executed } from '../errors/codes.ts'
import { needsLedger, noSession } from '../once/frame.ts'
import { type Outcome, tooLate } from '../once/outcome.ts'
import type { Dispatcher, Served } from '../rpc/dispatcher.ts'
import type { HeldBytes } from '../transport/held-bytes.ts'
import type { Encoding } from '../wire/shape.ts'

export interface DoorOptions {
  readonly dispatcher: Dispatcher
  readonly executor: Executor
  readonly world: World
  readonly authenticate: Authenticate | undefined
  /** Callers without a principal may use idempotency keys; they share one key space. */
  readonly allowsAnonymousKeys: boolean
  /** An exactly-once call needs a key. */
  readonly requiresKeys: boolean
  /** Pages that may call over HTTP, beside our own. */
  readonly origins: readonly string[]
  readonly log: Log
  /** The same, of what a peer did wrong. */
  readonly complain: Log
  readonly limits: { readonly frameBytesMax: number; readonly window: number }
  /** What is kept for all peers. */
  readonly held: HeldBytes
}

export interface SessionlessCall {
  readonly served: Served
  readonly payload: Uint8Array
  readonly codec: Encoding
  readonly idempotencyKey: string | undefined
  /** What a duplicate of a running key gets: the same reply later, or `still-running`. */
  readonly duplicate: 'attach' | 'still-running'
  readonly headers: Readonly<Record<string, string>> | undefined
  /** Infinity where the caller says nothing. */
  readonly leftMs: number
  readonly peer: string
  /** undefined: `authenticate` does not know the caller. */
  readonly principal: string | undefined
}

/** How it ended. Bytes are the result struct in the binary codec. */
export type DoorAnswer =
  | (Extract<Outcome, { readonly bytes: Uint8Array }> & { readonly isReplay: boolean })
  | { readonly kind: 'failure'; readonly code: ErrorCode; readonly executed: Executed; readonly message: string }

export type DoorFailure = Extract<DoorAnswer, { readonly kind: 'failure' }>

export class SessionlessCalls {
  readonly options: DoorOptions
  private lastNumber = 0

  constructor(options: DoorOptions) {
    this.options = options
  }

  /** Runs a call. `answer` may be called before this returns; `payload` is not looked at afterwards. */
  call(call: SessionlessCall, answer: (answer: DoorAnswer) => void): void {
    const { served, payload, codec, principal, idempotencyKey, headers, leftMs, peer } = call
    const refusal = this.refusal(call)
    if (refusal !== undefined || principal === undefined) return answer(refusal ?? denied)
    const number = ++this.lastNumber
    const head: CallHead = { session: noSession, number, attempt: 1, leftMs, idempotencyKey, headers }
    const arrived = { served, head, payload, codec, peer, principal }
    const done = this.before(leftMs, answer)
    const { executor } = this.options
    if (!needsLedger(served.method.delivery)) {
      return executor.execute(arrived, (outcome) => done(told(outcome ?? tooLate, false)))
    }
    executor.transact(arrived, { epoch: 1, firstUnacked: number }, (ended) => {
      if (ended.kind === 'outcome') done(told(ended.outcome, ended.isReplay))
      else if (ended.kind === 'failed') done(lost)
      else done({ ...ended, kind: 'failure', executed: executedOf(ended.code) })
    })
  }

  /** Who a caller is. undefined: nobody that may call. */
  async principalOf(token: string, peer: string): Promise<string | undefined> {
    const { authenticate, log } = this.options
    if (authenticate === undefined) return ''
    try {
      return await authenticate({ token, peer })
    } catch (error) {
      // An authenticate that throws has not said who this is.
      log('authenticate failed', error)
      return undefined
    }
  }

  /** How long the ledger remembers keys, in milliseconds; undefined: there is none. */
  get keyRetentionMs(): number | undefined {
    return this.options.executor.keyRetentionMs
  }

  /** The answer, or at the deadline that there is none yet: whichever comes first. */
  private before(leftMs: number, answer: (answer: DoorAnswer) => void): (answer: DoorAnswer) => void {
    if (leftMs === Infinity) return answer
    const { world } = this.options
    let isAnswered = false
    const first = (given: DoorAnswer): void => {
      if (isAnswered) return
      isAnswered = true
      takeBack()
      answer(given)
    }
    const takeBack = world.wakeAt(world.nowMs() + leftMs, () => first(late(leftMs)))
    return first
  }

  private refusal({
    served,
    payload,
    idempotencyKey: key,
    principal,
    duplicate,
  }: SessionlessCall): DoorFailure | undefined {
    const { allowsAnonymousKeys, requiresKeys, executor } = this.options
    const { delivery, name } = served.method
    if (principal === undefined) return denied
    if (!executor.hasRoomFor(payload.length)) return never(overloaded.code, overloaded.message)
    if (key === undefined) {
      if (!requiresKeys || !needsLedger(delivery)) return undefined
      return never('key-required', `${name} is exactly-once, and this server runs it only with an idempotency key`)
    }
    const bytes = Buffer.byteLength(key)
    if (bytes === 0 || bytes > keyBytesMax) {
      return never('idempotency-key-too-long', `an idempotency key has 1 to ${keyBytesMax} bytes, not ${bytes}`)
    }
    if (!needsLedger(delivery)) {
      const message = `${name} is ${delivery}: only an exactly-once method can honour an idempotency key`
      return never('key-needs-ledger', message)
    }
    if (principal === '' && !allowsAnonymousKeys) {
      const message =
        'an anonymous caller has no idempotency keys here: show a token, or let the server set anonymousKeys'
      return never('key-needs-ledger', message)
    }
    if (duplicate === 'still-running' && executor.isRunning({ principal, method: name, key })) {
      return {
        kind: 'failure',
        code: 'still-running',
        executed: 'unknown',
        message: 'the call with this key still runs',
      }
    }
    return undefined
  }
}

const keyBytesMax = 255
export const denied: DoorFailure = never('denied', 'the server does not know this caller')
const lost: DoorFailure = {
  kind: 'failure',
  code: 'ledger-failed',
  executed: 'unknown',
  message: 'the ledger failed; with an idempotency key the call may be sent again',
}

function late(leftMs: number): DoorFailure {
  const message = `no outcome within the ${leftMs} ms that the caller gave; with an idempotency key it may be asked for again`
  return { kind: 'failure', code: 'deadline', executed: 'unknown', message }
}

function told(outcome: Outcome, isReplay: boolean): DoorAnswer {
  return outcome.kind === 'failure' ? outcome : { ...outcome, isReplay }
}

/** A refusal says that this delivery ran nothing; some say that an earlier one may have. */
function executedOf(code: ErrorCode): Executed {
  return codes[code].executed.includes('never') ? 'never' : 'unknown'
}

function never(code: ErrorCode, message: string): DoorFailure {
  return { kind: 'failure', code, executed: 'never', message }
}
