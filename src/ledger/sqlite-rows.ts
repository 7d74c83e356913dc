/**
 * Sessions, records and keys as rows of a SQLite database, and the one writer's transaction.
 *
 * Invariant: format 1. A newer format is refused; the database file is never changed before its format is known.
 */
import type { ErrorCode } from '../errors/codes.ts'
import { OncewireError } from '../errors/oncewire-error.ts'
import type { KeyRow, RecordRow } from '../once/admission.ts'
import type { SessionId } from '../once/frame.ts'
import type { Outcome } from '../once/outcome.ts'
import type { KeyName, OpenTx, RowStore, StoredSession } from './row-store.ts'
import type { Connection, SqlValue, Statement } from './sqlite-binding.ts'
import { CallTx, type SqliteTx } from './sqlite-tx.ts'

export const ledgerFormat = 1

/** Format 1; every statement may be run again. */
const tables = `
  CREATE TABLE IF NOT EXISTS oncewire_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS oncewire_session (
    sid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, principal TEXT NOT NULL, epoch INTEGER NOT NULL,
    instance TEXT NOT NULL, first_unacked INTEGER NOT NULL, highest INTEGER NOT NULL, live INTEGER NOT NULL,
    lease_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS oncewire_record (
    sid INTEGER NOT NULL, number INTEGER NOT NULL, kind INTEGER NOT NULL, body BLOB, code TEXT, executed TEXT,
    fingerprint BLOB, PRIMARY KEY (sid, number)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS oncewire_key (
    principal TEXT NOT NULL, method TEXT NOT NULL, name TEXT NOT NULL, kind INTEGER NOT NULL, body BLOB, code TEXT,
    executed TEXT, fingerprint BLOB NOT NULL, expires_ms INTEGER NOT NULL,
    PRIMARY KEY (principal, method, name)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS oncewire_key_expiry ON oncewire_key (expires_ms);`

/** The database's own clock, in milliseconds since 1970. */
const nowMs = `CAST(unixepoch('subsec') * 1000 AS INTEGER)`
const kinds = ['reply', 'exception', 'failure'] as const

/** Makes the tables, or finds them; answers the ledger's id. @throws {OncewireError} ledger-format */
export function prepareTables(writer: Connection, file: string, freshId: string): string {
  const known = writer.prepare(`SELECT count(*) AS n FROM sqlite_master WHERE name = 'oncewire_meta'`).get([])
  if (known?.['n'] === 1n) checkFormat(writer, file)
  writer.exec('BEGIN IMMEDIATE')
  try {
    writer.exec(tables)
    writer
      .prepare(`INSERT OR IGNORE INTO oncewire_meta VALUES ('format', ?), ('id', ?)`)
      .run([String(ledgerFormat), freshId])
    writer.exec('COMMIT')
  } catch (error) {
    writer.exec('ROLLBACK')
    throw error
  }
  return String(writer.prepare(`SELECT value FROM oncewire_meta WHERE name = 'id'`).get([])?.['value'])
}

function checkFormat(writer: Connection, file: string): void {
  const format = Number(writer.prepare(`SELECT value FROM oncewire_meta WHERE name = 'format'`).get([])?.['value'])
  if (format <= ledgerFormat) return
  const message = `${file} is a ledger of format ${format}, and this version reads up to ${ledgerFormat}: install a newer oncewire`
  throw new OncewireError('ledger-format', 'never', message)
}

export class SqliteRows implements RowStore<SqliteTx> {
  private readonly writer: Connection
  private readonly keyRetentionMs: number
  private readonly sids = new Map<SessionId, SqlValue>()
  private groups = 0
  private readonly sql: Readonly<Record<keyof typeof statements, Statement>>

  constructor(writer: Connection, keyRetentionMs: number) {
    this.writer = writer
    this.keyRetentionMs = keyRetentionMs
    this.sql = Object.fromEntries(
      Object.entries(statements).map(([name, text]) => [name, writer.prepare(text)]),
    ) as SqliteRows['sql']
  }

  begin(): void {
    this.sql.begin.run([])
    if (this.groups++ % 1000 === 0) this.sql.expireKeys.run([])
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
      leaseMs: Number(row['lease_ms']),
    }
  }

  putSession(id: SessionId, row: StoredSession): void {
    const { principal, epoch, instance, firstUnacked, highest, liveRecords, leaseMs } = row
    this.sql.putSession.run([id, principal, epoch, instance, firstUnacked, highest, liveRecords, leaseMs])
  }

  deleteSession(id: SessionId): void {
    this.sql.deleteRecords.run([this.sid(id)])
    this.sql.deleteSession.run([id])
  }

  record(session: SessionId, number: number): RecordRow | undefined {
    const row = this.sql.record.get([this.sid(session), number])
    return row === undefined
      ? undefined
      : { outcome: outcomeOf(row), fingerprint: (row['fingerprint'] ?? undefined) as Uint8Array | undefined }
  }

  putRecord(
    session: SessionId,
    number: number,
    record: { outcome: Outcome; fingerprint: Uint8Array | undefined },
  ): void {
    this.sql.putRecord.run([this.sid(session), number, ...columnsOf(record.outcome), record.fingerprint ?? null])
  }

  prune(session: SessionId, below: number): number {
    return this.sql.prune.run([this.sid(session), below])
  }

  key({ principal, method, key }: KeyName): KeyRow | undefined {
    const row = this.sql.key.get([principal, method, key])
    return row === undefined ? undefined : { outcome: outcomeOf(row), fingerprint: row['fingerprint'] as Uint8Array }
  }

  putKey({ principal, method, key }: KeyName, row: KeyRow): void {
    this.sql.putKey.run([principal, method, key, ...columnsOf(row.outcome), row.fingerprint, this.keyRetentionMs])
  }

  close(): void {
    this.writer.close()
  }

  private sid(session: SessionId): SqlValue {
    const known = this.sids.get(session)
    if (known !== undefined) return known
    // A session made in this very transaction is not written yet.
    const row = this.sql.session.get([session])
    return row === undefined ? null : (row['sid'] as bigint)
  }
}

const statements = {
  begin: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  savepoint: 'SAVEPOINT oncewire_call',
  rollbackTo: 'ROLLBACK TO oncewire_call',
  release: 'RELEASE oncewire_call',
  session: 'SELECT * FROM oncewire_session WHERE id = ?',
  putSession: `INSERT INTO oncewire_session
      (id, principal, epoch, instance, first_unacked, highest, live, lease_ms, seen_ms)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ${nowMs})
    ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, instance = excluded.instance,
      first_unacked = excluded.first_unacked, highest = excluded.highest, live = excluded.live,
      lease_ms = excluded.lease_ms, seen_ms = excluded.seen_ms`,
  deleteRecords: 'DELETE FROM oncewire_record WHERE sid = ?',
  deleteSession: 'DELETE FROM oncewire_session WHERE id = ?',
  record: 'SELECT kind, body, code, executed, fingerprint FROM oncewire_record WHERE sid = ? AND number = ?',
  putRecord: 'INSERT INTO oncewire_record VALUES (?, ?, ?, ?, ?, ?, ?)',
  prune: 'DELETE FROM oncewire_record WHERE sid = ? AND number < ?',
  key: `SELECT kind, body, code, executed, fingerprint FROM oncewire_key
    WHERE principal = ? AND method = ? AND name = ? AND expires_ms > ${nowMs}`,
  putKey: `INSERT OR REPLACE INTO oncewire_key VALUES (?, ?, ?, ?, ?, ?, ?, ?, ${nowMs} + ?)`,
  expireKeys: `DELETE FROM oncewire_key WHERE expires_ms <= ${nowMs}`,
} as const

type OutcomeColumns = [kind: number, body: Uint8Array | string, code: string | null, executed: string | null]

function columnsOf(outcome: Outcome): OutcomeColumns {
  const kind = kinds.indexOf(outcome.kind)
  if (outcome.kind === 'failure') return [kind, outcome.message, outcome.code, outcome.executed]
  return [kind, outcome.bytes, null, null]
}

function outcomeOf(row: Record<string, SqlValue>): Outcome {
  const kind = kinds[Number(row['kind'])]
  if (kind !== 'failure') return { kind: kind ?? 'reply', bytes: row['body'] as Uint8Array }
  return {
    kind,
    code: row['code'] as ErrorCode,
    executed: row['executed'] as 'never' | 'once',
    message: row['body'] as string,
  }
}
