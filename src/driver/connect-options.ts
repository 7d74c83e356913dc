/**
 * What a user may tell `connect`.
 */
import type { Codec } from '../wire/shape.ts'
import type { Limits } from './limits.ts'

/** How `connect` goes about it; every field may be left out. */
export type ConnectOptions = SessionOptions | PlainOptions

/** Towards Oncewire servers, and for `http:` addresses: whether anything else goes there is known from the address alone. */
interface SessionOptions extends CommonOptions {
  /** Calls go in sessions of ours: the only framing in which deliveries are kept. The default. */
  readonly framing?: 'session' | undefined
  /** A file of this process alone, in which exactly-once calls survive its crash. */
  readonly journal?: string | undefined
  readonly retransmission?: RetransmissionOptions | undefined
}

/** Towards any Apache Thrift server, over `tcp:`: each call is sent once, and `unknown` if no reply comes. */
interface PlainOptions extends CommonOptions {
  /** `framed`: messages behind their lengths; `unframed`: one after the other; `header`: THeader, which carries headers. */
  readonly framing: 'framed' | 'unframed' | 'header'
  readonly journal?: undefined
  readonly retransmission?: undefined
}

interface CommonOptions {
  /** A .thrift file, for `channel.call` without generated code; an Oncewire server can be asked for its own. */
  readonly idl?: string | undefined
  /** How values are written; `binary` if absent. THeader has no `json`. */
  readonly codec?: Codec | undefined
  /** Methods are called `Service:method`, for Thrift servers with several services. Sessions of ours name it always. */
  readonly multiplexed?: boolean | undefined
  /** Shown to the server's `authenticate`. */
  readonly token?: string | undefined
  readonly limits?: Partial<Limits> | undefined
  /** How long `connect` waits for the server, in milliseconds; 5,000 if absent. */
  readonly connectMs?: number | undefined
  /** Time of a call that does not say otherwise, in milliseconds; 30,000 if absent. */
  readonly deadlineMs?: number | undefined
}

export interface RetransmissionOptions {
  /** Time of the first attempt in milliseconds, doubled by each retransmission; 1,000 if absent. */
  readonly attemptMs?: number | undefined
  /** No attempt waits longer; 30,000 if absent. */
  readonly attemptMsMax?: number | undefined
  /** Silence after which an open call asks whether the server lives; 5,000 if absent. */
  readonly pingMs?: number | undefined
}
