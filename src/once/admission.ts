/**
 * Decides what to do with each delivery of a call, and with sessions: protocol sections 1 to 3. Pure; every ledger and
 * the memory sessions decide here and nowhere else.
 *
 * Invariant: `execute` is answered only where no row says otherwise. Read the rows and act on the verdict inside one
 * transaction, under the session's lock, or a late copy runs a second time (H1).
 */
import type { SessionId } from './frame.ts'
import type { OpenSession } from './ledger.ts'
import { type Answer, type Outcome, tombstone } from './outcome.ts'

/** What is remembered of a session. */
export interface SessionRow {
  readonly principal: string
  readonly epoch: number
  /** Of the process that holds the session now. */
  readonly instance: string
  /** Of a new session 1; never goes down (I12). */
  readonly firstUnacked: number
  /** Highest number known: of a record, or `firstUnacked - 1`, whichever is more. Never goes down. */
  readonly highest: number
}

/** What is remembered of one xid. */
export interface RecordRow {
  /** undefined: still executing. Only tables in memory hold such a row; a ledger's is seen when it is committed. */
  readonly outcome: Outcome | undefined
  /** undefined: of a tombstone, or kept in memory; equal to every other. */
  readonly fingerprint: Uint8Array | undefined
}

/** What is remembered of (principal, Service.method, idempotency key). It outlives session and record (H6). */
export interface KeyRow {
  readonly outcome: Outcome
  readonly fingerprint: Uint8Array
}

/** Everything that one decision reads. A row that the call does not name is undefined. */
export interface Rows {
  readonly session: SessionRow | undefined
  readonly record: RecordRow | undefined
  readonly key: KeyRow | undefined
  /** Records of the session that are not below its firstUnacked, after `raisedFirstUnacked` of this same frame. */
  readonly liveRecords: number
  /** Records of the principal, over all its sessions. */
  readonly principalRecords: number
}

/** As much of a call as the rules look at; a `LedgerCall` is one. `session` undefined: the caller has none. */
export interface Delivered {
  readonly session: SessionId | undefined
  readonly number: number
  readonly epoch: number
  readonly firstUnacked: number
  readonly principal: string
  /** undefined: none is kept (memory), or none was sent (RESOLVE). */
  readonly fingerprint?: Uint8Array | undefined
  readonly idempotency?: { readonly fingerprint: Uint8Array } | undefined
}

export interface AdmissionLimits {
  /** Live records of one session. */
  readonly window: number
  /** Records of one principal. */
  readonly recordsMax: number
}

export type Admission =
  | { readonly kind: 'execute' }
  /** The call runs now: the duplicate waits for the same outcome. Never where `RecordRow.outcome` is always there. */
  | { readonly kind: 'attach' }
  /**
   * `record`: first write it under this xid with the call's fingerprint, in this transaction (rule 4); callers without a
   * session have no xid, and for them it is undefined.
   */
  | { readonly kind: 'answer'; readonly answer: Answer; readonly record: Outcome | undefined }

const execute: Admission = { kind: 'execute' }
const attach: Admission = { kind: 'attach' }

/** Rules 1 to 5 of section 2. `delivery-differs` (rule 1) is the server machine's: a ledger knows no methods. */
export function admit(rows: Rows, call: Delivered, limits: AdmissionLimits): Admission {
  return (
    refusedBySession(rows, call) ??
    knownByXid(rows, call) ??
    knownByKey(rows, call) ??
    full(rows, call, limits) ??
    execute
  )
}

export type Resolution =
  | Exclude<Admission, { kind: 'execute' }>
  /** Write `tombstone` as the record of this xid, without a fingerprint; then answer `withdrawn`. */
  | { readonly kind: 'bury'; readonly answer: Answer }

const bury: Resolution = { kind: 'bury', answer: { kind: 'outcome', outcome: tombstone, isReplay: false } }

/** RESOLVE passes rules 1 to 5; where CALL would execute, a tombstone is written (section 4). */
export function resolve(rows: Rows, asked: Delivered, limits: AdmissionLimits): Resolution {
  const admission = admit(rows, asked, limits)
  return admission.kind === 'execute' ? bury : admission
}

/** Rules 1 and 2: whose session is it, and does it still remember this number? */
function refusedBySession({ session }: Rows, call: Delivered): Admission | undefined {
  if (call.session === undefined) return undefined
  if (session === undefined)
    return refused(
      'session-expired',
      `session ${call.session} is not known here: its lease ended, or it was made elsewhere`,
    )
  if (session.principal !== call.principal)
    return refused('denied', `session ${call.session} belongs to another principal`)
  if (call.epoch < session.epoch) return refused('fenced', fencedMessage(call.session, call.epoch, session.epoch))
  if (call.number < session.firstUnacked) {
    return refused(
      'stale',
      `call ${call.number} of session ${call.session} is below ${session.firstUnacked}, which the client has acknowledged`,
    )
  }
  return undefined
}

/** Rule 3: the xid has a record. */
function knownByXid({ record }: Rows, call: Delivered): Admission | undefined {
  if (record === undefined) return undefined
  if (!equal(record.fingerprint, call.fingerprint)) {
    return refused('xid-reused', `call ${call.number} of session ${call.session} came with other arguments before`)
  }
  if (record.outcome === undefined) return attach
  return { kind: 'answer', answer: { kind: 'outcome', outcome: record.outcome, isReplay: true }, record: undefined }
}

/** Rule 4: the idempotency key has a row. What is answered is recorded under the xid first (H8). */
function knownByKey({ key }: Rows, call: Delivered): Admission | undefined {
  if (key === undefined || call.idempotency === undefined) return undefined
  const outcome = equal(key.fingerprint, call.idempotency.fingerprint) ? key.outcome : keyReused
  const answer: Answer = { kind: 'outcome', outcome, isReplay: true }
  return { kind: 'answer', answer, record: call.session === undefined ? undefined : outcome }
}

const keyReused: Outcome = {
  kind: 'failure',
  code: 'key-reused',
  executed: 'never',
  message: 'the idempotency key was used before, for other arguments',
}

/** Rule 5: speaks of this delivery only. */
function full(rows: Rows, call: Delivered, limits: AdmissionLimits): Admission | undefined {
  if (call.session === undefined) return undefined
  if (call.firstUnacked > call.number) {
    return refused('malformed', `call ${call.number} is below its own firstUnacked, ${call.firstUnacked}`)
  }
  if (rows.liveRecords >= limits.window) {
    return refused(
      'window',
      `session ${call.session} has ${rows.liveRecords} unacknowledged calls, and its window is ${limits.window}`,
    )
  }
  if (rows.principalRecords >= limits.recordsMax) {
    return refused(
      'overloaded',
      `${rows.principalRecords} records are kept for this principal, and limits.recordsMax is ${limits.recordsMax}`,
    )
  }
  return undefined
}

/**
 * Whether an idempotency key keeps this outcome. What the handler answered or declared is kept; where it failed, all
 * was rolled back and the key is free again.
 */
export function keyKeeps(outcome: Outcome): boolean {
  return outcome.kind !== 'failure'
}

/**
 * Section 3: the firstUnacked that a session holds after a frame (CALL, RESOLVE or ACK) that carries one; records below
 * it may be forgotten. Only the session's holder moves it, only upwards, and a call never beyond itself.
 */
export function raisedFirstUnacked(
  session: SessionRow,
  frame: {
    readonly principal: string
    readonly epoch: number
    readonly firstUnacked: number
    readonly number?: number
  },
): number {
  const isHolder = frame.principal === session.principal && frame.epoch >= session.epoch
  const isHonest = frame.number === undefined || frame.firstUnacked <= frame.number
  return isHolder && isHonest ? Math.max(session.firstUnacked, frame.firstUnacked) : session.firstUnacked
}

/** Section 3: BYE ends a session only if it knows everything that the session knows, and nothing is left to answer. */
export function mayEnd(
  session: SessionRow,
  liveRecords: number,
  bye: { readonly principal: string; readonly epoch: number; readonly highest: number },
): boolean {
  const isHolder = bye.principal === session.principal && bye.epoch === session.epoch
  return isHolder && bye.highest === session.highest && liveRecords === 0
}

/** `row` is what the session is from now on: write it, together with the new end of the lease. */
export type Opening =
  | { readonly kind: 'created'; readonly id: SessionId; readonly row: SessionRow }
  | { readonly kind: 'held'; readonly id: SessionId; readonly row: SessionRow }
  | {
      readonly kind: 'refused'
      readonly code: 'session-expired' | 'denied' | 'fenced' | 'journal-behind'
      readonly message: string
    }

/** Section 1: HELLO asks for a new session, or for the one that it names; `held` is that one's row. */
export function openSession(held: SessionRow | undefined, hello: Omit<OpenSession, 'leaseMs'>): Opening {
  const { resume, principal, epoch, instance } = hello
  if (resume === undefined) {
    return { kind: 'created', id: hello.fresh, row: { principal, epoch, instance, firstUnacked: 1, highest: 0 } }
  }
  const refuse = (code: Extract<Opening, { kind: 'refused' }>['code'], message: string): Opening => ({
    kind: 'refused',
    code,
    message,
  })
  if (held === undefined)
    return refuse('session-expired', `session ${resume} is not known here: its lease ended, or it was made elsewhere`)
  if (principal !== held.principal) return refuse('denied', `session ${resume} belongs to another principal`)
  if (epoch < held.epoch) return refuse('fenced', fencedMessage(resume, epoch, held.epoch))
  if (epoch === held.epoch) {
    if (instance === held.instance) return { kind: 'held', id: resume, row: held }
    return refuse('fenced', `another process holds session ${resume} in epoch ${epoch}: the journal was copied`)
  }
  if (held.highest > hello.highest) {
    return refuse(
      'journal-behind',
      `session ${resume} has seen call ${held.highest}, and the journal ends at ${hello.highest}: it is an old copy`,
    )
  }
  return { kind: 'held', id: resume, row: { ...held, epoch, instance } }
}

function fencedMessage(session: SessionId, epoch: number, held: number): string {
  return `session ${session} was taken over: epoch ${epoch} came, and epoch ${held} holds it`
}

function refused(code: Extract<Answer, { kind: 'refused' }>['code'], message: string): Admission {
  return { kind: 'answer', answer: { kind: 'refused', code, message }, record: undefined }
}

/** An absent fingerprint claims nothing. */
function equal(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  if (one === undefined || other === undefined) return true
  return one.length === other.length && one.every((byte, i) => byte === other[i])
}
