/**
 * The one class of failure that users meet. It always says whether the call ran.
 *
 * Invariant: `resolved` is there only while `executed` is `unknown`.
 */
import { codes, type ErrorCode, type Executed } from './codes.ts'

/** What is known of a failure beside code, executed and message. */
export interface ErrorDetail {
  /** Identity of the call: session and number. Absent if it never had one. */
  readonly xid?: string | undefined
  /** How often the call was sent. */
  readonly attempts?: number | undefined
  readonly cause?: unknown
  readonly resolved?: Promise<Executed> | undefined
}

const brand = Symbol.for('oncewire.error')

/** A call, a connection, a file or an option that failed; `code` says how, `executed` whether the call ran. */
export class OncewireError extends Error {
  override readonly name = 'OncewireError'
  readonly code: ErrorCode
  /** `never`: no effect, now or later. `once`: the handler ran. `unknown`: nobody here can tell yet. */
  readonly executed: Executed
  readonly xid: string | undefined
  readonly attempts: number
  /**
   * While `executed` is `unknown`: settles when the server has answered what became of the call; with `unknown` if it is
   * known that nobody ever will, as of servers that are not ours.
   */
  readonly resolved: Promise<Executed> | undefined

  constructor(code: ErrorCode, executed: Executed, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause })
    this.code = code
    this.executed = executed
    this.xid = detail.xid
    this.attempts = detail.attempts ?? 0
    this.resolved = detail.resolved
    Object.defineProperty(this, brand, { value: true })
  }

  /** What this code means and what to do about it. */
  get advice(): string {
    return codes[this.code].advice
  }

  /** True also for an error made by another copy of this package. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== OncewireError) return Function.prototype[Symbol.hasInstance].call(this, value)
    return value instanceof Error && brand in value
  }
}
