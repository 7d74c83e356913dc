/**
 * The rows of a SQLite ledger, and the one writer's transaction.
 *
 * Invariant: every statement is prepared once. Dates are the database's own.
 */
import type { ErrorCode } from '../errors/codes.ts'
import type { Kept, KeyRow } from '../once/admission.ts'
import type { SessionId } from '../once/frame.ts'
import type { Intent, NewestIntent, ServerIdentity } from '../once/intent.ts'
import type { HeldRows } from '../once/ledger.ts'
import type { Outcome, Remembered } from '../once/outcome.ts'
import type { KeyName, OpenTx, RowStore, StoredIntent, StoredRecord, StoredSession } from './row-store.ts'
import type { Connection, SqlValue, Statement } from './sqlite-binding.ts'
import { CallTx, type SqliteTx } from './sqlite-tx.ts'

const kinds = ['reply', 'exception', 'failure', 'running', 'unknown'] as const
/** Sessions looked at when another one is opened: those whose lease ended go faster than new ones come. */
const sweptSessions = 16

export class SqliteRows implements RowStore<SqliteTx> {
  private readonly writer: Connection
  private readonly lock: (name: string) => (() => void) | undefined
  private readonly sids = new Map<SessionId, SqlValue>()
  private readonly sql: Readonly<Record<keyof typeof statements, Statement>>
  private date = 0
  /** The last session that was looked at. */
  private sweptSid: SqlValue = 0

  constructor(writer: Connection, lock: (name: string) => (() => void) | undefined) {
    this.writer = writer
    this.lock = lock
    this.sql = Object.fromEntries(
      Object.entries(statements).map(([name, text]) => [name, writer.prepare(text)]),
    ) as SqliteRows['sql']
  }

  begin(): void {
    this.sql.begin.run([])
    this.date = Number(this.sql.date.get([])?.['ms'])
  }

  commit(): void {
    this.sql.commit.run([])
    this.sids.clear()
  }

  rollback(): void {
    this.sids.clear()
    try {
      this.writer.exec('ROLLBACK')
    } catch (error) {
      // SQLite has rolled back by itself (a full disk, say): then there is no transaction to end.
      if (!String(error).includes('no transaction')) throw error
    }
  }

  savepoint(): void {
    this.sql.savepoint.run([])
  }

  rollbackToSavepoint(): void {
    this.sql.rollbackTo.run([])
  }

  release(): void {
    this.sql.release.run([])
  }

  openTx(): OpenTx<SqliteTx> {
    const tx = new CallTx(this.writer)
    return { tx, end: () => tx.end() }
  }

  dateMs(): number {
    return this.date
  }

  session(id: SessionId): StoredSession | undefined {
    const row = this.sql.session.get([id])
    if (row === undefined) return undefined
    this.sids.set(id, row['sid'] as bigint)
    return {
      principal: row['principal'] as string,
      epoch: Number(row['epoch']),
      instance: row['instance'] as string,
      firstUnacked: Number(row['first_unacked']),
      highest: Number(row['highest']),
      liveRecords: Number(row['live']),
      recordBytes: Number(row['bytes']),
      leaseMs: Number(row['lease_ms']),
      seenMs: Number(row['seen_ms']),
    }
  }

  putSession(id: SessionId, row: Omit<StoredSession, 'seenMs'>): void {
    const { principal, epoch, instance, firstUnacked, highest, liveRecords, recordBytes, leaseMs } = row
    const values = [id, principal, epoch, instance, firstUnacked, highest, liveRecords, recordBytes, leaseMs, this.date]
    this.sql.putSession.run(values)
  }

  deleteSession(id: SessionId): void {
    const sid = this.sid(id)
    this.sql.deleteRecords.run([sid])
    this.sql.deleteStarts.run([sid])
    this.sql.deleteSession.run([id])
  }

  leaseEnded(): readonly SessionId[] {
    const rows = this.sql.sweep.all([this.sweptSid, sweptSessions])
    this.sweptSid = rows.length < sweptSessions ? 0 : (rows.at(-1)?.['sid'] ?? 0)
    return rows.flatMap((row) => (Number(row['ends_ms']) <= this.date ? [row['id'] as string] : []))
  }

  kept(principal: string): Kept {
    const row = this.sql.kept.get([principal])
    return { records: Number(row?.['records'] ?? 0), bytes: Number(row?.['bytes'] ?? 0) }
  }

  putKept(principal: string, { records, bytes }: Kept): void {
    if (records === 0) this.sql.deleteKept.run([principal])
    else this.sql.putKept.run([principal, records, bytes])
  }

  record(session: SessionId, number: number): StoredRecord | undefined {
    const row = this.sql.record.get([this.sid(session), number])
    if (row === undefined) return undefined
    const fingerprint = (row['fingerprint'] ?? undefined) as Uint8Array | undefined
    return { outcome: rememberedOf(row), fingerprint, bytes: Number(row['bytes']) }
  }

  addRecord(session: SessionId, number: number, { outcome, fingerprint, bytes }: StoredRecord): void {
    this.sql.addRecord.run([this.sid(session), number, ...columnsOf(outcome), fingerprint ?? null, bytes])
  }

  replaceRecord(session: SessionId, number: number, { outcome, bytes }: StoredRecord): void {
    this.sql.replaceRecord.run([...columnsOf(outcome), bytes, this.sid(session), number])
  }

  prune(session: SessionId, below: number): Kept {
    const range = [this.sid(session), below]
    const row = this.sql.below.get(range)
    const records = Number(row?.['records'])
    if (records > 0) this.sql.prune.run(range)
    this.sql.pruneStarts.run(range)
    return { records, bytes: Number(row?.['bytes']) }
  }

  key({ principal, method, key }: KeyName): KeyRow | undefined {
    const row = this.sql.key.get([principal, method, key, this.date])
    return row === undefined ? undefined : { outcome: rememberedOf(row), fingerprint: row['fingerprint'] as Uint8Array }
  }

  putKey({ principal, method, key }: KeyName, row: KeyRow, expiresMs: number): void {
    this.sql.putKey.run([principal, method, key, ...columnsOf(row.outcome), row.fingerprint, expiresMs])
  }

  deleteKey({ principal, method, key }: KeyName): void {
    this.sql.deleteKey.run([principal, method, key])
  }

  forgetKeys(countMax: number): void {
    this.sql.forgetKeys.run([this.date, countMax])
  }

  starts(session: SessionId, number: number): number {
    return Number(this.sql.starts.get([this.sid(session), number])?.['starts'] ?? 0)
  }

  putStarts(session: SessionId, number: number, starts: number): void {
    const sid = this.sid(session)
    if (starts === 0) this.sql.deleteStart.run([sid, number])
    else this.sql.putStarts.run([sid, number, starts])
  }

  lastIntent(): number {
    return Number(this.sql.lastIntent.get([])?.['seq'] ?? 0)
  }

  addIntent(intent: StoredIntent): number {
    const { state, session, number, principal, method, object, idempotencyKey, name, incarnation } = intent
    const identity = [state, session ?? null, number, principal, method, object ?? null, idempotencyKey ?? null]
    this.sql.addIntent.run([...identity, name, incarnation, intent.arguments, intent.evidence, this.date])
    return this.lastIntent()
  }

  intent(id: number): StoredIntent | undefined {
    const row = this.sql.intent.get([id])
    return row === undefined ? undefined : intentOf(row)
  }

  endIntent(id: number, state: 'unknown' | 'over'): void {
    if (state === 'over') this.sql.overIntent.run([this.date, id])
    else this.sql.unknownIntent.run([this.date, id])
  }

  intentOn(object: string): NewestIntent {
    const row = this.sql.intentOn.get([object])
    return row === undefined ? undefined : { id: Number(row['id']), state: row['state'] as StoredIntent['state'] }
  }

  hasOpenIntent(session: SessionId): boolean {
    return this.sql.openIntentOf.get([session]) !== undefined
  }

  intents(): readonly Intent[] {
    return this.sql.intents.all([]).map((row) => {
      const intent = intentOf(row)
      const state = intent.state as Intent['state']
      return { ...intent, state, id: Number(row['id']), begunMs: Number(row['begun_ms']) }
    })
  }

  forgetIntents(keptMax: number): void {
    this.sql.forgetIntents.run([this.lastIntent() - keptMax])
  }

  putServer({ name, incarnation }: ServerIdentity): void {
    this.sql.putServer.run([name, incarnation, this.date])
  }

  held(): HeldRows {
    const row = this.sql.held.get([])
    const count = (table: string): number => Number(row?.[table])
    return { sessions: count('sessions'), records: count('records'), keys: count('keys'), intents: count('intents') }
  }

  lockName(name: string): (() => void) | undefined {
    return this.lock(name)
  }

  close(): void {
    this.writer.close()
  }

  private sid(session: SessionId): SqlValue {
    const known = this.sids.get(session)
    if (known !== undefined) return known
    const row = this.sql.session.get([session])
    return row === undefined ? null : (row['sid'] as bigint)
  }
}

const outcomeColumns = 'kind, body, code, executed'
const statements = {
  begin: 'BEGIN IMMEDIATE',
  date: `SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER) AS ms`,
  commit: 'COMMIT',
  savepoint: 'SAVEPOINT oncewire_call',
  rollbackTo: 'ROLLBACK TO oncewire_call',
  release: 'RELEASE oncewire_call',
  session: 'SELECT * FROM oncewire_session WHERE id = ?',
  putSession: `INSERT INTO oncewire_session
      (id, principal, epoch, instance, first_unacked, highest, live, bytes, lease_ms, seen_ms)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, instance = excluded.instance,
      first_unacked = excluded.first_unacked, highest = excluded.highest, live = excluded.live, bytes = excluded.bytes,
      lease_ms = excluded.lease_ms, seen_ms = excluded.seen_ms`,
  deleteRecords: 'DELETE FROM oncewire_record WHERE sid = ?',
  deleteStarts: 'DELETE FROM oncewire_start WHERE sid = ?',
  deleteSession: 'DELETE FROM oncewire_session WHERE id = ?',
  sweep: 'SELECT sid, id, seen_ms + lease_ms AS ends_ms FROM oncewire_session WHERE sid > ? ORDER BY sid LIMIT ?',
  kept: 'SELECT records, bytes FROM oncewire_principal WHERE name = ?',
  putKept: 'INSERT OR REPLACE INTO oncewire_principal VALUES (?, ?, ?)',
  deleteKept: 'DELETE FROM oncewire_principal WHERE name = ?',
  record: `SELECT ${outcomeColumns}, fingerprint, bytes FROM oncewire_record WHERE sid = ? AND number = ?`,
  addRecord: `INSERT INTO oncewire_record (sid, number, ${outcomeColumns}, fingerprint, bytes)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  replaceRecord: `UPDATE oncewire_record SET kind = ?, body = ?, code = ?, executed = ?, bytes = ?
    WHERE sid = ? AND number = ?`,
  below: `SELECT count(*) AS records, coalesce(sum(bytes), 0) AS bytes FROM oncewire_record WHERE sid = ? AND number < ?`,
  prune: 'DELETE FROM oncewire_record WHERE sid = ? AND number < ?',
  pruneStarts: 'DELETE FROM oncewire_start WHERE sid = ? AND number < ?',
  key: `SELECT ${outcomeColumns}, fingerprint FROM oncewire_key
    WHERE principal = ? AND method = ? AND name = ? AND expires_ms > ?`,
  putKey: 'INSERT OR REPLACE INTO oncewire_key VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
  deleteKey: 'DELETE FROM oncewire_key WHERE principal = ? AND method = ? AND name = ?',
  forgetKeys: `DELETE FROM oncewire_key WHERE (principal, method, name) IN
    (SELECT principal, method, name FROM oncewire_key WHERE expires_ms <= ? ORDER BY expires_ms LIMIT ?)`,
  starts: 'SELECT starts FROM oncewire_start WHERE sid = ? AND number = ?',
  putStarts: 'INSERT OR REPLACE INTO oncewire_start VALUES (?, ?, ?)',
  deleteStart: 'DELETE FROM oncewire_start WHERE sid = ? AND number = ?',
  lastIntent: `SELECT seq FROM sqlite_sequence WHERE name = 'oncewire_intent'`,
  addIntent: `INSERT INTO oncewire_intent (state, session, number, principal, method, object, idempotency_key, server,
      incarnation, arguments, evidence, begun_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  intent: 'SELECT * FROM oncewire_intent WHERE id = ?',
  overIntent: `UPDATE oncewire_intent SET state = 'over', ended_ms = ?, arguments = x'', evidence = x'' WHERE id = ?`,
  unknownIntent: `UPDATE oncewire_intent SET state = 'unknown', ended_ms = ? WHERE id = ?`,
  intentOn: 'SELECT id, state FROM oncewire_intent WHERE object = ? ORDER BY id DESC LIMIT 1',
  openIntentOf: `SELECT id FROM oncewire_intent WHERE state <> 'over' AND state = 'open' AND session = ?`,
  intents: `SELECT * FROM oncewire_intent WHERE state <> 'over' ORDER BY id`,
  forgetIntents: `DELETE FROM oncewire_intent WHERE id <= ? AND state = 'over'`,
  held: `SELECT (SELECT count(*) FROM oncewire_session) AS sessions, (SELECT count(*) FROM oncewire_record) AS records,
    (SELECT count(*) FROM oncewire_key) AS keys, (SELECT count(*) FROM oncewire_intent) AS intents`,
  putServer: 'INSERT OR REPLACE INTO oncewire_server VALUES (?, ?, ?)',
} as const

type OutcomeColumns = [kind: number, body: Uint8Array | string | null, code: string | null, executed: string | null]

function columnsOf(outcome: Remembered): OutcomeColumns {
  const kind = kinds.indexOf(outcome.kind)
  if (outcome.kind === 'failure') return [kind, outcome.message, outcome.code, outcome.executed]
  return [kind, 'bytes' in outcome ? outcome.bytes : null, null, null]
}

function rememberedOf(row: Record<string, SqlValue>): Remembered {
  const kind = kinds[Number(row['kind'])]
  switch (kind) {
    case 'failure':
      return {
        kind,
        code: row['code'] as ErrorCode,
        executed: row['executed'] as Extract<Outcome, { kind: 'failure' }>['executed'],
        message: row['body'] as string,
      }
    case 'running':
    case 'unknown':
      return { kind }
    default:
      return { kind: kind ?? 'reply', bytes: row['body'] as Uint8Array }
  }
}

function intentOf(row: Record<string, SqlValue>): StoredIntent {
  return {
    state: row['state'] as StoredIntent['state'],
    session: (row['session'] ?? undefined) as SessionId | undefined,
    number: Number(row['number']),
    principal: row['principal'] as string,
    method: row['method'] as string,
    object: (row['object'] ?? undefined) as string | undefined,
    idempotencyKey: (row['idempotency_key'] ?? undefined) as string | undefined,
    name: row['server'] as string,
    incarnation: row['incarnation'] as string,
    arguments: row['arguments'] as Uint8Array,
    evidence: row['evidence'] as Uint8Array,
  }
}
