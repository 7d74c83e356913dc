/**
 * What each statement of the ledger on PostgreSQL means to the simulated one, by the name under which the ledger prepares
 * it. A differential test plays the very same statements on a real PostgreSQL and compares.
 *
 * Invariant: every statement of ledger/postgres-*.ts is here; one that is not known stops the world.
 */
import { formats } from '../../ledger/postgres-tables.ts'
import type { Execution, Meaning } from './execution.ts'
import { intentStatements } from './intent-statements.ts'
import { read, withBig, write } from './meaning.ts'
import type { Row, Table } from './versions.ts'

const nothing = read(() => [])
const table =
  (name: string) =>
  (s: Execution): Table =>
    s.database.table(`oncewire_${name}`)
const sessions = table('session')
const records = table('record')
const keys = table('key')
const starts = table('start')
const metas = table('meta')
const servers = table('server')
const intents = table('intent')
/** What DDL has made. */
const catalog = (s: Execution): Table => s.database.table('catalog')

const endOf = (session: Row): number => Number(session['seen_ms']) + Number(session['lease_ms'])
const big = (value: unknown): bigint => BigInt(value as number)
const hasOpenIntent = (s: Execution, session: Row): boolean =>
  s.count(intents(s), (intent) => intent['session'] === session['id'] && intent['state'] === 'open') > 0
const isEnded = (s: Execution, session: Row): boolean => endOf(session) <= s.dateMs && !hasOpenIntent(s, session)
const bySid =
  (s: Execution, n = 1) =>
  (row: Row): boolean =>
    !s.isNull(n) && row['sid'] === s.number(n)
const byCall =
  (s: Execution) =>
  (row: Row): boolean =>
    row['sid'] === s.number(1) && row['number'] === s.number(2)
const inSids = (s: Execution): ((row: Row) => boolean) => {
  const sids = new Set((s.values[0] as readonly unknown[]).map(Number))
  return (row) => sids.has(row['sid'] as number)
}

const outcomeColumns = ['kind', 'body', 'code', 'executed', 'message'] as const
/** The five columns of an outcome, from parameter `n` on. */
function outcomeAt(s: Execution, n: number): Row {
  return Object.fromEntries(outcomeColumns.map((name, i) => [name, s.values[n - 1 + i] ?? null]))
}

function selectCall(s: Execution): readonly Row[] {
  const dateMs = s.dateMs
  const session = s.isNull(1) ? undefined : s.get(sessions(s), s.text(1))
  const sid = session?.['sid']
  const record = session === undefined ? undefined : s.get(records(s), sid, s.number(2))
  const isKeyed = !s.isNull(4) && !s.isNull(5) && !s.isNull(6)
  const held = isKeyed ? s.get(keys(s), s.text(4), s.text(5), s.text(6)) : undefined
  const key = held !== undefined && Number(held['expires_ms']) > dateMs ? held : undefined
  const from = Math.max(Number(session?.['first_unacked'] ?? 0), s.number(3))
  const isLive = (row: Row): boolean => row['sid'] === sid && Number(row['number']) >= from
  const column = (row: Row | undefined, name: string): unknown => row?.[name] ?? null
  const number = (name: string): bigint | null => (session === undefined ? null : big(session[name]))
  const row: Record<string, unknown> = {
    date_ms: big(dateMs),
    sid: number('sid'),
    principal: column(session, 'principal'),
    epoch: number('epoch'),
    instance: column(session, 'instance'),
    first_unacked: number('first_unacked'),
    lease_ms: number('lease_ms'),
    seen_ms: number('seen_ms'),
    highest: 0,
    has_open_intent: session !== undefined && endOf(session) <= dateMs ? hasOpenIntent(s, session) : null,
    live: big(session === undefined ? 0 : s.count(records(s), isLive)),
    fingerprint: column(record, 'fingerprint'),
    key_fingerprint: column(key, 'fingerprint'),
  }
  for (const name of outcomeColumns) {
    row[name] = column(record, name)
    row[`key_${name}`] = column(key, name)
  }
  return [row]
}

function selectSession(s: Execution): readonly Row[] {
  const session = s.isNull(1) ? undefined : s.get(sessions(s), s.text(1))
  if (session === undefined) return []
  const numbers = [...s.rows(records(s), (row) => row['sid'] === session['sid'])].map((row) => Number(row['number']))
  return [
    {
      ...withBig(session, ['sid', 'epoch', 'first_unacked', 'lease_ms', 'seen_ms']),
      date_ms: big(s.dateMs),
      has_open_intent: hasOpenIntent(s, session),
      records: big(numbers.length),
      highest: big(Math.max(Number(session['first_unacked']) - 1, 0, ...numbers)),
    },
  ]
}

function changed(change: (row: Row, s: Execution) => Row): (s: Execution) => (row: Row) => Row {
  return (s) => (row) => ({ ...row, ...change(row, s) })
}
const seenNow = changed((_, s) => ({ seen_ms: s.dateMs }))

const sessionStatements: Record<string, Meaning> = {
  oncewire_insert_session: write(function* (s) {
    const sid = ++s.database.sequences.sid
    const [id, principal, instance] = [s.text(1), s.text(2), s.text(4)]
    const numbers = { epoch: s.number(3), first_unacked: 1, lease_ms: s.number(5), seen_ms: s.dateMs }
    yield* s.insert(sessions(s), { sid, id, principal, instance, ...numbers }, [id], seenNow(s))
  }),
  oncewire_update_session: write((s) =>
    s.update(
      sessions(s),
      bySid(s),
      changed(() => ({ epoch: s.number(2), instance: s.text(3), lease_ms: s.number(4), seen_ms: s.dateMs }))(s),
    ),
  ),
  oncewire_raise_session: write((s) =>
    s.update(sessions(s), bySid(s), changed(() => ({ first_unacked: s.number(2), seen_ms: s.dateMs }))(s)),
  ),
  oncewire_prune_records: write((s) =>
    s.delete(records(s), (row) => bySid(s)(row) && Number(row['number']) < s.number(2)),
  ),
  oncewire_prune_starts: write((s) =>
    s.delete(starts(s), (row) => bySid(s)(row) && Number(row['number']) < s.number(2)),
  ),
  oncewire_delete_records: write((s) => s.delete(records(s), inSids(s))),
  oncewire_delete_starts: write((s) => s.delete(starts(s), inSids(s))),
  oncewire_delete_sessions: write((s) => s.delete(sessions(s), inSids(s))),
  oncewire_select_ended: read((s) =>
    [...s.rows(sessions(s), (row) => isEnded(s, row))]
      .toSorted((one, other) => endOf(one) - endOf(other))
      .slice(0, s.number(1))
      .map(({ sid, id }) => ({ sid: big(sid), id })),
  ),
  oncewire_select_over: read((s) =>
    [...s.rows(sessions(s), (row) => inSids(s)(row) && isEnded(s, row))].map(({ sid, principal }) => ({
      sid: big(sid),
      principal,
    })),
  ),
  oncewire_try_lock: read((s) => [{ locked: s.tryAdvisory(s.values[0], 'transaction') }]),
  oncewire_touch: write(function* (s) {
    const held = yield* s.lockRows(sessions(s), bySid(s), { mode: 'update', skipLocked: true })
    if (held.length > 0) yield* s.update(sessions(s), bySid(s), seenNow(s))
  }),
  oncewire_touch_always: write((s) => s.update(sessions(s), bySid(s), seenNow(s))),
}

const callStatements: Record<string, Meaning> = {
  oncewire_lock: write((s) => s.advisory(s.values[0], 'exclusive')),
  oncewire_lock_call: write(function* (s) {
    for (const n of [1, 2, 3, 4]) {
      if (!s.isNull(n)) yield* s.advisory(s.values[n - 1], n === 2 ? 'shared' : 'exclusive')
    }
  }),
  oncewire_select: read(selectCall),
  oncewire_select_session: read(selectSession),
  oncewire_insert_record: write((s) => {
    const key = [s.number(1), s.number(2)] as const
    const given = { fingerprint: s.values[7] ?? null, bytes: s.number(9) }
    return s.insert(records(s), { sid: key[0], number: key[1], ...outcomeAt(s, 3), ...given }, key)
  }),
  oncewire_update_record: write((s) =>
    s.update(records(s), byCall(s), (row) => ({ ...row, ...outcomeAt(s, 3), bytes: s.number(8) })),
  ),
  oncewire_upsert_key: write((s) => {
    const key = [s.text(1), s.text(2), s.text(3)] as const
    const given = { ...outcomeAt(s, 4), fingerprint: s.values[8], expires_ms: s.number(10) }
    const row = { principal: key[0], method: key[1], name: key[2], ...given }
    return s.insert(keys(s), row, key, (held) => ({ ...held, ...given }))
  }),
  oncewire_remove_key: write((s) =>
    s.delete(
      keys(s),
      (row) => row['principal'] === s.text(1) && row['method'] === s.text(2) && row['name'] === s.text(3),
    ),
  ),
  oncewire_remove_expired_keys: write(function* (s) {
    const isOver = (row: Row): boolean => Number(row['expires_ms']) <= s.dateMs
    const oldest = [...s.rows(keys(s), isOver)].toSorted(
      (one, other) => Number(one['expires_ms']) - Number(other['expires_ms']),
    )
    const over: unknown[] = []
    for (const one of oldest) {
      if (over.length === 2) break
      const isSame = (row: Row): boolean => isOver(row) && sameKey(row, one)
      over.push(...(yield* s.lockRows(keys(s), isSame, { mode: 'update', skipLocked: true })))
    }
    yield* s.delete(keys(s), (row) => over.some((one) => sameKey(row, one as Row)))
  }),
  oncewire_kept: read((s) => {
    const sids = new Set([...s.rows(sessions(s), (row) => row['principal'] === s.text(1))].map(({ sid }) => sid))
    let [count, bytes] = [0, 0]
    for (const row of s.rows(records(s), ({ sid }) => sids.has(sid))) {
      count++
      bytes += Number(row['bytes'])
    }
    return [{ records: big(count), bytes: String(bytes) }]
  }),
  oncewire_dead: read((s) => [
    { dead: big(s.count(records(s), (row) => bySid(s)(row) && Number(row['number']) < s.number(2))) },
  ]),
  oncewire_select_starts: read((s) => [...s.rows(starts(s), byCall(s))].map((row) => ({ starts: row['starts'] }))),
  oncewire_add_start: write((s) => {
    const key = [s.number(1), s.number(2)] as const
    const counted = (row: Row): Row => ({ ...row, starts: Number(row['starts']) + 1 })
    return s.insert(starts(s), { sid: key[0], number: key[1], starts: 1 }, key, counted)
  }),
  oncewire_uncount_start: write((s) => s.update(starts(s), byCall(s), uncounted)),
  oncewire_uncount_of: write((s) => {
    const session = s.isNull(1) ? undefined : s.get(sessions(s), s.text(1))
    return s.update(
      starts(s),
      (row) => session !== undefined && row['sid'] === session['sid'] && row['number'] === s.number(2),
      uncounted,
    )
  }),
  oncewire_count_all: read((s) => [
    {
      sessions: big(s.count(sessions(s))),
      records: big(s.count(records(s))),
      keys: big(s.count(keys(s))),
      intents: big(s.count(intents(s))),
    },
  ]),
}

const uncounted = (row: Row): Row => ({ ...row, starts: Math.max(Number(row['starts']) - 1, 0) })
const sameKey = (one: Row, other: Row): boolean =>
  one['principal'] === other['principal'] && one['method'] === other['method'] && one['name'] === other['name']

const openingStatements: Record<string, Meaning> = {
  oncewire_durability: read(() => [{ fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on', standby: false }]),
  oncewire_known: read((s) => [{ known: s.get(catalog(s), 'oncewire_meta') !== undefined }]),
  oncewire_meta: read((s) => {
    const row = s.get(metas(s), s.text(1))
    return row === undefined ? [] : [{ value: row['value'] }]
  }),
  oncewire_set_meta: write((s) => {
    const row = { name: s.text(1), value: s.text(2) }
    return s.insert(metas(s), row, [row.name], () => row)
  }),
  oncewire_add_meta: write((s) => s.insert(metas(s), { name: s.text(1), value: s.text(2) }, [s.text(1)], null)),
  oncewire_keep_alive: nothing,
  oncewire_try_name: read((s) => [{ locked: s.tryAdvisory(s.values[0], 'session') }]),
  oncewire_put_server: write((s) => {
    const row = { name: s.text(1), incarnation: s.text(2), since_ms: s.dateMs }
    return s.insert(servers(s), row, [row.name], () => row)
  }),
}

export function ledgerStatements(): Map<string, Meaning> {
  const makeTables = write((s) => s.insert(catalog(s), { name: 'oncewire_meta' }, ['oncewire_meta']))
  const all = { ...sessionStatements, ...callStatements, ...openingStatements, ...intentStatements }
  return new Map([...Object.entries(all), ...formats.map((sql) => [sql, makeTables] as const)])
}
