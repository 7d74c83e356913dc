/**
 * What a handler may do with the transaction of its call on PostgreSQL.
 *
 * Invariant: the transaction begins before the handler and ends after it, by nobody's hand but the ledger's; a statement
 * that failed is never forgotten.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import { isTransient } from './postgres-errors.ts'

/** SQL inside the transaction in which the call's completion record commits. */
export interface PostgresTx {
  /**
   * One statement, its values as `$1`, `$2`, ... Answers its rows: bigint for `bigint` columns, Uint8Array for `bytea`, else
   * what pg makes of the type. `Row` is your word for what the query selects.
   *
   * @throws {OncewireError} transaction-misused after the handler has ended, and for SQL that ends the transaction
   */
  query<Row extends object = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<readonly Row[]>
  readonly [asynchronous]: true
}
declare const asynchronous: unique symbol

/** What stands in front of a statement: comments, which PostgreSQL nests one level deep at most in practice. */
const lead = String.raw`^(?:\s|;|--[^\n]*\n|\/\*[\s\S]*?\*\/)*`
/** SQL that would end the call's transaction, nest in it, or outlive it. */
const forbidden = new RegExp(
  `${lead}(BEGIN|START|COMMIT|END|ABORT|ROLLBACK|SAVEPOINT|RELEASE|PREPARE\\s+TRANSACTION|SET(?!\\s+(?:LOCAL|CONSTRAINTS)\\b))\\b`,
  'i',
)

export class CallTx implements Pick<PostgresTx, 'query'> {
  private readonly send: (sql: string, values: readonly unknown[]) => Promise<readonly object[]>
  private readonly open = new Set<Promise<unknown>>()
  private isOver = false
  private failed: unknown

  constructor(send: (sql: string, values: readonly unknown[]) => Promise<readonly object[]>) {
    this.send = send
  }

  /** A statement failed: PostgreSQL carries out nothing more of the transaction, whatever the handler made of it. */
  get failure(): { readonly error: unknown; readonly isTransient: boolean } | undefined {
    return this.failed === undefined ? undefined : { error: this.failed, isTransient: isTransient(this.failed) }
  }

  async query<Row extends object = Record<string, unknown>>(
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<readonly Row[]> {
    this.check(sql)
    const rows = this.send(sql, values)
    const noted = rows.catch((error: unknown) => {
      this.failed ??= error
    })
    this.open.add(noted)
    void noted.then(() => this.open.delete(noted))
    return (await rows) as readonly Row[]
  }

  /** Waits for statements that the handler did not wait for. */
  async end(): Promise<void> {
    this.isOver = true
    await Promise.all(this.open)
  }

  private check(sql: string): void {
    if (this.isOver) throw misused('call.tx was used after its handler had ended: await what it answers')
    const word = forbidden.exec(sql)?.[1]
    if (word !== undefined) throw misused(`${word.toUpperCase()} through call.tx: the call is the transaction`)
    if (/synchronous_commit/i.test(sql)) throw misused('synchronous_commit through call.tx: its record must be durable')
  }
}

function misused(message: string): OncewireError {
  return new OncewireError('transaction-misused', 'never', message)
}
