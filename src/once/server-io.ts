/**
 * What the server machine is told and what it asks for. One machine serves all connections of a process.
 *
 * Invariant: `send` of an outcome comes only after `executed` (memory) or `answered` (ledger) for it.
 */
import type { ErrorCode } from '../errors/codes.ts'
import type { AckFrame, ByeFrame, CallFrame, Delivery, Frame, Hello, ResolveFrame, SessionId } from './frame.ts'
import type { OpenedSession } from './ledger.ts'
import type { Answer, Outcome } from './outcome.ts'

export interface ServerOptions {
  readonly incarnation: string
  /** '' : no ledger. */
  readonly ledgerId: string
  readonly window: number
  readonly replyBytesMax: number
  readonly memoryLeaseMs: number
  readonly durableLeaseMs: number
  /** Records of one principal in memory; one more is `overloaded`. */
  readonly recordsMax: number
  /** Bytes of their outcomes. */
  readonly recordBytesMax: number
  /** Sessions in memory. */
  readonly sessionsMax: number
  /** How long the ledger remembers an idempotency key, told to every client; 0 without a ledger. */
  readonly keyRetentionMs: number
  /** What a duplicate of a running call gets: the same reply later, or `still-running` (the lecture's E_RETRY). */
  readonly duplicates: 'attach' | 'still-running'
  /** 32 hexadecimal digits from a good source. */
  readonly freshSession: () => SessionId
}

/** What the dispatcher knows of a CALL's method. */
export type ServedMethod =
  | { readonly kind: 'served'; readonly delivery: Delivery; readonly isOneway: boolean }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly message: string }

/** A connection, numbered by the driver. */
export type Peer = number

export type ServerInput =
  | { readonly kind: 'connected'; readonly peer: Peer }
  | { readonly kind: 'disconnected'; readonly peer: Peer; readonly nowMs: number }
  /** A CALL; `method` is what the dispatcher says. */
  | {
      readonly kind: 'call'
      readonly peer: Peer
      readonly nowMs: number
      readonly frame: CallFrame
      readonly method: ServedMethod
    }
  /** A HELLO whose token was checked; `principal` '' is anonymous, undefined is denied. */
  | {
      readonly kind: 'hello'
      readonly peer: Peer
      readonly nowMs: number
      readonly frame: Hello
      readonly principal: string | undefined
    }
  | {
      readonly kind: 'received'
      readonly peer: Peer
      readonly nowMs: number
      readonly frame: Exclude<Frame, CallFrame | Hello>
    }
  /** The handler of an at-least-once or at-most-once call ended; undefined: its deadline passed before it began. */
  | { readonly kind: 'executed'; readonly run: number; readonly nowMs: number; readonly outcome: Outcome | undefined }
  /** The ledger answered a `transact` or a `resolve`. `failed`: leave the deliveries unanswered (H4). */
  | {
      readonly kind: 'answered'
      readonly run: number
      readonly nowMs: number
      readonly answer: Answer | { readonly kind: 'failed' }
    }
  | {
      readonly kind: 'opened'
      readonly run: number
      readonly nowMs: number
      readonly opened: OpenedSession | { readonly kind: 'failed' }
    }
  | { readonly kind: 'woke'; readonly nowMs: number }

/** `run` numbers a piece of work; its end is told with the same number. */
export type ServerOutput =
  | { readonly kind: 'send'; readonly peer: Peer; readonly frame: Frame }
  /** Run the handler, no ledger. Oneway: nothing is sent, `executed` is still told. */
  | {
      readonly kind: 'execute'
      readonly run: number
      readonly peer: Peer
      readonly principal: string
      readonly call: CallFrame
    }
  | {
      readonly kind: 'transact'
      readonly run: number
      readonly peer: Peer
      readonly principal: string
      readonly call: CallFrame
    }
  | {
      readonly kind: 'open'
      readonly run: number
      readonly principal: string
      readonly hello: Hello
      readonly fresh: SessionId
    }
  | { readonly kind: 'resolve'; readonly run: number; readonly principal: string; readonly frame: ResolveFrame }
  | { readonly kind: 'acknowledge'; readonly principal: string; readonly frame: AckFrame }
  | { readonly kind: 'bye'; readonly principal: string; readonly frame: ByeFrame }
  | { readonly kind: 'hang-up'; readonly peer: Peer }
  /** Wants `woke` at that time; replaces an earlier wish. */
  | { readonly kind: 'wake'; readonly atMs: number }
