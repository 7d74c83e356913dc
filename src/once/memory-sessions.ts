/**
 * Sessions that live in one incarnation of a server, with the table of their at-most-once calls.
 *
 * Invariant: a call has its entry before its handler runs; an entry goes when the client has acknowledged it, or with
 * its session. Nothing here grows with history.
 */
import { mayEnd, openSession, type Opening, raisedFirstUnacked, type Rows, type SessionRow } from './admission.ts'
import type { Hello, SessionId } from './frame.ts'
import { NumberRing } from './number-ring.ts'
import type { Outcome } from './outcome.ts'
import type { Peer } from './server-io.ts'

/** One at-most-once call that a client may still ask for. */
export interface Entry {
  /** undefined: still executing. */
  outcome: Outcome | undefined
  /** Connections that get the outcome when it is there. */
  waiting: Peer[]
}

interface MemorySession {
  row: SessionRow
  readonly entries: NumberRing<Entry>
  seenAtMs: number
  /** The connection that it was opened on last; undefined: that has ended. */
  holder: Peer | undefined
}

export class MemorySessions {
  private readonly sessions = new Map<SessionId, MemorySession>()
  private readonly recordsOf = new Map<string, number>()

  has(session: SessionId): boolean {
    return this.sessions.has(session)
  }

  /** Entries of all sessions. */
  get entryCount(): number {
    let count = 0
    for (const { entries } of this.sessions.values()) count += entries.count
    return count
  }

  open(
    hello: Hello,
    as: { readonly peer: Peer; readonly principal: string; readonly fresh: SessionId; readonly nowMs: number },
  ): Opening {
    const { peer, principal, fresh, nowMs } = as
    const { epoch, instance, highest } = hello
    const held = hello.resume === undefined ? undefined : this.sessions.get(hello.resume)
    // A session of another incarnation is simply not known here: the client gets a new one and sees that it is new.
    const resume = held === undefined ? undefined : hello.resume
    const opening = openSession(held?.row, { resume, fresh, principal, epoch, instance, highest })
    if (opening.kind === 'created') {
      this.sessions.set(opening.id, { row: opening.row, entries: new NumberRing(1), seenAtMs: nowMs, holder: peer })
    } else if (opening.kind === 'held' && held !== undefined) {
      held.row = opening.row
      held.seenAtMs = nowMs
      held.holder = peer
    }
    return opening
  }

  /** A connection ended: from now on its sessions are silent. */
  left(peer: Peer, nowMs: number): void {
    for (const session of this.sessions.values()) {
      if (session.holder !== peer) continue
      session.holder = undefined
      session.seenAtMs = nowMs
    }
  }

  /** What the rules look at; raises firstUnacked by what the frame carries. */
  rows(
    frame: {
      readonly session: SessionId
      readonly number: number
      readonly epoch: number
      readonly firstUnacked: number
    },
    as: { readonly principal: string; readonly nowMs: number },
  ): Rows {
    const session = this.sessions.get(frame.session)
    if (session === undefined) return noRows
    session.seenAtMs = as.nowMs
    this.raise(session, { ...frame, principal: as.principal })
    const entry = session.entries.get(frame.number)
    // Numbers of a memory session do not jump: one so far off would only make the table wide.
    const isFar = frame.number - session.row.firstUnacked > farNumber
    return {
      session: session.row,
      record: entry === undefined ? undefined : { outcome: entry.outcome, fingerprint: undefined },
      key: undefined,
      liveRecords: isFar ? Infinity : session.entries.count,
      principalRecords: this.recordsOf.get(as.principal) ?? 0,
    }
  }

  entry(session: SessionId, number: number): Entry | undefined {
    return this.sessions.get(session)?.entries.get(number)
  }

  add(session: SessionId, number: number, entry: Entry): void {
    const held = this.sessions.get(session)
    if (held === undefined) return
    held.entries.set(number, entry)
    if (number > held.row.highest) held.row = { ...held.row, highest: number }
    this.addRecords(held.row.principal, 1)
  }

  acknowledge(
    frame: { session: SessionId; epoch: number; firstUnacked: number },
    as: { principal: string; nowMs: number },
  ): void {
    const session = this.sessions.get(frame.session)
    if (session === undefined) return
    session.seenAtMs = as.nowMs
    this.raise(session, { epoch: frame.epoch, firstUnacked: frame.firstUnacked, principal: as.principal })
  }

  bye(frame: { session: SessionId; epoch: number; highest: number }, principal: string): void {
    const session = this.sessions.get(frame.session)
    if (session === undefined) return
    const { epoch, highest } = frame
    if (mayEnd(session.row, session.entries.count, { principal, epoch, highest })) this.end(frame.session, session)
  }

  /**
   * Forgets sessions that were silent for the whole lease; answers when the next lease can end. Whose connection is up
   * may be idle for as long as it likes.
   */
  expire(nowMs: number, leaseMs: number): number {
    let next = Infinity
    for (const [id, session] of this.sessions) {
      if (session.holder !== undefined) continue
      const endMs = session.seenAtMs + leaseMs
      const isRunning = session.entries.values().some(({ outcome }) => outcome === undefined)
      if (endMs <= nowMs && !isRunning) this.end(id, session)
      else next = Math.min(next, Math.max(endMs, nowMs + 1000))
    }
    return next
  }

  private raise(
    session: MemorySession,
    frame: {
      readonly principal: string
      readonly epoch: number
      readonly firstUnacked: number
      readonly number?: number
    },
  ): void {
    const firstUnacked = raisedFirstUnacked(session.row, frame)
    if (firstUnacked === session.row.firstUnacked) return
    const before = session.entries.count
    session.entries.dropBelow(firstUnacked)
    this.addRecords(session.row.principal, session.entries.count - before)
    session.row = { ...session.row, firstUnacked, highest: Math.max(session.row.highest, firstUnacked - 1) }
  }

  private end(id: SessionId, session: MemorySession): void {
    this.addRecords(session.row.principal, -session.entries.count)
    this.sessions.delete(id)
  }

  private addRecords(principal: string, change: number): void {
    if (change === 0) return
    const count = (this.recordsOf.get(principal) ?? 0) + change
    if (count === 0) this.recordsOf.delete(principal)
    else this.recordsOf.set(principal, count)
  }
}

const farNumber = 1 << 20

const noRows: Rows = { session: undefined, record: undefined, key: undefined, liveRecords: 0, principalRecords: 0 }
