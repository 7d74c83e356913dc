/**
 * Decides what to do with each delivery of a call, and with sessions: protocol sections 1 to 3. Pure; every ledger and
 * the memory sessions decide here and nowhere else. A comment `Rule N (name)` marks one statement that is that rule.
 *
 * Invariant: `execute` is answered only where no row says otherwise. Read the rows and act on the verdict inside one
 * transaction, under the session's lock, or a late copy runs a second time (H1).
 */
import type { KeyClaim, SessionId } from './frame.ts'
import { keyTimeMs } from './idempotency-key.ts'
import type { OpenSession } from './ledger.ts'
import { type Answer, type Outcome, type Remembered, tombstone } from './outcome.ts'

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
  readonly outcome: Remembered
  /** undefined: of a tombstone, or kept in memory; equal to every other. */
  readonly fingerprint: Uint8Array | undefined
}

/** What is remembered of (principal, Service.method, idempotency key). It outlives session and record (H6). */
export interface KeyRow {
  readonly outcome: Remembered
  readonly fingerprint: Uint8Array
}

/** Records that are kept, and what their outcomes take. */
export interface Kept {
  readonly records: number
  readonly bytes: number
}

/** Everything that one decision reads. A row that the call does not name is undefined. */
export interface Rows {
  readonly session: SessionRow | undefined
  readonly record: RecordRow | undefined
  readonly key: KeyRow | undefined
  /** Records of the session that are not below its firstUnacked. */
  readonly liveRecords: number
  /** Records below it, where they could not be forgotten at once; absent: they are. */
  readonly deadRecords?: number | undefined
  /** Of the principal, over all its sessions. */
  readonly principal: Kept
  /** The ledger's own date, for keys that carry time. */
  readonly dateMs: number
  /** Of the clock that `deadlineAtMs` is told in. */
  readonly nowMs: number
}

/** As much of a call as the rules look at; a `LedgerCall` is one. `session` undefined: the caller has none. */
export interface Delivered {
  readonly session: SessionId | undefined
  readonly number: number
  readonly epoch: number
  readonly firstUnacked: number
  readonly principal: string
  /** undefined: RESOLVE, which has none. */
  readonly deadlineAtMs?: number | undefined
  /** undefined: none is kept (memory). */
  readonly fingerprint?: Uint8Array | undefined
  readonly idempotency?: KeyClaim | undefined
}

export interface AdmissionLimits {
  /** Live records of one session. */
  readonly window: number
  /** Records of one principal. */
  readonly recordsMax: number
  /** Bytes of their outcomes. */
  readonly recordBytesMax: number
  /** How long a key is remembered; 0 where keys are not. */
  readonly keyRetentionMs: number
}

export type Admission =
  | { readonly kind: 'execute' }
  /** The call runs now, or a server that may be dead has begun its effect: the duplicate waits, or comes back. */
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
    knownByKey(rows, call, limits) ??
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
  // Rule 2.1 (session-expired): so a copy that is delayed past every record of the call still cannot run.
  if (session === undefined) return refused('session-expired', unknownMessage(call.session))
  // Rule 2.1 (denied)
  if (session.principal !== call.principal)
    return refused('denied', `session ${call.session} belongs to another principal`)
  // Rule 2.1 (fenced)
  if (call.epoch < session.epoch) return refused('fenced', fencedMessage(call.session, call.epoch, session.epoch))
  // Rule 2.2 (stale): answered, or a client that holds the call open would ask for ever.
  if (call.number < session.firstUnacked) return refused('stale', staleMessage(call, session))
  return undefined
}

/** Rule 3: the xid has a record. */
function knownByXid({ record }: Rows, call: Delivered): Admission | undefined {
  if (record === undefined) return undefined
  // Rule 2.3 (xid-reused)
  if (!equal(record.fingerprint, call.fingerprint)) return refused('xid-reused', reusedMessage(call))
  const { outcome } = record
  // Rule 2.3 (attach)
  if (outcome.kind === 'running') return attach
  // Rule 2.3 (effect-unknown): until an operator settles it once.
  if (outcome.kind === 'unknown') return refused('effect-unknown', effectUnknown)
  // Rule 2.3 (replay)
  return { kind: 'answer', answer: { kind: 'outcome', outcome, isReplay: true }, record: undefined }
}

/** Rule 4: the idempotency key has a row. What is answered is recorded under the xid first (H8). */
function knownByKey({ key, dateMs }: Rows, call: Delivered, limits: AdmissionLimits): Admission | undefined {
  const { idempotency, session } = call
  if (idempotency === undefined) return undefined
  if (key === undefined) {
    // Rule 3 (key-expired): its row may have been forgotten, so nobody can say whether it ran.
    if (keyTimeMs(idempotency.key) + limits.keyRetentionMs <= dateMs)
      return refused('key-expired', expiredMessage(limits))
    return undefined
  }
  // Rule 2.4 (key-reused)
  if (!equal(key.fingerprint, idempotency.fingerprint)) return answeredByKey(keyReused, session)
  const { outcome } = key
  // Rule 2.4 (key-attach)
  if (outcome.kind === 'running') return attach
  // Rule 2.4 (key-unknown)
  if (outcome.kind === 'unknown') return refused('effect-unknown', effectUnknown)
  // Rule 2.4 (key-replay)
  return answeredByKey(outcome, session)
}

function answeredByKey(outcome: Outcome, session: SessionId | undefined): Admission {
  const answer: Answer = { kind: 'outcome', outcome, isReplay: true }
  // Rule 2.4 (key-recorded): what is told of an xid is a row first (H6, H8).
  if (session !== undefined) return { kind: 'answer', answer, record: outcome }
  return { kind: 'answer', answer, record: undefined }
}

const keyReused: Outcome = {
  kind: 'failure',
  code: 'key-reused',
  executed: 'never',
  message: 'the idempotency key was used before, for other arguments',
}

/** Rule 5: speaks of this delivery only. */
function full(rows: Rows, call: Delivered, limits: AdmissionLimits): Admission | undefined {
  // Rule 2.5 (deadline)
  if ((call.deadlineAtMs ?? Infinity) <= rows.nowMs)
    return refused('deadline', 'the deadline passed before its turn came')
  if (call.session === undefined) return undefined
  // Rule 2.5 (malformed)
  if (call.firstUnacked > call.number) return refused('malformed', beyondMessage(call))
  // The oldest call has room always: while it is open nothing behind it can be acknowledged, and it would wait for ever.
  const isOldest = call.number === call.firstUnacked
  // Rule 2.5 (window): records are counted, never numbers subtracted: those jump with the epoch.
  if (rows.liveRecords >= limits.window && !isOldest) return refused('window', windowMessage(call, rows, limits))
  // Rule 2.5 (dead-records): bounded as live ones are (I7), until they can be forgotten.
  if ((rows.deadRecords ?? 0) >= limits.window) return refused('window', deadMessage(call, rows, limits))
  // Rule 2.5 (quota-records): never evict, a forgotten record is a call that may run again.
  if (rows.principal.records >= limits.recordsMax)
    return refused('overloaded', quotaMessage(`${rows.principal.records} records`, 'recordsMax', limits))
  // Rule 2.5 (quota-bytes)
  if (rows.principal.bytes >= limits.recordBytesMax)
    return refused('overloaded', quotaMessage(`records of ${rows.principal.bytes} bytes`, 'recordBytesMax', limits))
  return undefined
}

/**
 * Whether an idempotency key keeps this outcome. What the handler answered or declared is kept; where it failed, all
 * was rolled back and the key is free again. An effect that happened, and failed afterwards, keeps its key.
 */
export function keyKeeps(outcome: Outcome): boolean {
  return outcome.kind !== 'failure' || outcome.executed === 'once'
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
  const { firstUnacked } = session
  // Rule 3 (ack-holder)
  if (frame.principal !== session.principal || frame.epoch < session.epoch) return firstUnacked
  // Rule 3 (ack-honest)
  if (frame.number !== undefined && frame.firstUnacked > frame.number) return firstUnacked
  // Rule 3 (ack-upwards): I12.
  if (frame.firstUnacked < firstUnacked) return firstUnacked
  return frame.firstUnacked
}

/** Section 3: whether a session was silent for its whole lease, by the clock of the database that holds it. */
export function leaseHasEnded(
  { seenMs, leaseMs }: { readonly seenMs: number; readonly leaseMs: number },
  dateMs: number,
): boolean {
  // Rule 3 (lease)
  if (seenMs + leaseMs <= dateMs) return true
  return false
}

/** Section 3: BYE ends a session only if it knows everything that the session knows, and nothing is left to answer. */
export function mayEnd(
  session: SessionRow,
  liveRecords: number,
  bye: { readonly principal: string; readonly epoch: number; readonly highest: number },
): boolean {
  // Rule 3 (bye-holder)
  if (bye.principal !== session.principal || bye.epoch !== session.epoch) return false
  // Rule 3 (bye-highest): an old BYE knows less than the session.
  if (bye.highest !== session.highest) return false
  // Rule 3 (bye-live)
  if (liveRecords > 0) return false
  return true
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
  // Rule 1 (resume-expired)
  if (held === undefined) return refuse('session-expired', unknownMessage(resume))
  // Rule 1 (resume-denied)
  if (principal !== held.principal) return refuse('denied', `session ${resume} belongs to another principal`)
  // Rule 1 (resume-fenced)
  if (epoch < held.epoch) return refuse('fenced', fencedMessage(resume, epoch, held.epoch))
  const isReconnection = epoch === held.epoch && instance === held.instance
  if (isReconnection) return { kind: 'held', id: resume, row: held }
  // Rule 1 (instance): the second of two processes on copies of one journal.
  if (epoch === held.epoch) return refuse('fenced', clonedMessage(resume, epoch))
  // Rule 1 (journal-behind)
  if (held.highest > hello.highest) return refuse('journal-behind', behindMessage(resume, held.highest, hello.highest))
  return { kind: 'held', id: resume, row: { ...held, epoch, instance } }
}

function unknownMessage(session: SessionId): string {
  return `session ${session} is not known here: its lease ended, or it was made elsewhere`
}

function fencedMessage(session: SessionId, epoch: number, held: number): string {
  return `session ${session} was taken over: epoch ${epoch} came, and epoch ${held} holds it`
}

function clonedMessage(session: SessionId, epoch: number): string {
  return `another process holds session ${session} in epoch ${epoch}: the journal was copied`
}

function behindMessage(session: SessionId, held: number, journalled: number): string {
  return `session ${session} has seen call ${held}, and the journal ends at ${journalled}: it is an old copy`
}

function staleMessage(call: Delivered, { firstUnacked }: SessionRow): string {
  return `call ${call.number} of session ${call.session} is below ${firstUnacked}, which the client has acknowledged`
}

function reusedMessage(call: Delivered): string {
  return `call ${call.number} of session ${call.session} came with other arguments before`
}

const effectUnknown = 'a crash came while the effect was under way; an operator settles it with `oncewire ledger`'

function expiredMessage({ keyRetentionMs }: AdmissionLimits): string {
  return `the idempotency key is older than the ${keyRetentionMs} ms for which keys are remembered: look whether the call ran`
}

function beyondMessage(call: Delivered): string {
  return `call ${call.number} is below its own firstUnacked, ${call.firstUnacked}`
}

function windowMessage(call: Delivered, { liveRecords }: Rows, { window }: AdmissionLimits): string {
  return `session ${call.session} has ${liveRecords} unacknowledged calls, and its window is ${window}`
}

function deadMessage(call: Delivered, { deadRecords }: Rows, { window }: AdmissionLimits): string {
  return `session ${call.session} has ${deadRecords} acknowledged calls that cannot be forgotten while a call runs for long, and its window is ${window}`
}

function quotaMessage(kept: string, limit: 'recordsMax' | 'recordBytesMax', limits: AdmissionLimits): string {
  return `${kept} are kept for this principal, and ${limit} is ${limits[limit]}`
}

function refused(code: Extract<Answer, { kind: 'refused' }>['code'], message: string): Admission {
  return { kind: 'answer', answer: { kind: 'refused', code, message }, record: undefined }
}

/** An absent fingerprint claims nothing. */
function equal(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  if (one === undefined || other === undefined) return true
  return one.length === other.length && one.every((byte, i) => byte === other[i])
}
