/**
 * What a handler is told of its call. Made once a call, so everything costly is made on first access.
 *
 * Invariant: `signal` is aborted at the deadline and when the server closes, and leaves no timer behind.
 */
import { noSession, xidText } from '../once/frame.ts'
import type { CallHead } from './executor.ts'
import type { TxCall } from './handlers.ts'
import type { World } from './world.ts'

/** What the context needs of its server. */
export interface CallHost {
  readonly world: World
  /** Aborts when the server closes. */
  readonly closing: AbortSignal
}

const noHeaders: Readonly<Record<string, string>> = {}

export class CallContext implements TxCall<unknown> {
  readonly attempt: number
  readonly deadline: number
  readonly peer: string
  readonly principal: string | undefined
  readonly idempotencyKey: string | undefined
  readonly headers: Readonly<Record<string, string>>
  /** Set by the ledger's transaction just before the handler runs. */
  tx: unknown = undefined
  /** What `prepare` answered; only of an external effect. */
  evidence: unknown = undefined
  private readonly host: CallHost
  private readonly session: string
  private readonly number: number
  private controller: AbortController | undefined
  private release: (() => void) | undefined

  constructor(host: CallHost, head: CallHead, caller: { readonly peer: string; readonly principal: string }) {
    this.host = host
    this.session = head.session
    this.number = head.number
    this.attempt = head.attempt
    this.deadline = host.world.dateMs() + head.leftMs
    this.peer = caller.peer
    this.principal = caller.principal === '' ? undefined : caller.principal
    this.idempotencyKey = head.idempotencyKey
    this.headers = head.headers ?? noHeaders
  }

  get xid(): string {
    return this.session === noSession ? `${this.peer}:${this.number}` : xidText(this.session, this.number)
  }

  /** The deadline has passed. */
  get isLate(): boolean {
    return this.host.world.dateMs() >= this.deadline
  }

  get signal(): AbortSignal {
    if (this.controller !== undefined) return this.controller.signal
    const controller = new AbortController()
    this.controller = controller
    const { world, closing } = this.host
    const abort = (): void => controller.abort(closing.reason)
    if (closing.aborted) abort()
    else closing.addEventListener('abort', abort, { once: true })
    const leftMs = this.deadline - world.dateMs()
    const late = (): void => controller.abort(new Error('the deadline has passed'))
    const takeBack = leftMs === Infinity ? () => {} : world.wakeAt(world.nowMs() + leftMs, late)
    this.release = () => {
      takeBack()
      closing.removeEventListener('abort', abort)
    }
    return controller.signal
  }

  /** The handler has ended; it may run again, if its transaction must, and then has a signal of its own. */
  end(): void {
    this.release?.()
    this.release = undefined
    this.controller = undefined
  }
}
