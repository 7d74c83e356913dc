/**
 * A ledger that lives and dies with its process: for tests and for trying things. It keeps every rule but survival.
 *
 * Invariant: what a rolled back call or group wrote is gone, as in a database.
 */
import type { KeyRow, RecordRow } from '../once/admission.ts'
import type { SessionId } from '../once/frame.ts'
import type { SynchronousTx } from '../once/ledger.ts'
import { GroupLedger } from './group-ledger.ts'
import type { KeyName, OpenTx, RowStore, StoredSession } from './row-store.ts'

/** A small key/value store; what a call writes is there only if the call's record is. */
export interface MemoryTx extends SynchronousTx {
  get(key: string): unknown
  set(key: string, value: unknown): void
  delete(key: string): void
}

export interface MemoryLedger extends GroupLedger<MemoryTx> {
  /** Reads outside of calls. */
  get(key: string): unknown
}

/** A new, empty ledger. `id` tells it from others: 32 hexadecimal digits. */
export function memoryLedger(options: { readonly id?: string; readonly window?: number } = {}): MemoryLedger {
  const rows = new MemoryRows()
  const ledger = new GroupLedger(rows, {
    id: options.id ?? '0'.repeat(32),
    window: options.window ?? 1024,
    recordsMax: 100_000,
    keyRetentionMs: Infinity,
  })
  return Object.assign(ledger, { get: (key: string) => rows.values.get(key) })
}

type Undo = () => void

class MemoryRows implements RowStore<MemoryTx> {
  readonly values = new Map<string, unknown>()
  private readonly sessions = new Map<SessionId, StoredSession>()
  private readonly records = new Map<SessionId, Map<number, RecordRow>>()
  private readonly keys = new Map<string, KeyRow>()
  /** How to take back what was written since `begin`. */
  private undo: Undo[] = []
  private savepointAt = 0

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

  session(id: SessionId): StoredSession | undefined {
    return this.sessions.get(id)
  }

  putSession(id: SessionId, row: StoredSession): void {
    this.write(this.sessions, id, row)
  }

  deleteSession(id: SessionId): void {
    this.erase(this.sessions, id)
    this.erase(this.records, id)
  }

  record(session: SessionId, number: number): RecordRow | undefined {
    return this.records.get(session)?.get(number)
  }

  putRecord(session: SessionId, number: number, record: RecordRow): void {
    const records = this.records.get(session) ?? new Map<number, RecordRow>()
    this.records.set(session, records)
    this.write(records, number, record)
  }

  prune(session: SessionId, below: number): number {
    const records = this.records.get(session) ?? new Map<number, RecordRow>()
    const dead = [...records.keys()].filter((number) => number < below)
    for (const number of dead) this.erase(records, number)
    return dead.length
  }

  key(name: KeyName): KeyRow | undefined {
    return this.keys.get(keyText(name))
  }

  putKey(name: KeyName, row: KeyRow): void {
    this.write(this.keys, keyText(name), row)
  }

  close(): void {}

  private write<K, V>(map: Map<K, V>, key: K, value: V): void {
    this.remember(map, key)
    map.set(key, value)
  }

  private erase<K, V>(map: Map<K, V>, key: K): void {
    this.remember(map, key)
    map.delete(key)
  }

  private remember<K, V>(map: Map<K, V>, key: K): void {
    const had = map.has(key)
    const before = map.get(key) as V
    this.undo.push(() => void (had ? map.set(key, before) : map.delete(key)))
  }

  private undoTo(length: number): void {
    while (this.undo.length > length) this.undo.pop()?.()
  }
}

function keyText({ principal, method, key }: KeyName): string {
  return JSON.stringify([principal, method, key])
}
