/**
 * External effects (protocol section 2): a durable intent before the effect, a durable completion after it, and what a
 * ledger keeps in between.
 *
 * Invariant: an effect is performed only by the server that wrote its intent, once, and never again after a crash. A
 * completion is written only over an open intent (H5).
 */
import type { SessionId } from './frame.ts'
import type { LedgerCall } from './ledger.ts'
import type { Answer, Outcome, Remembered } from './outcome.ts'

/** One process among those on a ledger. */
export interface ServerIdentity {
  /** Given by its operator, the same at every start. */
  readonly name: string
  /** Random, of this life of it. */
  readonly incarnation: string
}

/** What is about to happen, as it is written down before it does. */
export interface NewIntent extends ServerIdentity {
  /** The argument struct in the binary codec: what `reconcile` is asked with. */
  readonly arguments: Uint8Array
  /** What `prepare` answered, in the driver's own encoding. */
  readonly evidence: Uint8Array
  /** What `look` answered. */
  readonly seen: number
}

/** An intent whose effect is under way, or of which nobody can say whether it happened. */
export interface Intent extends ServerIdentity {
  readonly id: number
  readonly state: 'open' | 'unknown'
  /** undefined: of a caller without a session. */
  readonly session: SessionId | undefined
  readonly number: number
  readonly principal: string
  readonly method: string
  readonly idempotencyKey: string | undefined
  readonly arguments: Uint8Array
  readonly evidence: Uint8Array
  /** By the database's clock, in milliseconds since 1970. */
  readonly begunMs: number
}

/**
 * What external effects need of a ledger. Nothing here holds a lock from one call to the next. One on a database server
 *
 * - keeps the record (and the key's row) of an open intent in `running`: its unique key decides between servers;
 * - locks the object, if any, in the transactions of `look` and `intend` (an advisory lock), and gives intents their
 *   numbers under it: numbers of a sequence are not in the order of their commits, and `seen` is compared with them;
 * - begins `intend` again after a COMMIT whose answer was lost: an open intent of that xid and this incarnation is the one
 *   that it wrote, and `intended`;
 * - forgets intents that are over, but not while a `look` may still know a lower number.
 */
export interface IntentLedger {
  /**
   * Says that this server lives, under a name that no other living process has on this ledger: then every other
   * incarnation of that name is known to be dead. The database must notice the death of the process by itself (a file
   * lock, a lock of the connection), never by a clock.
   *
   * @throws {OncewireError} server-name-taken
   */
  claim(server: ServerIdentity): Promise<{ release(): Promise<void> }>
  /**
   * Rules 1 to 5 of a call whose effect is external, without executing. `seen` goes into the intent; `busy`: another
   * effect on the same object is under way somewhere; ask again.
   */
  look(
    call: LedgerCall,
  ): Promise<Answer | { readonly kind: 'admitted'; readonly seen: number } | { readonly kind: 'busy' }>
  /**
   * The rules again, and the intent, in one transaction: from now on the effect may happen, and the record says that it
   * may. `overtaken`: another effect on the same object began after `look`, so the evidence is old; look again.
   */
  intend(
    call: LedgerCall,
    intent: NewIntent,
  ): Promise<Answer | { readonly kind: 'intended'; readonly intent: number } | { readonly kind: 'overtaken' }>
  /**
   * How it ended (`unknown`: nobody can say), over an open intent only; else answers what is recorded. An operator's
   * `settles` goes over an unknown one too, once.
   */
  complete(
    intent: number,
    outcome: Exclude<Remembered, { kind: 'running' }>,
    how?: { readonly settles: true },
  ): Promise<Answer>
  /** Those that are not over, the oldest first. */
  intents(): Promise<readonly Intent[]>
}

/** The newest effect on the object of a call (service and key): undefined: none is known, or the call names no object. */
export type NewestIntent = { readonly id: number; readonly state: Intent['state'] | 'over' } | undefined

/** Whether a call must wait for the effect that is under way on its object. */
export function isBusy(newest: NewestIntent): boolean {
  // Rule 2 (object-busy): calls on one object run one at a time, also after a crash: or evidence would mean nothing.
  if (newest?.state === 'open') return true
  return false
}

/** Whether another effect on the object began after the evidence was prepared; `seen` is what `look` answered. */
export function isOvertaken(newest: NewestIntent, seen: number): boolean {
  // Rule 2 (overtaken)
  if (newest !== undefined && newest.id > seen) return true
  return false
}

/** Whether a completion may go over what the intent is now. */
export function mayComplete(state: Intent['state'] | 'over', settles: boolean): boolean {
  // Rule 2 (completion): the second to say how it ended hears what the first said.
  if (state === 'over') return false
  // Rule 2 (settle-once): nobody could say, so only an operator may.
  if (state === 'unknown' && !settles) return false
  return true
}

/** What the operator of a server is asked about: intents whose server is dead, as this one has its name now. */
export function isOfDead(intent: Pick<Intent, 'state' | 'name' | 'incarnation'>, successor: ServerIdentity): boolean {
  if (intent.state !== 'open' || intent.name !== successor.name) return false
  // Rule 2 (reconcile-dead): a living one may be slow, and its effect still to come (H5).
  if (intent.incarnation === successor.incarnation) return false
  return true
}

/** The verdict on a call whose intent stood and whose effect, as `reconcile` found out, had not happened. */
export const notPerformed: Outcome = {
  kind: 'failure',
  code: 'not-performed',
  executed: 'never',
  message: 'the server crashed before the effect, and it will not happen',
}
