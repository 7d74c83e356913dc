/**
 * What the client machine is told and what it asks for. Times are milliseconds of one clock, fed in.
 *
 * Invariant: a call is settled exactly once; an exactly-once call with a journal is sent only after its
 * `begun` entry is durable.
 */
import type { ErrorCode, Executed } from '../errors/codes.ts'
import type { Delivery, Frame, SessionId } from './frame.ts'
import type { JournalEntry, JournalledCall, JournalState, StepName, StepOutcome } from './journal.ts'
import type { Outcome } from './outcome.ts'

export interface ClientOptions {
  /** Time of the first attempt, doubled by each retransmission up to `attemptMsMax`. */
  readonly attemptMs: number
  readonly attemptMsMax: number
  readonly pingMs: number
  /** Calls that may wait for the window or a session; one more is `overloaded`, never sent. */
  readonly queuedMax: number
  /** Deadline of a call replayed from the journal, from the opening on. */
  readonly replayMs: number
  readonly token: string
  /** Random, of this process. */
  readonly instance: string
  /** Random in [0, 1), for the jitter of retransmissions; fed in so that a seed decides. */
  readonly random: () => number
  /** SHA-256 of a call, as RESOLVE shows it; fed in, since pure code cannot hash. */
  readonly fingerprints: (call: { readonly method: string; readonly payload: Uint8Array }) => Fingerprints
  /** What a journal held; undefined: no journal. */
  readonly journal: JournalState | undefined
}

export interface Fingerprints {
  /** Over method and argument bytes. */
  readonly xid: Uint8Array
  /** Over method and arguments in their canonical form. */
  readonly key: Uint8Array
}

/** A call as the stub hands it over; `call` is the driver's own number for it, used once. */
export interface CallSpec {
  readonly call: number
  readonly method: string
  readonly delivery: Delivery
  readonly isOneway: boolean
  readonly payload: Uint8Array
  readonly deadlineAtMs: number
  readonly idempotencyKey: string | undefined
  readonly headers: Readonly<Record<string, string>> | undefined
  /** It is a step of a resumable run: written down before it is sent, whatever its delivery; its end is told as `step-ended`. */
  readonly step?: StepName | undefined
}

export type ClientInput =
  | { readonly kind: 'started'; readonly nowMs: number }
  | { readonly kind: 'called'; readonly nowMs: number; readonly spec: CallSpec }
  /** The application no longer wants the answer. */
  | { readonly kind: 'cancelled'; readonly nowMs: number; readonly call: number }
  /** `endpoint`: the address of the connection. */
  | { readonly kind: 'connected'; readonly nowMs: number; readonly endpoint: string }
  /** The connection is gone, or could not be made; the driver dials again only when told `dial`. */
  | { readonly kind: 'disconnected'; readonly nowMs: number; readonly cause: unknown }
  | { readonly kind: 'received'; readonly nowMs: number; readonly frame: Frame }
  /** The connection takes no more bytes now (`isStalled`), or takes some again. */
  | { readonly kind: 'stalled'; readonly nowMs: number; readonly isStalled: boolean }
  /** So many entries of this opening are on disk. */
  | { readonly kind: 'journalled'; readonly nowMs: number; readonly count: number }
  | { readonly kind: 'journal-failed'; readonly nowMs: number; readonly cause: unknown }
  /** A run has asked again for a step whose call an earlier process began, and waits that long. */
  | { readonly kind: 'claimed'; readonly nowMs: number; readonly step: StepName; readonly deadlineAtMs: number }
  | { readonly kind: 'step-cancelled'; readonly nowMs: number; readonly step: StepName }
  /** A local step begins, or has ended: told as `step-ended` when that is durable. */
  | { readonly kind: 'local-begun'; readonly nowMs: number; readonly step: StepName; readonly name: string }
  | { readonly kind: 'local-ended'; readonly nowMs: number; readonly step: StepName; readonly outcome: StepOutcome }
  | { readonly kind: 'run-forgotten'; readonly nowMs: number; readonly run: string }
  /** The application took this recovered outcome. */
  | { readonly kind: 'handed-over'; readonly nowMs: number; readonly number: number }
  | { readonly kind: 'woke'; readonly nowMs: number }
  /** No new calls; BYE when what is open has ended, or at `closeAtMs` settle the rest and stop. */
  | { readonly kind: 'closing'; readonly nowMs: number; readonly closeAtMs: number }

/** How a call ended for its caller. */
export type Settlement =
  | { readonly kind: 'outcome'; readonly outcome: Outcome }
  /** `mayResolve`: a later `resolved` output tells what it was. */
  | {
      readonly kind: 'failed'
      readonly code: ErrorCode
      readonly executed: Executed
      readonly message: string
      readonly mayResolve: boolean
      readonly cause?: unknown
    }

export interface CallIdentity {
  readonly session: SessionId
  readonly number: number
  readonly attempts: number
}

export type ClientOutput =
  | { readonly kind: 'dial' }
  | { readonly kind: 'hang-up' }
  | { readonly kind: 'send'; readonly frame: Frame }
  | { readonly kind: 'append'; readonly entry: JournalEntry }
  | {
      readonly kind: 'settled'
      readonly call: number
      readonly settlement: Settlement
      readonly identity: CallIdentity
    }
  /** What an `unknown` call was in the end; `unknown` again if nobody can ever say. */
  | { readonly kind: 'resolved'; readonly call: number; readonly executed: Executed }
  /** An outcome of a call that an earlier process began; answered by `handed-over` when taken. */
  | {
      readonly kind: 'recovered'
      readonly session: SessionId
      readonly number: number
      readonly begun: JournalledCall
      readonly settlement: Settlement
    }
  /** What a step shows its run; durable, except where `outcome` is a settlement without an entry (the channel is closed). */
  | {
      readonly kind: 'step-ended'
      readonly step: StepName
      readonly outcome: StepOutcome | Extract<Settlement, { kind: 'failed' }>
      readonly identity: CallIdentity
    }
  | { readonly kind: 'step-resolved'; readonly step: StepName; readonly executed: Executed }
  /** Every call that the journal held open at the start has ended. */
  | { readonly kind: 'all-recovered' }
  /** Connection is up and a session welcomed; or why that can never be (version, denied). */
  | { readonly kind: 'ready' }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly message: string }
  /** Wants `woke` at that time; replaces an earlier wish. Infinity: no wish. */
  | { readonly kind: 'wake'; readonly atMs: number }
  | { readonly kind: 'closed' }
