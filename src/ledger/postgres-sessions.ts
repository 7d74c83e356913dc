/**
 * Sessions on PostgreSQL: opened, taken over, acknowledged, ended.
 *
 * Invariant: whatever makes a session remember less is a transaction of its own that holds the session's lock alone, so
 * that no call which read it before still runs (protocol section 2, H1).
 */
import { mayEnd, openSession, raisedFirstUnacked } from '../once/admission.ts'
import type { SessionId } from '../once/frame.ts'
import type { OpenedSession, OpenSession } from '../once/ledger.ts'
import type { PostgresHost } from './postgres-host.ts'
import { type LockNumbers, lockOne } from './postgres-locks.ts'
import type { Quotas } from './postgres-quota.ts'
import { dateMs, readSession, stored, told } from './postgres-rows.ts'
import type { Transaction, Transactions } from './postgres-transactions.ts'

/** As much of a frame as moves firstUnacked. */
export interface Acknowledging {
  readonly session: SessionId
  readonly epoch: number
  readonly firstUnacked: number
  readonly principal: string
  readonly number?: number
}

/** Sessions looked at whenever one is opened. */
const sweptMax = 8
/** How long an acknowledgement holds up the calls that come behind it, and how long it goes on trying. */
const raiseWaitMs = 200
const raiseTriesMs = 5000
/** After a call could not raise it: a slow handler of the session still runs. */
const raiseAgainMs = 2000
const openTriesMs = 30_000

export class Sessions {
  private readonly transactions: Transactions
  private readonly locks: LockNumbers
  private readonly quotas: Quotas
  private readonly host: PostgresHost
  private readonly raising = new Map<SessionId, Promise<void>>()

  constructor(
    transactions: Transactions,
    { locks, quotas, host }: { locks: LockNumbers; quotas: Quotas; host: PostgresHost },
  ) {
    this.transactions = transactions
    this.locks = locks
    this.quotas = quotas
    this.host = host
  }

  async open(request: OpenSession): Promise<OpenedSession> {
    await this.sweep()
    const id = request.resume ?? request.fresh
    return this.alone(id, openTriesMs, async (tx): Promise<OpenedSession> => {
      const held = request.resume === undefined ? undefined : await readSession(tx, id)
      const opening = openSession(held, request)
      if (opening.kind === 'refused') return opening
      const { principal, epoch, instance } = opening.row
      if (opening.kind === 'created') tx.send(insertSession, [id, stored(principal), epoch, instance, request.leaseMs])
      else tx.send(updateSession, [held?.sid, epoch, instance, request.leaseMs])
      await tx.commit()
      return { kind: 'opened', id, epoch }
    })
  }

  /** Raising firstUnacked and deleting below it are one. */
  raise(frame: Acknowledging, triesMs: number = raiseTriesMs): Promise<void> {
    return this.alone(frame.session, triesMs, async (tx) => {
      const row = await readSession(tx, frame.session)
      if (row === undefined) return
      const firstUnacked = raisedFirstUnacked(row, frame)
      if (firstUnacked === row.firstUnacked) return
      // Crash point postgres:before-prune
      tx.send(raiseSession, [row.sid, firstUnacked])
      tx.send(pruneRecords, [row.sid, firstUnacked])
      tx.send(pruneStarts, [row.sid, firstUnacked])
      await tx.commit()
      this.quotas.freed(row.principal)
    })
  }

  /** The same for a call that found something to gain; tried once, and nothing is lost if it cannot be done now. */
  raiseFor(call: Acknowledging): Promise<void> {
    const { session } = call
    const known = this.raising.get(session)
    if (known !== undefined) return known
    const forget = (): void => void this.raising.delete(session)
    const raised = this.raise(call, 0).then(forget, () => this.host.later(raiseAgainMs, forget))
    this.raising.set(session, raised)
    return raised
  }

  bye(request: { session: SessionId; epoch: number; highest: number; principal: string }): Promise<void> {
    return this.alone(request.session, raiseTriesMs, async (tx) => {
      const row = await readSession(tx, request.session)
      if (row === undefined) return
      if (!mayEnd(row, row.records, request)) return
      tx.send(deleteRecords, [[row.sid]])
      tx.send(deleteStarts, [[row.sid]])
      tx.send(deleteSessions, [[row.sid]])
      await tx.commit()
      this.quotas.freed(row.principal)
    })
  }

  /** Forgets some sessions whose lease has ended, but for those that a running call holds. */
  sweep(): Promise<void> {
    const options = { untilMs: this.host.nowMs() + raiseTriesMs, mayFollowCommit: true }
    return this.transactions.run(async (tx) => {
      const ended = await tx.query(selectEnded, [sweptMax])
      if (ended.length === 0) return
      const sids: unknown[] = []
      for (const { id, sid } of ended) {
        const [row] = await tx.query(tryLock, [this.locks.session(id as SessionId)])
        if (row?.['locked'] === true) sids.push(sid)
      }
      // Now that they are locked, those that are still over: one may have been resumed meanwhile.
      const over = await tx.query(selectOver, [sids])
      const gone = over.map(({ sid }) => sid)
      tx.send(deleteRecords, [gone])
      tx.send(deleteStarts, [gone])
      tx.send(deleteSessions, [gone])
      await tx.commit()
      for (const { principal } of over) this.quotas.freed(told(principal as string))
    }, options)
  }

  /** A transaction that has the session to itself. */
  private alone<T>(id: SessionId, triesMs: number, work: (tx: Transaction) => Promise<T>): Promise<T> {
    const options = { untilMs: this.host.nowMs() + triesMs, mayFollowCommit: true }
    return this.transactions.run((tx) => {
      // A call that runs for long would hold up all that come behind us: rather try again.
      tx.command(`SET LOCAL lock_timeout = ${raiseWaitMs}`)
      // Rule 3 (forget-alone): no call that read the session before still runs (H1).
      tx.send(lockOne, [this.locks.session(id)])
      return work(tx)
    }, options)
  }
}

const insertSession = {
  name: 'oncewire_insert_session',
  text: `INSERT INTO oncewire_session (id, principal, epoch, instance, first_unacked, lease_ms, seen_ms)
    VALUES ($1, $2, $3, $4, 1, $5, ${dateMs}) ON CONFLICT (id) DO UPDATE SET seen_ms = excluded.seen_ms`,
}
const updateSession = {
  name: 'oncewire_update_session',
  text: `UPDATE oncewire_session SET epoch = $2, instance = $3, lease_ms = $4, seen_ms = ${dateMs} WHERE sid = $1`,
}
const raiseSession = {
  name: 'oncewire_raise_session',
  text: `UPDATE oncewire_session SET first_unacked = $2, seen_ms = ${dateMs} WHERE sid = $1`,
}
const pruneRecords = {
  name: 'oncewire_prune_records',
  text: 'DELETE FROM oncewire_record WHERE sid = $1 AND number < $2',
}
const pruneStarts = {
  name: 'oncewire_prune_starts',
  text: 'DELETE FROM oncewire_start WHERE sid = $1 AND number < $2',
}
const deleteRecords = {
  name: 'oncewire_delete_records',
  text: 'DELETE FROM oncewire_record WHERE sid = ANY ($1::bigint[])',
}
const deleteStarts = {
  name: 'oncewire_delete_starts',
  text: 'DELETE FROM oncewire_start WHERE sid = ANY ($1::bigint[])',
}
const deleteSessions = {
  name: 'oncewire_delete_sessions',
  text: 'DELETE FROM oncewire_session WHERE sid = ANY ($1::bigint[])',
}
const isEnded = `s.seen_ms + s.lease_ms <= ${dateMs}
  AND NOT EXISTS (SELECT FROM oncewire_intent i WHERE i.session = s.id AND i.state = 'open')`
const selectEnded = {
  name: 'oncewire_select_ended',
  text: `SELECT s.sid, s.id FROM oncewire_session s WHERE ${isEnded} ORDER BY s.seen_ms + s.lease_ms LIMIT $1`,
}
const selectOver = {
  name: 'oncewire_select_over',
  text: `SELECT s.sid, s.principal FROM oncewire_session s WHERE s.sid = ANY ($1::bigint[]) AND ${isEnded}`,
}
const tryLock = { name: 'oncewire_try_lock', text: 'SELECT pg_try_advisory_xact_lock($1) AS locked' }
