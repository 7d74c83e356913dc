/**
 * The rows of a ledger in memory, with a transaction that can be taken back.
 *
 * Invariant: every change of a table goes through `write` or `erase`, which know how to undo it.
 */
import type { Kept, KeyRow } from '../once/admission.ts'
import type { SessionId } from '../once/frame.ts'
import type { Intent, NewestIntent, ServerIdentity } from '../once/intent.ts'
import type { HeldRows, SynchronousTx } from '../once/ledger.ts'
import type { KeyName, OpenTx, RowStore, StoredIntent, StoredRecord, StoredSession } from './row-store.ts'

/** A small key/value store; what a call writes is there only if the call's record is. */
export interface MemoryTx extends SynchronousTx {
  get(key: string): unknown
  set(key: string, value: unknown): void
  delete(key: string): void
}

type Table<Row> = Map<string, Row>
interface StoredKey extends KeyRow {
  readonly expiresMs: number
}
type MemoryIntent = StoredIntent & { readonly id: number; readonly begunMs: number }

/** What a row was before it was written. */
interface Undo {
  readonly table: Table<unknown>
  readonly key: string
  readonly wasThere: boolean
  readonly before: unknown
}

export class MemoryRows implements RowStore<MemoryTx> {
  readonly values: Table<unknown> = new Map()
  private readonly sessions: Table<StoredSession> = new Map()
  private readonly principals: Table<Kept> = new Map()
  /** By session and number. */
  private readonly records: Table<StoredRecord> = new Map()
  private readonly startCounts: Table<number> = new Map()
  private readonly keys: Table<StoredKey> = new Map()
  private readonly intentRows: Table<MemoryIntent> = new Map()
  private readonly servers: Table<string> = new Map()
  private readonly counters: Table<number> = new Map()
  private readonly namesInUse = new Set<string>()
  private readonly date: () => number
  private undo: Undo[] = []
  private savepointAt = 0

  constructor(dateMs: () => number) {
    this.date = dateMs
  }

  /** What is committed, in rows of their own. */
  image(): MemoryRows {
    const image = new MemoryRows(this.date)
    const copies = new Map<Table<unknown>, Table<unknown>>()
    for (const name of tableNames) {
      const copy = image[name] as Table<unknown>
      for (const [key, row] of this[name]) copy.set(key, row)
      copies.set(this[name] as Table<unknown>, copy)
    }
    for (const step of this.undo.toReversed()) takeBack({ ...step, table: copies.get(step.table) ?? step.table })
    return image
  }

  begin(): void {
    this.undo = []
  }

  commit(): void {
    this.undo = []
  }

  rollback(): void {
    this.undoTo(0)
  }

  savepoint(): void {
    this.savepointAt = this.undo.length
  }

  rollbackToSavepoint(): void {
    this.undoTo(this.savepointAt)
  }

  release(): void {}

  openTx(): OpenTx<MemoryTx> {
    let isOver = false
    const check = (): void => {
      if (isOver) throw new Error('call.tx was used after its handler returned')
    }
    return {
      end: () => void (isOver = true),
      tx: {
        get: (key) => this.values.get(key),
        set: (key, value) => {
          check()
          this.write(this.values, key, value)
        },
        delete: (key) => {
          check()
          this.erase(this.values, key)
        },
      },
    }
  }

  dateMs(): number {
    return this.date()
  }

  session(id: SessionId): StoredSession | undefined {
    return this.sessions.get(id)
  }

  putSession(id: SessionId, row: Omit<StoredSession, 'seenMs'>): void {
    this.write(this.sessions, id, { ...row, seenMs: this.date() })
  }

  deleteSession(id: SessionId): void {
    this.erase(this.sessions, id)
    this.prune(id, Infinity)
  }

  leaseEnded(): readonly SessionId[] {
    const dateMs = this.date()
    return [...this.sessions].flatMap(([id, { seenMs, leaseMs }]) => (seenMs + leaseMs <= dateMs ? [id] : []))
  }

  kept(principal: string): Kept {
    return this.principals.get(principal) ?? { records: 0, bytes: 0 }
  }

  putKept(principal: string, kept: Kept): void {
    if (kept.records === 0) this.erase(this.principals, principal)
    else this.write(this.principals, principal, kept)
  }

  record(session: SessionId, number: number): StoredRecord | undefined {
    return this.records.get(xid(session, number))
  }

  addRecord(session: SessionId, number: number, record: StoredRecord): void {
    this.write(this.records, xid(session, number), record)
  }

  replaceRecord(session: SessionId, number: number, record: StoredRecord): void {
    this.addRecord(session, number, record)
  }

  prune(session: SessionId, below: number): Kept {
    let records = 0
    let bytes = 0
    for (const [key, record] of belowIn(this.records, session, below)) {
      this.erase(this.records, key)
      records++
      bytes += record.bytes
    }
    for (const [key] of belowIn(this.startCounts, session, below)) this.erase(this.startCounts, key)
    return { records, bytes }
  }

  key(name: KeyName): KeyRow | undefined {
    const row = this.keys.get(keyText(name))
    return row === undefined || row.expiresMs <= this.date() ? undefined : row
  }

  putKey(name: KeyName, row: KeyRow, expiresMs: number): void {
    this.write(this.keys, keyText(name), { ...row, expiresMs })
  }

  deleteKey(name: KeyName): void {
    this.erase(this.keys, keyText(name))
  }

  forgetKeys(countMax: number): void {
    const dateMs = this.date()
    const over = [...this.keys].filter(([, { expiresMs }]) => expiresMs <= dateMs)
    for (const [key] of over.slice(0, countMax)) this.erase(this.keys, key)
  }

  starts(session: SessionId, number: number): number {
    return this.startCounts.get(xid(session, number)) ?? 0
  }

  putStarts(session: SessionId, number: number, starts: number): void {
    if (starts === 0) this.erase(this.startCounts, xid(session, number))
    else this.write(this.startCounts, xid(session, number), starts)
  }

  lastIntent(): number {
    return this.counters.get('intent') ?? 0
  }

  addIntent(intent: StoredIntent): number {
    const id = this.lastIntent() + 1
    this.write(this.counters, 'intent', id)
    this.write(this.intentRows, String(id), { ...intent, id, begunMs: this.date() })
    return id
  }

  intent(id: number): StoredIntent | undefined {
    return this.intentRows.get(String(id))
  }

  endIntent(id: number, state: 'unknown' | 'over'): void {
    const row = this.intentRows.get(String(id))
    if (row !== undefined) this.write(this.intentRows, String(id), { ...row, state })
  }

  intentOn(object: string): NewestIntent {
    const all = [...this.intentRows.values()].filter((row) => row.object === object)
    return all.toSorted((a, b) => a.id - b.id).at(-1)
  }

  hasOpenIntent(session: SessionId): boolean {
    return [...this.intentRows.values()].some((row) => row.state === 'open' && row.session === session)
  }

  intents(): readonly Intent[] {
    const all = [...this.intentRows.values()].toSorted((a, b) => a.id - b.id)
    return all.flatMap((row) => (row.state === 'over' ? [] : [{ ...row, state: row.state }]))
  }

  forgetIntents(keptMax: number): void {
    const below = this.lastIntent() - keptMax
    for (const [key, { id, state }] of this.intentRows) {
      if (id <= below && state === 'over') this.erase(this.intentRows, key)
    }
  }

  putServer({ name, incarnation }: ServerIdentity): void {
    this.write(this.servers, name, incarnation)
  }

  held(): HeldRows {
    const { sessions, records, keys, intentRows } = this
    return { sessions: sessions.size, records: records.size, keys: keys.size, intents: intentRows.size }
  }

  lockName(name: string): (() => void) | undefined {
    if (this.namesInUse.has(name)) return undefined
    this.namesInUse.add(name)
    return () => void this.namesInUse.delete(name)
  }

  close(): void {}

  private write<Row>(table: Table<Row>, key: string, row: Row): void {
    this.remember(table, key)
    table.set(key, row)
  }

  private erase<Row>(table: Table<Row>, key: string): void {
    if (!table.has(key)) return
    this.remember(table, key)
    table.delete(key)
  }

  private remember<Row>(table: Table<Row>, key: string): void {
    const step = { table: table as Table<unknown>, key, wasThere: table.has(key), before: table.get(key) }
    this.undo.push(step)
  }

  private undoTo(length: number): void {
    for (const step of this.undo.splice(length).toReversed()) takeBack(step)
  }
}

const tableNames = [
  'values',
  'sessions',
  'principals',
  'records',
  'startCounts',
  'keys',
  'intentRows',
  'servers',
  'counters',
] as const

function takeBack({ table, key, wasThere, before }: Undo): void {
  if (wasThere) table.set(key, before)
  else table.delete(key)
}

function xid(session: SessionId, number: number): string {
  return `${session}:${number}`
}

function belowIn<Row>(table: Table<Row>, session: SessionId, below: number): (readonly [string, Row])[] {
  return [...table].filter(([key]) => key.startsWith(session) && Number(key.slice(session.length + 1)) < below)
}

function keyText({ principal, method, key }: KeyName): string {
  return JSON.stringify([principal, method, key])
}
