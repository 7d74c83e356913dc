/**
 * What a handler is, as types: derived from the client interface, so that both sides cannot drift apart.
 *
 * Invariant: `call.tx` exists exactly where effect and completion record commit together.
 */
import type { SynchronousTx } from '../once/ledger.ts'
import type { CallOptions, Service } from '../rpc/service.ts'

type Awaitable<T> = T | PromiseLike<T>

/** One call, as its handler sees it. */
export interface Call {
  /** Session and number; made by the server for callers without a session. */
  readonly xid: string
  /** 1 for the first sending that arrived here. */
  readonly attempt: number
  /** When the caller stops caring, in milliseconds since 1970. */
  readonly deadline: number
  /** Aborted at the deadline and when the server closes. */
  readonly signal: AbortSignal
  /** Address of the caller. */
  readonly peer: string
  /** Who the caller is, as `authenticate` said; undefined for an anonymous one. */
  readonly principal: string | undefined
  readonly idempotencyKey: string | undefined
  readonly headers: Readonly<Record<string, string>>
}

/** A call whose completion record commits with the handler's own changes. */
export interface TxCall<Tx> extends Call {
  readonly tx: Tx
}

/** The transaction of a server that has no ledger: there is none. */
export interface NoLedger {
  readonly 'createServer({ ledger }) is missing': never
}

/** What `reconcile` found out, in the words of `OncewireError.executed`. */
export type Reconciled<R> =
  { readonly executed: 'once'; readonly result: R } | { readonly executed: 'never' } | { readonly executed: 'unknown' }

/** A handler whose effect is outside any database. */
// oxlint-disable-next-line no-explicit-any -- inferred from `prepare`; `unknown` would refuse every real handler
export interface External<A extends readonly unknown[], R, Evidence = any> {
  /** Runs first; its value is durable before `perform` starts. */
  prepare?(...args: [...args: A, call: Call]): Awaitable<Evidence>
  perform(...args: [...args: A, call: Call & { readonly evidence: Evidence }]): Awaitable<R>
  /** Asked after a crash between the two, once the server that performed is known to be dead: did it happen? */
  reconcile(...args: [...args: A, call: Call & { readonly evidence: Evidence }]): Awaitable<Reconciled<NoInfer<R>>>
  /**
   * The device refuses to act on evidence that `reconcile` was asked with before (an order that `reconcile` cancels, say).
   * Then nothing of a failed `perform` can still happen, and `reconcile` is asked at once instead of at the next start.
   */
  readonly refusesSeenEvidence?: boolean
}

/** Marks the three parts of an external effect as one handler. */
export function external<A extends readonly unknown[], R, Evidence = undefined>(
  handler: External<A, R, Evidence>,
): External<A, R> {
  return handler
}

type Handler<F, Tx> = F extends (...args: infer P) => Promise<infer R>
  ? Required<P> extends [...args: infer A, options: CallOptions<infer D>]
    ? D extends 'external'
      ? External<A, R>
      : D extends 'exactly-once'
        ? (...args: [...args: A, call: TxCall<Tx>]) => Tx extends SynchronousTx ? R : Awaitable<R>
        : (...args: [...args: A, call: Call]) => Awaitable<R>
    : never
  : never

/** What a server of service `S` implements; `Tx` is the transaction of its ledger. */
export type Handlers<S, in Tx = NoLedger> = { readonly [K in keyof S]: Handler<S[K], Tx> }

type LedgerMethods<S> = {
  [K in keyof S]: S[K] extends (...args: infer P) => unknown
    ? Required<P> extends [...infer _, CallOptions<infer D>]
      ? D extends 'exactly-once' | 'external'
        ? K
        : never
      : never
    : never
}[keyof S] &
  string

/** The service itself, or, where it needs a ledger and there is none, what to do about it. */
export type Servable<S, N extends string, Tx> = [Tx] extends [NoLedger]
  ? [LedgerMethods<S>] extends [never]
    ? Service<S, N>
    : `${N} has exactly-once methods: give createServer({ ledger }) a ledger`
  : Service<S, N>
