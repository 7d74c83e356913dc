/**
 * What transactions on PostgreSQL lock before they look: advisory locks, each a number made of the ledger and a name.
 *
 * Invariant: always in this order (object, session, call, idempotency key), so that no two of ours wait for each other.
 * Two names with one number only wait for each other.
 */
import { createHash } from 'node:crypto'
import type { SessionId } from '../once/frame.ts'
import type { Statement } from './postgres-pool.ts'

export class LockNumbers {
  private readonly ledgerId: string

  constructor(ledgerId: string) {
    this.ledgerId = ledgerId
  }

  object(object: string): bigint {
    return this.number('object', object)
  }

  session(session: SessionId): bigint {
    return this.number('session', session)
  }

  call(session: SessionId, number: number): bigint {
    return this.number('call', session, String(number))
  }

  key({
    principal,
    method,
    key,
  }: {
    readonly principal: string
    readonly method: string
    readonly key: string
  }): bigint {
    return this.number('key', principal, method, key)
  }

  server(name: string): bigint {
    return this.number('server', name)
  }

  private number(...parts: readonly string[]): bigint {
    const text = JSON.stringify([this.ledgerId, ...parts])
    return createHash('sha256').update(text).digest().readBigInt64BE(0)
  }
}

/** Of the whole database: while tables are made. */
export const tablesLock = 0x6f6e_6365_7769_7265n

/** Of the object, the session, the call and the key, in this order. */
export type LockValues = [bigint | null, bigint | null, bigint | null, bigint | null]

/** NULL locks nothing. The session is shared: whoever raises its firstUnacked or epoch, or ends it, waits. */
export const lockCall: Statement = {
  name: 'oncewire_lock_call',
  text: `SELECT pg_advisory_xact_lock($1), pg_advisory_xact_lock_shared($2), pg_advisory_xact_lock($3),
    pg_advisory_xact_lock($4)`,
}

export const lockOne: Statement = { name: 'oncewire_lock', text: 'SELECT pg_advisory_xact_lock($1)' }
