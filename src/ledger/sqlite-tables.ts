/**
 * The tables of a SQLite ledger, and how an older format becomes this one.
 *
 * Invariant: format 2. An older one is upgraded in one transaction; a newer one is refused, and left as it is.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import type { Connection } from './sqlite-binding.ts'

export const ledgerFormat = 2

/** Numbers of records come with their session: (session, number) is where they lie. */
const tables = `
  CREATE TABLE oncewire_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE oncewire_session (
    sid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, principal TEXT NOT NULL, epoch INTEGER NOT NULL,
    instance TEXT NOT NULL, first_unacked INTEGER NOT NULL, highest INTEGER NOT NULL, live INTEGER NOT NULL,
    lease_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL, bytes INTEGER NOT NULL DEFAULT 0);
  CREATE TABLE oncewire_record (
    sid INTEGER NOT NULL, number INTEGER NOT NULL, kind INTEGER NOT NULL, body BLOB, code TEXT, executed TEXT,
    fingerprint BLOB, bytes INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (sid, number)) WITHOUT ROWID;
  CREATE TABLE oncewire_key (
    principal TEXT NOT NULL, method TEXT NOT NULL, name TEXT NOT NULL, kind INTEGER NOT NULL, body BLOB, code TEXT,
    executed TEXT, fingerprint BLOB NOT NULL, expires_ms INTEGER NOT NULL,
    PRIMARY KEY (principal, method, name)) WITHOUT ROWID;
  CREATE INDEX oncewire_key_expiry ON oncewire_key (expires_ms);`

/** What format 2 adds: quotas, starts of calls that crash servers, intents, servers. */
const since2 = `
  CREATE TABLE oncewire_principal (
    name TEXT PRIMARY KEY, records INTEGER NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE oncewire_start (
    sid INTEGER NOT NULL, number INTEGER NOT NULL, starts INTEGER NOT NULL, PRIMARY KEY (sid, number)) WITHOUT ROWID;
  CREATE TABLE oncewire_intent (
    id INTEGER PRIMARY KEY AUTOINCREMENT, state TEXT NOT NULL, session TEXT, number INTEGER NOT NULL,
    principal TEXT NOT NULL, method TEXT NOT NULL, object TEXT, idempotency_key TEXT, server TEXT NOT NULL,
    incarnation TEXT NOT NULL, arguments BLOB NOT NULL, evidence BLOB NOT NULL, begun_ms INTEGER NOT NULL,
    ended_ms INTEGER);
  CREATE INDEX oncewire_intent_object ON oncewire_intent (object, id);
  CREATE INDEX oncewire_intent_open ON oncewire_intent (id) WHERE state <> 'over';
  CREATE TABLE oncewire_server (name TEXT PRIMARY KEY, incarnation TEXT NOT NULL, since_ms INTEGER NOT NULL) WITHOUT ROWID;`

/** From format 1, which counted no bytes and kept no quota of a principal. */
const upgrade1 = `
  ALTER TABLE oncewire_session ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE oncewire_record ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
  UPDATE oncewire_record SET bytes = coalesce(length(body), 0);
  UPDATE oncewire_session SET bytes = (SELECT coalesce(sum(bytes), 0) FROM oncewire_record WHERE sid = oncewire_session.sid);
  ${since2}
  INSERT INTO oncewire_principal
    SELECT principal, sum(live), sum(bytes) FROM oncewire_session GROUP BY principal HAVING sum(live) > 0;
  UPDATE oncewire_meta SET value = '2' WHERE name = 'format';`

/** Makes the tables, or finds them; answers the ledger's id. @throws {OncewireError} ledger-format */
export function prepareTables(writer: Connection, file: string, freshId: string): string {
  writer.exec('BEGIN IMMEDIATE')
  try {
    const format = formatOf(writer)
    if (format > ledgerFormat) throw newer(file, format)
    if (format === 0) {
      writer.exec(tables + since2)
      const values = [String(ledgerFormat), freshId]
      writer.prepare(`INSERT INTO oncewire_meta VALUES ('format', ?), ('id', ?)`).run(values)
    }
    if (format === 1) writer.exec(upgrade1)
    // A server that was killed between writing and syncing a commit leaves it where everybody reads it and a power cut
    // takes it: a replay of it would be a lie. A commit of our own syncs what stands before it.
    writer.prepare(`INSERT OR REPLACE INTO oncewire_meta VALUES ('opening', ?)`).run([freshId])
    writer.exec('COMMIT')
  } catch (error) {
    writer.exec('ROLLBACK')
    throw error
  }
  return String(writer.prepare(`SELECT value FROM oncewire_meta WHERE name = 'id'`).get([])?.['value'])
}

/** 0: no ledger yet. */
function formatOf(writer: Connection): number {
  const known = writer.prepare(`SELECT count(*) AS n FROM sqlite_master WHERE name = 'oncewire_meta'`).get([])
  if (known?.['n'] !== 1n) return 0
  return Number(writer.prepare(`SELECT value FROM oncewire_meta WHERE name = 'format'`).get([])?.['value'])
}

function newer(file: string, format: number): OncewireError {
  const message = `${file} is a ledger of format ${format}, and this version reads up to ${ledgerFormat}: install a newer oncewire`
  return new OncewireError('ledger-format', 'never', message)
}
