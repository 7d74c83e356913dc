/**
 * The messages between a client and a server, as values. Bytes: frame-bytes.ts.
 *
 * Invariant: every frame that speaks of a call names its session in full, so that a copy delayed onto
 * another connection still means the same call or is refused.
 */
import type { ErrorCode } from '../errors/codes.ts'
import type { Outcome } from './outcome.ts'

/** 128 random bits of the server, 32 hexadecimal digits. */
export type SessionId = string
/** The session of at-least-once calls, of which nothing is remembered. */
export const noSession: SessionId = '00000000000000000000000000000000'

/** `memory`: lives in one incarnation of a server. `durable`: lives in a ledger. */
export type SessionKind = 'memory' | 'durable'
export type Delivery = 'at-least-once' | 'at-most-once' | 'exactly-once' | 'external'

/** Whether calls of that delivery are recorded in a ledger, and may have an idempotency key. */
export function needsLedger(delivery: Delivery): boolean {
  return delivery === 'exactly-once' || delivery === 'external'
}

export const protocolVersion = 1
/** Numbers of a durable session are `epoch * epochStride + counter`. */
export const epochStride = 0x1_0000_0000

/** Asks for a session: a new one, or the one named by `resume`. */
export interface Hello {
  readonly kind: 'hello'
  readonly versions: readonly number[]
  readonly session: SessionKind
  readonly resume: SessionId | undefined
  /** Raised by each opening of a journal; 1 without one. */
  readonly epoch: number
  /** 16 hexadecimal digits, random, made at process start, never written. */
  readonly instance: string
  /** Highest number in the journal, 0 if none: a ledger that holds a higher one says `journal-behind`. */
  readonly highest: number
  /** Where the session to be resumed lives; '' of a new one. Another ledger refuses, and knows nothing of the session. */
  readonly ledgerId: string
  readonly token: string
}

export interface Welcome {
  readonly kind: 'welcome'
  readonly version: number
  readonly session: SessionKind
  readonly id: SessionId
  readonly epoch: number
  /** Of the HELLO that is answered: a WELCOME to an earlier process of the client must not be taken for one's own. */
  readonly instance: string
  readonly leaseMs: number
  /** How many unacknowledged calls the session may have. */
  readonly window: number
  readonly replyBytesMax: number
  /** How long an idempotency key is remembered; 0 where there is no ledger. */
  readonly keyRetentionMs: number
  /** Of the ledger, or '' where the server has none. */
  readonly ledgerId: string
  /** Random, one per life of a server process. */
  readonly incarnation: string
}

export interface CallFrame {
  readonly kind: 'call'
  readonly session: SessionId
  readonly number: number
  readonly firstUnacked: number
  readonly epoch: number
  readonly delivery: Delivery
  readonly isOneway: boolean
  /** 1 for the first sending. */
  readonly attempt: number
  /** Milliseconds that the caller will still wait. */
  readonly leftMs: number
  /** `Service.method`. */
  readonly method: string
  readonly idempotencyKey: string | undefined
  readonly headers: Readonly<Record<string, string>> | undefined
  /** The argument struct in the binary codec. */
  readonly payload: Uint8Array
}

export interface ReplyFrame {
  readonly kind: 'reply'
  readonly session: SessionId
  readonly number: number
  readonly isReplay: boolean
  readonly outcome: Outcome
}

/** Speaks of one delivery only: a CALL or RESOLVE with that number, or a HELLO (`of: 'hello'`). */
export interface RefusedFrame {
  readonly kind: 'refused'
  readonly of: 'call' | 'hello'
  /** The session named by the refused frame; of a HELLO, the one to be resumed, or `noSession`. */
  readonly session: SessionId
  /** Of a HELLO, its epoch. */
  readonly number: number
  /** Which kind of session a refused HELLO asked for. */
  readonly sessionKind: SessionKind
  readonly code: ErrorCode
  readonly message: string
}

/** Asks what became of a call; where nothing did, a tombstone keeps it so. */
export interface ResolveFrame {
  readonly kind: 'resolve'
  readonly session: SessionId
  readonly number: number
  readonly firstUnacked: number
  readonly epoch: number
  /** SHA-256 over method, a zero byte and arguments; undefined in a memory session, which keeps none. */
  readonly fingerprint: Uint8Array | undefined
  /** Of a call that has a key: it may have run under another xid. */
  readonly idempotency: KeyClaim | undefined
}

/** An idempotency key, and a fingerprint of the arguments in their canonical form. */
export interface KeyClaim {
  /** `Service.method`, to which the key belongs. */
  readonly method: string
  readonly key: string
  readonly fingerprint: Uint8Array
}

/** What an idle client has finished: everything below `firstUnacked`. */
export interface AckFrame {
  readonly kind: 'ack'
  readonly session: SessionId
  readonly epoch: number
  readonly firstUnacked: number
}

/** Ends a session; ignored unless epoch and highest number are the ledger's and no live record is left. */
export interface ByeFrame {
  readonly kind: 'bye'
  readonly session: SessionId
  readonly epoch: number
  readonly highest: number
}

export interface PingFrame {
  readonly kind: 'ping' | 'pong'
  readonly nonce: number
}

export type Frame =
  Hello | Welcome | CallFrame | ReplyFrame | RefusedFrame | ResolveFrame | AckFrame | ByeFrame | PingFrame

/** The identity of a call as people read it: `session:number`. */
export function xidText(session: SessionId, number: number): string {
  return `${session}:${number}`
}
