/**
 * What a client writes down before it speaks; the port that `journal/` implements.
 *
 * Invariant: entries are durable in the order in which they were appended.
 */
import type { Executed } from '../errors/codes.ts'
import type { Delivery, SessionId } from './frame.ts'
import type { Outcome } from './outcome.ts'

/** One line of the client's memory. `number` is the one of the xid. */
export type JournalEntry =
  /** This journal now belongs to that durable session (principal '' for an anonymous one). */
  | { readonly kind: 'session'; readonly session: SessionId; readonly ledgerId: string; readonly principal: string }
  /** An opening of the journal: every number from here on is of this epoch. */
  | { readonly kind: 'opened'; readonly epoch: number }
  | { readonly kind: 'begun'; readonly number: number; readonly call: JournalledCall }
  /** Numbers up to here were used; what they were is no longer needed (a compacted journal). */
  | { readonly kind: 'highest'; readonly number: number }
  /** The application gave it up or saw its deadline: resolve it, do not replay it (H15). */
  | { readonly kind: 'given-up'; readonly number: number }
  /** Learnt; the application or `channel.recovered` has it or will. `unknown`: nobody will ever know. */
  | {
      readonly kind: 'ended'
      readonly number: number
      readonly outcome: Outcome | { readonly kind: 'unknown'; readonly code: string }
    }
  /** The application has taken this recovered outcome: nothing of the call is needed any more. */
  | { readonly kind: 'handed-over'; readonly number: number }
  | ({ readonly kind: 'step-begun'; readonly begun: JournalledStep } & StepName)
  /** What the step showed its run first, an `unknown` included: it is shown again (H9). */
  | ({ readonly kind: 'step-ended'; readonly outcome: StepOutcome } & StepName)
  /** What the `unknown` of a step was in the end. */
  | ({ readonly kind: 'step-resolved'; readonly executed: Executed } & StepName)
  /** Nothing of the run is needed any more. */
  | { readonly kind: 'run-forgotten'; readonly run: string }

/** Which step of which resumable run; steps count from 0, in the order in which the run asks for them. */
export interface StepName {
  readonly run: string
  readonly step: number
}

/** What a step is; a run that takes another path than its journal is known by it. */
export type JournalledStep =
  /** A call, with the xid under which it was or will be sent. Sent anew, it is written anew: the last one counts. */
  | {
      readonly kind: 'call'
      readonly session: SessionId
      readonly number: number
      readonly call: JournalledCall
      readonly isOneway: boolean
      /** Where its session lives, if that is one in memory. */
      readonly endpoint: string
    }
  /** A function of the application whose value must not change. */
  | { readonly kind: 'local'; readonly name: string }

export type StepOutcome =
  | Outcome
  /** `mayResolve`: a later `step-resolved` tells what it was. */
  | { readonly kind: 'unknown'; readonly code: string; readonly mayResolve: boolean }
  /** Of a local step, in the form of whoever made it. */
  | { readonly kind: 'value'; readonly bytes: Uint8Array }
  | { readonly kind: 'thrown'; readonly bytes: Uint8Array }

/** One entry of a run, in the order of the journal; a `begun` is where the step was first begun. */
export type RunEvent =
  | { readonly kind: 'begun'; readonly step: number; readonly begun: JournalledStep }
  | { readonly kind: 'ended'; readonly step: number; readonly outcome: StepOutcome }
  | { readonly kind: 'resolved'; readonly step: number; readonly executed: Executed }

export interface JournalledRun {
  readonly run: string
  readonly events: readonly RunEvent[]
}

export interface JournalledCall {
  readonly method: string
  readonly delivery: Delivery
  readonly payload: Uint8Array
  readonly idempotencyKey: string | undefined
}

/** What the journal held when it was opened. */
export interface JournalState {
  readonly session: SessionId | undefined
  readonly ledgerId: string
  readonly principal: string
  /** Of the last opening; 0 for a new journal. */
  readonly epoch: number
  /** Highest number ever begun in the session; 0 if none. */
  readonly highest: number
  /** Begun and not ended, in order. */
  readonly open: readonly { readonly number: number; readonly call: JournalledCall; readonly isGivenUp: boolean }[]
  /** Ended, begun by an earlier opening, and not handed over yet. */
  readonly unclaimed: readonly {
    readonly number: number
    readonly call: JournalledCall
    readonly outcome: Outcome | { readonly kind: 'unknown'; readonly code: string }
  }[]
  /** Resumable runs that were not forgotten. */
  readonly runs: readonly JournalledRun[]
}

/** The client's own disk. */
export interface Journal {
  readonly state: JournalState
  /**
   * Takes an entry; `durable` (set once by the owner) is told how many entries of this opening are on disk.
   * Entries appended while a sync is under way share the next one.
   */
  append(entry: JournalEntry): void
  onDurable: (count: number) => void
  onFailed: (error: Error) => void
  close(): Promise<void>
}
