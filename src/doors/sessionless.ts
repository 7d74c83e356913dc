/**
 * Calls of those who have no session of ours: stock Thrift libraries and HTTP. One attempt is one call; only an
 * idempotency key makes a repeated one known.
 *
 * Invariant: what the ledger has not answered is told as `unknown`, never as an outcome.
 */
import type { Authenticate } from '../driver/server-driver.ts'
import type { CallHead, Executor } from '../driver/executor.ts'
import type { ErrorCode, Executed } from '../errors/codes.ts'
import { noSession } from '../once/frame.ts'
import type { Outcome } from '../once/outcome.ts'
import type { Dispatcher, Served } from '../rpc/dispatcher.ts'
import type { Encoding } from '../wire/shape.ts'

export interface DoorOptions {
  readonly dispatcher: Dispatcher
  readonly executor: Executor
  readonly authenticate: Authenticate | undefined
  /** Callers without a principal may use idempotency keys; they share one key space. */
  readonly allowsAnonymousKeys: boolean
  readonly log: (message: string, error: unknown) => void
  readonly limits: { readonly frameBytesMax: number; readonly frameMs: number; readonly window: number }
}

export interface SessionlessCall {
  readonly served: Served
  readonly payload: Uint8Array
  readonly codec: Encoding
  readonly idempotencyKey: string | undefined
  readonly headers: Readonly<Record<string, string>> | undefined
  /** Infinity where the caller says nothing. */
  readonly leftMs: number
  readonly peer: string
  /** undefined: `authenticate` does not know the caller. */
  readonly principal: string | undefined
}

/** How it ended. Bytes are the result struct in the binary codec. */
export type DoorAnswer =
  | Extract<Outcome, { readonly bytes: Uint8Array }>
  | { readonly kind: 'failure'; readonly code: ErrorCode; readonly executed: Executed; readonly message: string }

export class SessionlessCalls {
  readonly options: DoorOptions
  private lastNumber = 0

  constructor(options: DoorOptions) {
    this.options = options
  }

  /** Runs a call. `done` may be called before this returns; `payload` is not looked at afterwards. */
  call(call: SessionlessCall, done: (answer: DoorAnswer, isReplay: boolean) => void): void {
    const { served, payload, codec, principal, idempotencyKey, headers, leftMs, peer } = call
    const { delivery } = served.method
    const refusal = this.refusal(call)
    if (refusal !== undefined || principal === undefined) return done(refusal ?? denied, false)
    const number = ++this.lastNumber
    const head: CallHead = { session: noSession, number, attempt: 1, leftMs, idempotencyKey, headers }
    const arrived = { served, head, payload, codec, peer, principal }
    const { executor } = this.options
    if (delivery !== 'exactly-once') return executor.execute(arrived, (outcome) => done(outcome, false))
    executor.transact(arrived, { epoch: 1, firstUnacked: number }, (answer) => {
      if (answer.kind === 'outcome') done(answer.outcome, answer.isReplay)
      else if (answer.kind === 'failed') done(lost, false)
      else done({ ...answer, kind: 'failure', executed: 'never' }, false)
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

  private refusal({ served, idempotencyKey, principal }: SessionlessCall): DoorAnswer | undefined {
    const { delivery, name } = served.method
    if (principal === undefined) return denied
    if (idempotencyKey === undefined || delivery === 'at-least-once') return undefined
    if (idempotencyKey.length === 0 || Buffer.byteLength(idempotencyKey) > keyBytesMax) {
      return never('idempotency-key-too-long', `an idempotency key has 1 to ${keyBytesMax} bytes`)
    }
    if (delivery === 'at-most-once')
      return never(
        'key-needs-ledger',
        `${name} is at-most-once: only an exactly-once method can honour an idempotency key`,
      )
    if (principal === '' && !this.options.allowsAnonymousKeys)
      return never(
        'key-needs-ledger',
        'an anonymous caller has no idempotency keys here: show a token, or let the server set anonymousKeys',
      )
    return undefined
  }
}

const keyBytesMax = 255
const denied = never('denied', 'the server does not know this caller')
const lost: DoorAnswer = {
  kind: 'failure',
  code: 'ledger-failed',
  executed: 'unknown',
  message: 'the ledger failed; with an idempotency key the call may be sent again',
}

function never(code: ErrorCode, message: string): DoorAnswer {
  return { kind: 'failure', code, executed: 'never', message }
}
