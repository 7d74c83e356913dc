/**
 * The rows that one decision reads, and those that it writes, in one transaction on PostgreSQL.
 *
 * Invariant: read after the locks were granted, in a snapshot of its own: a transaction that had them before is seen.
 */
import type { ErrorCode } from '../errors/codes.ts'
import { type Kept, leaseHasEnded, type RecordRow, type Rows, type SessionRow } from '../once/admission.ts'
import type { KeyClaim, SessionId } from '../once/frame.ts'
import type { Asked } from '../once/ledger.ts'
import { type Outcome, outcomeBytes, type Remembered } from '../once/outcome.ts'
import { lockCall, type LockNumbers, type LockValues } from './postgres-locks.ts'
import type { Row } from './postgres-pool.ts'
import type { Transaction } from './postgres-transactions.ts'

/** What was read for one call. */
export interface ReadRows extends Omit<Rows, 'nowMs' | 'principal'> {
  /** Under which its records lie; undefined: there is no session. */
  readonly sid: unknown
  /** Its session is there, and its lease has ended: it is as if it were not. */
  readonly isOver: boolean
  /** It was heard of so long ago that this should be written down. */
  readonly isStale: boolean
}

/** Locks what the call is about, then reads it. */
export async function readRows(
  tx: Transaction,
  locks: LockNumbers,
  { session, number, firstUnacked, principal, idempotency, ...asked }: Asked & { readonly object?: string | undefined },
): Promise<ReadRows> {
  const key = idempotency === undefined ? undefined : { principal, ...idempotency }
  const wanted: LockValues = [null, null, null, null]
  // Rule 2 (object-lock): accepted means that it was granted (H13).
  if (asked.object !== undefined) wanted[0] = locks.object(asked.object)
  // Rule 2 (session-lock): shared, until the commit (H1).
  if (session !== undefined) wanted[1] = locks.session(session)
  // Rule 2.3 (call-lock): a copy waits, and then sees how the first one ended.
  if (session !== undefined) wanted[2] = locks.call(session, number)
  // Rule 2.4 (key-lock)
  if (key !== undefined) wanted[3] = locks.key(key)
  tx.send(lockCall, wanted)
  const keyName = key === undefined ? [null, null, null] : [stored(key.principal), key.method, stored(key.key)]
  const [row] = await tx.query(select, [session ?? null, number, firstUnacked, ...keyName])
  return rowsOf(row as Row)
}

function rowsOf(row: Row): ReadRows {
  const dateMs = Number(row['date_ms'])
  const held = row['sid'] === null ? undefined : sessionOf(row)
  const isOver = held !== undefined && leaseHasEnded(held, dateMs) && row['has_open_intent'] !== true
  const session = isOver ? undefined : held
  const record = row['kind'] === null ? undefined : recordOf(row)
  const key = row['key_kind'] === null ? undefined : keyOf(row)
  return {
    sid: session === undefined ? undefined : row['sid'],
    session,
    record: session === undefined ? undefined : record,
    key,
    liveRecords: Number(row['live']),
    dateMs,
    isOver,
    isStale: held !== undefined && held.seenMs + held.leaseMs / 16 <= dateMs,
  }
}

/** A session, with its lease. */
export interface HeldSession extends SessionRow {
  readonly leaseMs: number
  readonly seenMs: number
}

function sessionOf(row: Row): HeldSession {
  return {
    principal: told(row['principal'] as string),
    epoch: Number(row['epoch']),
    instance: row['instance'] as string,
    firstUnacked: Number(row['first_unacked']),
    highest: Number(row['highest']),
    leaseMs: Number(row['lease_ms']),
    seenMs: Number(row['seen_ms']),
  }
}

function recordOf(row: Row): RecordRow {
  const fingerprint = row['fingerprint'] as Uint8Array | null
  return { outcome: rememberedOf(row), fingerprint: fingerprint ?? undefined }
}

function keyOf(row: Row): NonNullable<Rows['key']> {
  const [kind, body, code] = [row['key_kind'], row['key_body'], row['key_code']]
  const outcome = rememberedOf({ kind, body, code, executed: row['key_executed'], message: row['key_message'] })
  return { outcome, fingerprint: row['key_fingerprint'] as Uint8Array }
}

export function addRecord(
  tx: Transaction,
  { sid, number }: { readonly sid: unknown; readonly number: number },
  { outcome, fingerprint, bytes }: { outcome: Remembered; fingerprint: Uint8Array | undefined; bytes?: number },
): void {
  if (sid === undefined) return
  tx.send(insertRecord, [sid, number, ...columnsOf(outcome), fingerprint ?? null, bytes ?? sizeOf(outcome)])
}

/** In the place of the one that is there, if it is. */
export function replaceRecord(
  tx: Transaction,
  { sid, number }: { readonly sid: unknown; readonly number: number },
  outcome: Remembered,
): void {
  tx.send(updateRecord, [sid, number, ...columnsOf(outcome), sizeOf(outcome)])
}

export function putKey(
  tx: Transaction,
  { principal, idempotency }: { readonly principal: string; readonly idempotency: KeyClaim },
  { outcome, expiresMs }: { readonly outcome: Remembered; readonly expiresMs: number },
): void {
  const { method, key, fingerprint } = idempotency
  tx.send(upsertKey, [stored(principal), method, stored(key), ...columnsOf(outcome), fingerprint, expiresMs])
}

export function deleteKey(
  tx: Transaction,
  { principal, method, key }: { readonly principal: string; readonly method: string; readonly key: string },
): void {
  tx.send(removeKey, [stored(principal), method, stored(key)])
}

/** Each key written pays for two that are forgotten. */
export function forgetKeys(tx: Transaction): void {
  tx.send(removeExpiredKeys)
}

export function touch(tx: Transaction, sid: unknown): void {
  tx.send(touchSession, [sid])
}

/** What is kept of a principal's calls. */
export async function countKept(tx: Pick<Transaction, 'query'>, principal: string): Promise<Kept> {
  const [row] = await tx.query(kept, [stored(principal)])
  return { records: Number(row?.['records']), bytes: Number(row?.['bytes']) }
}

/** Records of the session that its client has acknowledged, and that nobody has forgotten yet. */
export async function countDead(
  tx: Pick<Transaction, 'query'>,
  sid: unknown,
  { firstUnacked }: Pick<Asked, 'firstUnacked'>,
): Promise<number> {
  const [row] = await tx.query(dead, [sid, firstUnacked])
  return Number(row?.['dead'])
}

/** The session alone, with the highest number that it knows; undefined: there is none, or its lease has ended. */
export async function readSession(
  tx: Transaction,
  id: SessionId,
): Promise<(HeldSession & { readonly sid: unknown; readonly records: number }) | undefined> {
  const [row] = await tx.query(selectSession, [id])
  if (row === undefined) return undefined
  const held = sessionOf(row)
  if (leaseHasEnded(held, Number(row['date_ms'])) && row['has_open_intent'] !== true) return undefined
  return { ...held, sid: row['sid'], records: Number(row['records']) }
}

export function sizeOf(outcome: Remembered): number {
  return outcome.kind === 'running' || outcome.kind === 'unknown' ? 0 : outcomeBytes(outcome)
}

function columnsOf(outcome: Remembered): readonly unknown[] {
  if (outcome.kind === 'failure') return [outcome.kind, null, outcome.code, outcome.executed, stored(outcome.message)]
  return [outcome.kind, 'bytes' in outcome ? outcome.bytes : null, null, null, null]
}

function rememberedOf(row: Row): Remembered {
  const kind = row['kind'] as Remembered['kind']
  if (kind === 'running' || kind === 'unknown') return { kind }
  if (kind !== 'failure') return { kind, bytes: row['body'] as Uint8Array }
  const executed = row['executed'] as Extract<Outcome, { kind: 'failure' }>['executed']
  return { kind, code: row['code'] as ErrorCode, executed, message: told(row['message'] as string) }
}

/** A text of PostgreSQL holds no NUL: a key or a message that does is written with a backslash. */
export function stored(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\0', '\\0')
}

/** The text as it was. */
export function told(text: string): string {
  return text.replace(/\\([\\0])/g, (_, char) => (char === '0' ? '\0' : '\\'))
}

/** The database's own date, which moves within a transaction. */
export const dateMs = `(extract(epoch FROM clock_timestamp()) * 1000)::bigint`
const openIntent = `EXISTS (SELECT FROM oncewire_intent i WHERE i.session = s.id AND i.state = 'open')`
const outcomeColumns = 'kind, body, code, executed, message'

const select = {
  name: 'oncewire_select',
  text: `SELECT d.ms AS date_ms, s.sid, s.principal, s.epoch, s.instance, s.first_unacked, s.lease_ms, s.seen_ms,
      0 AS highest, CASE WHEN s.seen_ms + s.lease_ms <= d.ms THEN ${openIntent} END AS has_open_intent,
      r.kind, r.body, r.code, r.executed, r.message, r.fingerprint,
      k.kind AS key_kind, k.body AS key_body, k.code AS key_code, k.executed AS key_executed, k.message AS key_message,
      k.fingerprint AS key_fingerprint,
      (SELECT count(*) FROM oncewire_record l
        WHERE l.sid = s.sid AND l.number >= greatest(s.first_unacked, $3::bigint)) AS live
    FROM (SELECT ${dateMs} AS ms) d
    LEFT JOIN oncewire_session s ON s.id = $1
    LEFT JOIN oncewire_record r ON r.sid = s.sid AND r.number = $2
    LEFT JOIN oncewire_key k ON k.principal = $4 AND k.method = $5 AND k.name = $6 AND k.expires_ms > d.ms`,
}
const selectSession = {
  name: 'oncewire_select_session',
  text: `SELECT s.*, ${dateMs} AS date_ms, ${openIntent} AS has_open_intent,
      (SELECT count(*) FROM oncewire_record r WHERE r.sid = s.sid) AS records,
      greatest(s.first_unacked - 1, (SELECT max(number) FROM oncewire_record r WHERE r.sid = s.sid), 0) AS highest
    FROM oncewire_session s WHERE s.id = $1`,
}
const insertRecord = {
  name: 'oncewire_insert_record',
  text: `INSERT INTO oncewire_record (sid, number, ${outcomeColumns}, fingerprint, bytes)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
}
const updateRecord = {
  name: 'oncewire_update_record',
  text: `UPDATE oncewire_record SET kind = $3, body = $4, code = $5, executed = $6, message = $7, bytes = $8
    WHERE sid = $1 AND number = $2`,
}
const upsertKey = {
  name: 'oncewire_upsert_key',
  text: `INSERT INTO oncewire_key (principal, method, name, ${outcomeColumns}, fingerprint, expires_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT (principal, method, name) DO UPDATE SET kind = excluded.kind, body = excluded.body, code = excluded.code,
      executed = excluded.executed, message = excluded.message, fingerprint = excluded.fingerprint,
      expires_ms = excluded.expires_ms`,
}
const removeKey = {
  name: 'oncewire_remove_key',
  text: 'DELETE FROM oncewire_key WHERE principal = $1 AND method = $2 AND name = $3',
}
const removeExpiredKeys = {
  name: 'oncewire_remove_expired_keys',
  text: `DELETE FROM oncewire_key WHERE (principal, method, name) IN (
    SELECT principal, method, name FROM oncewire_key WHERE expires_ms <= ${dateMs}
    ORDER BY expires_ms LIMIT 2 FOR UPDATE SKIP LOCKED)`,
}
/** Whoever changes the session waits for us, so only others like us hold the row: they write the same. */
const touchSession = {
  name: 'oncewire_touch',
  text: `UPDATE oncewire_session SET seen_ms = ${dateMs}
    WHERE sid = (SELECT sid FROM oncewire_session WHERE sid = $1 FOR UPDATE SKIP LOCKED)`,
}
const dead = {
  name: 'oncewire_dead',
  text: 'SELECT count(*) AS dead FROM oncewire_record WHERE sid = $1 AND number < $2',
}
const kept = {
  name: 'oncewire_kept',
  text: `SELECT count(*) AS records, coalesce(sum(r.bytes), 0) AS bytes
    FROM oncewire_session s JOIN oncewire_record r ON r.sid = s.sid WHERE s.principal = $1`,
}
