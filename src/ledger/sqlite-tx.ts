/**
 * What a handler may do with the transaction of its call.
 *
 * Invariant: the transaction begins before the handler and ends after it, by nobody's hand but the ledger's.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import type { SynchronousTx } from '../once/ledger.ts'
import type { Connection, SqlValue } from './sqlite-binding.ts'

/** SQL inside the transaction in which the call's completion record commits. Synchronous. */
export interface SqliteTx extends SynchronousTx {
  /** The first row, or undefined. Integers come back as bigint. `Row` is your word for what the query selects. */
  get<Row extends object = Record<string, SqlValue>>(sql: string, ...values: SqlValue[]): Row | undefined
  all<Row extends object = Record<string, SqlValue>>(sql: string, ...values: SqlValue[]): Row[]
  run(sql: string, ...values: SqlValue[]): void
}

/** SQL that would end, nest or step out of the call's transaction; comments may stand in front. */
const forbidden =
  /^(?:\s|;|--[^\n]*\n|\/\*[\s\S]*?\*\/)*(BEGIN|COMMIT|END|ROLLBACK|SAVEPOINT|RELEASE|ATTACH|DETACH|VACUUM|PRAGMA)\b/i

/** @throws {OncewireError} transaction-misused after `end`, and for SQL that ends the transaction */
export class CallTx implements SqliteTx {
  private readonly connection: Connection
  private isOver = false

  constructor(connection: Connection) {
    this.connection = connection
  }

  get<Row extends object = Record<string, SqlValue>>(sql: string, ...values: SqlValue[]): Row | undefined {
    this.check(sql)
    return this.connection.prepare(sql).get(values) as Row | undefined
  }

  all<Row extends object = Record<string, SqlValue>>(sql: string, ...values: SqlValue[]): Row[] {
    this.check(sql)
    return this.connection.prepare(sql).all(values) as Row[]
  }

  run(sql: string, ...values: SqlValue[]): void {
    this.check(sql)
    this.connection.prepare(sql).run(values)
  }

  end(): void {
    this.isOver = true
  }

  private check(sql: string): void {
    if (this.isOver) throw misused('call.tx was used after its handler returned; finish with it inside the handler')
    const word = forbidden.exec(sql)?.[1]
    if (word !== undefined) throw misused(`${word.toUpperCase()} through call.tx: the call is the transaction`)
  }
}

export function misused(message: string): OncewireError {
  return new OncewireError('transaction-misused', 'never', message)
}
