/**
 * Errors that a simulated PostgreSQL answers with, as `pg` hands them on.
 */
export class DatabaseError extends Error {
  readonly code: string
  readonly table: string | undefined

  constructor(code: string, message: string, table?: string) {
    super(message)
    this.code = code
    this.table = table
  }
}
