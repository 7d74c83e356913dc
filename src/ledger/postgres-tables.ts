/**
 * The tables of a PostgreSQL ledger, how an older format becomes this one, and whether the database keeps what it commits.
 *
 * Invariant: tables are made and upgraded in one transaction under a lock; a newer format is refused, and left as it is.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import { lockOne, tablesLock } from './postgres-locks.ts'
import type { Link } from './postgres-pool.ts'

/**
 * What each format adds to the one before. Nothing is counted in a row that many calls would change: live records and a
 * principal's bytes are counted where they lie.
 */
export const formats: readonly string[] = [
  `CREATE TABLE oncewire_meta (name text PRIMARY KEY, value text NOT NULL);
  CREATE TABLE oncewire_session (
    sid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text NOT NULL UNIQUE, principal text NOT NULL,
    epoch bigint NOT NULL, instance text NOT NULL, first_unacked bigint NOT NULL, lease_ms bigint NOT NULL,
    seen_ms bigint NOT NULL);
  CREATE INDEX oncewire_session_principal ON oncewire_session (principal);
  CREATE INDEX oncewire_session_end ON oncewire_session ((seen_ms + lease_ms));
  CREATE TABLE oncewire_record (
    sid bigint NOT NULL, number bigint NOT NULL, kind text NOT NULL, body bytea, code text, executed text, message text,
    fingerprint bytea, bytes bigint NOT NULL, PRIMARY KEY (sid, number));
  CREATE TABLE oncewire_key (
    principal text NOT NULL, method text NOT NULL, name text NOT NULL, kind text NOT NULL, body bytea, code text,
    executed text, message text, fingerprint bytea NOT NULL, expires_ms bigint NOT NULL,
    PRIMARY KEY (principal, method, name));
  CREATE INDEX oncewire_key_expiry ON oncewire_key (expires_ms);
  CREATE TABLE oncewire_start (sid bigint NOT NULL, number bigint NOT NULL, starts int NOT NULL, PRIMARY KEY (sid, number));
  CREATE SEQUENCE oncewire_intent_id;
  CREATE TABLE oncewire_intent (
    id bigint PRIMARY KEY, state text NOT NULL, session text, number bigint NOT NULL, principal text NOT NULL,
    method text NOT NULL, object text, idempotency_key text, server text NOT NULL, incarnation text NOT NULL,
    arguments bytea NOT NULL, evidence bytea NOT NULL, begun_ms bigint NOT NULL, ended_ms bigint);
  CREATE INDEX oncewire_intent_object ON oncewire_intent (object, id);
  CREATE INDEX oncewire_intent_open ON oncewire_intent (id) WHERE state <> 'over';
  CREATE INDEX oncewire_intent_session ON oncewire_intent (session) WHERE state = 'open';
  CREATE TABLE oncewire_server (name text PRIMARY KEY, incarnation text NOT NULL, since_ms bigint NOT NULL);`,
]

/** Makes the tables, or finds them, then runs the user's own DDL; answers the ledger's id. @throws ledger-format */
export async function prepareTables(link: Link, freshId: string, schema: string | undefined): Promise<string> {
  await link.command('BEGIN')
  try {
    await link.query(lockOne, [tablesLock])
    const format = await formatOf(link)
    if (format > formats.length) throw newer(format)
    for (const sql of formats.slice(format)) await link.command(sql)
    await link.query(setMeta, ['format', String(formats.length)])
    await link.query(addMeta, ['id', freshId])
    if (schema !== undefined) await link.command(schema)
    const [row] = await link.query(meta, ['id'])
    await link.command('COMMIT')
    return String(row?.['value'])
  } catch (error) {
    await link.command('ROLLBACK').catch(() => {})
    throw error
  }
}

/** @throws {OncewireError} ledger-unusable: what was told could be gone after a power cut (protocol section 6) */
export async function checkDurability(link: Link): Promise<void> {
  const [row] = await link.query(durability)
  const off = ['fsync', 'full_page_writes', 'synchronous_commit'].filter((name) => row?.[name] === 'off')
  if (off.length > 0) {
    const set = off.map((name) => `${name} = off`).join(', ')
    const message = `the database is not durable (${set}): a success that was told could be gone after a power cut. Set ${off.join(' and ')} to on`
    throw new OncewireError('ledger-unusable', 'never', message)
  }
  if (row?.['standby'] === true)
    throw new OncewireError('ledger-unusable', 'never', 'the database is a standby, which takes no writes')
}

const durability = {
  name: 'oncewire_durability',
  text: `SELECT current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes,
    current_setting('synchronous_commit') AS synchronous_commit, pg_is_in_recovery() AS standby`,
}
const known = { name: 'oncewire_known', text: `SELECT to_regclass('oncewire_meta') IS NOT NULL AS known` }
const meta = { name: 'oncewire_meta', text: 'SELECT value FROM oncewire_meta WHERE name = $1' }
const setMeta = {
  name: 'oncewire_set_meta',
  text: 'INSERT INTO oncewire_meta VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
}
const addMeta = {
  name: 'oncewire_add_meta',
  text: 'INSERT INTO oncewire_meta VALUES ($1, $2) ON CONFLICT (name) DO NOTHING',
}

/** 0: no ledger yet. */
async function formatOf(link: Link): Promise<number> {
  const [found] = await link.query(known)
  if (found?.['known'] !== true) return 0
  const [row] = await link.query(meta, ['format'])
  return Number(row?.['value'])
}

function newer(format: number): OncewireError {
  const message = `the database holds a ledger of format ${format}, and this version reads up to ${formats.length}: install a newer oncewire`
  return new OncewireError('ledger-format', 'never', message)
}
