/**
 * What the ledger's statements about external effects mean to the simulated PostgreSQL; `statements.ts` has the others.
 */
import type { Execution, Meaning } from './execution.ts'
import { read, withBig, write } from './meaning.ts'
import type { Row, Table } from './versions.ts'

const intents = (s: Execution): Table => s.database.table('oncewire_intent')
const servers = (s: Execution): Table => s.database.table('oncewire_server')
const bigColumns = ['id', 'number', 'begun_ms', 'ended_ms'] as const
const byId =
  (s: Execution) =>
  (row: Row): boolean =>
    row['id'] === s.number(1)
const newestFirst = (one: Row, other: Row): number => Number(other['id']) - Number(one['id'])
const empty = new Uint8Array()

export const intentStatements: Record<string, Meaning> = {
  oncewire_newest_intent: read((s) =>
    [...s.rows(intents(s), (row) => !s.isNull(1) && row['object'] === s.text(1))]
      .toSorted(newestFirst)
      .slice(0, 1)
      .map(({ id, state }) => withBig({ id, state }, ['id'])),
  ),
  oncewire_last_intent: read((s) => [withBig({ last: s.database.sequences.intent }, ['last'])]),
  oncewire_insert_intent: function* (s) {
    const id = ++s.database.sequences.intent
    const names = ['session', 'number', 'principal', 'method', 'object', 'idempotency_key', 'server', 'incarnation']
    const given = Object.fromEntries([...names, 'arguments', 'evidence'].map((name, i) => [name, s.values[i] ?? null]))
    const row = { id, state: 'open', ...given, number: s.number(2), begun_ms: s.dateMs, ended_ms: null }
    yield* s.insert(intents(s), row, [id])
    return [withBig({ id }, ['id'])]
  },
  oncewire_select_intent: read((s) => [...s.rows(intents(s), byId(s))].map((row) => withBig(row, bigColumns))),
  oncewire_select_intents: read((s) =>
    [...s.rows(intents(s), ({ state }) => state !== 'over')]
      .toSorted((one, other) => newestFirst(other, one))
      .map((row) => withBig(row, bigColumns)),
  ),
  oncewire_over_intent: write((s) =>
    s.update(intents(s), byId(s), (row) => ({
      ...row,
      state: 'over',
      ended_ms: s.dateMs,
      arguments: empty,
      evidence: empty,
    })),
  ),
  oncewire_unknown_intent: write((s) =>
    s.update(intents(s), byId(s), (row) => ({ ...row, state: 'unknown', ended_ms: s.dateMs })),
  ),
  oncewire_forget_intents: write(function* (s) {
    const isOver = (row: Row): boolean => Number(row['id']) <= s.number(1) && row['state'] === 'over'
    const forgotten: unknown[] = []
    for (const { id } of [...s.rows(intents(s), isOver)].toSorted((one, other) => newestFirst(other, one))) {
      if (forgotten.length === 4) break
      const found = yield* s.lockRows(intents(s), (row) => isOver(row) && row['id'] === id, {
        mode: 'update',
        skipLocked: true,
      })
      forgotten.push(...found.map((row) => row['id']))
    }
    yield* s.delete(intents(s), (row) => forgotten.includes(row['id']))
  }),
  oncewire_select_server: function* (s) {
    const found = yield* s.lockRows(servers(s), (row) => row['name'] === s.text(1), { mode: 'share' })
    return found.map(({ incarnation }) => ({ incarnation }))
  },
}
