/**
 * Sessions that live in one incarnation of a server, with the table of their at-most-once calls.
 *
 * Invariant: a call has its entry before its handler runs; an entry goes when the client has acknowledged it, or with
 * its session. Nothing here grows with history.
 */
import { mayEnd, openSession, type Opening, raisedFirstUnacked, type Rows, type SessionRow } from './admission.ts'
import type { Hello, SessionId } from './frame.ts'
import { NumberRing } from './number-ring.ts'
import { type Outcome, outcomeBytes, running } from './outcome.ts'
import type { Peer } from './server-io.ts'

/** One at-most-once call that a client may still ask for. */
export interface Entry {
  /** undefined: still executing. */
  readonly outcome: Outcome | undefined
  /** Connections that get the outcome when it is there. */
  waiting: Peer[]
}

/** What one principal's entries take, over all its sessions. */
interface Quota {
  readonly principal: string
  sessions: number
  records: number
  bytes: number
}

interface MemoryEntry extends Entry {
  outcome: Outcome | undefined
  /** undefined: forgotten; what its handler answers later is not kept. */
  quota: Quota | undefined
}

interface MemorySession {
  row: SessionRow
  readonly entries: NumberRing<MemoryEntry>
  readonly quota: Quota
  seenAtMs: number
  /** The connection that it was opened on last; undefined: that has ended. */
  holder: Peer | undefined
}

export class MemorySessions {
  private readonly limits: { readonly sessionsMax: number; readonly window: number }
  /** In the order in which they were made. */
  private readonly sessions = new Map<SessionId, MemorySession>()
  /** Those that each connection holds. */
  private readonly ofPeer = new Map<Peer, Set<MemorySession>>()
  private readonly quotas = new Map<string, Quota>()

  constructor(limits: MemorySessions['limits']) {
    this.limits = limits
  }

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
  ): Opening | Full {
    const { peer, principal, fresh, nowMs } = as
    const { epoch, instance, highest } = hello
    const held = hello.resume === undefined ? undefined : this.sessions.get(hello.resume)
    // A session of another incarnation is simply not known here: the client gets a new one and sees that it is new.
    const resume = held === undefined ? undefined : hello.resume
    const opening = openSession(held?.row, { resume, fresh, principal, epoch, instance, highest })
    if (opening.kind === 'created') {
      const { id, row } = opening
      const { sessionsMax } = this.limits
      if (this.sessions.size >= sessionsMax && !this.forgetSilent()) return full(sessionsMax)
      const quota = this.quotaOf(principal)
      const session = { row, entries: new NumberRing<MemoryEntry>(1), quota, seenAtMs: nowMs, holder: undefined }
      this.sessions.set(id, session)
      this.hold(session, peer)
    } else if (opening.kind === 'held' && held !== undefined) {
      held.row = opening.row
      held.seenAtMs = nowMs
      this.hold(held, peer)
    }
    return opening
  }

  /** A connection ended: from now on its sessions are silent. */
  left(peer: Peer, nowMs: number): void {
    for (const session of this.ofPeer.get(peer) ?? []) {
      session.holder = undefined
      session.seenAtMs = nowMs
    }
    this.ofPeer.delete(peer)
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
    const isFar = frame.number - session.row.firstUnacked > 2 * this.limits.window
    return {
      session: session.row,
      record: entry === undefined ? undefined : { outcome: entry.outcome ?? running, fingerprint: undefined },
      key: undefined,
      liveRecords: isFar ? Infinity : session.entries.count,
      principal: session.quota,
      dateMs: 0,
      nowMs: as.nowMs,
    }
  }

  entry(session: SessionId, number: number): Entry | undefined {
    return this.sessions.get(session)?.entries.get(number)
  }

  /** Makes the entry of a call that is to run, or of one that never will. */
  add(session: SessionId, number: number, { outcome, waiting }: Entry): Entry {
    const held = this.sessions.get(session)
    const entry: MemoryEntry = { outcome, waiting, quota: held?.quota }
    if (held === undefined) return entry
    held.entries.set(number, entry)
    if (number > held.row.highest) held.row = { ...held.row, highest: number }
    held.quota.records++
    if (outcome !== undefined) held.quota.bytes += outcomeBytes(outcome)
    return entry
  }

  /** The handler of a call ended; answers who waits for it. */
  end(entry: Entry, outcome: Outcome): readonly Peer[] {
    const ended = entry as MemoryEntry
    const { waiting, quota } = ended
    ended.outcome = outcome
    ended.waiting = []
    if (quota !== undefined) quota.bytes += outcomeBytes(outcome)
    return waiting
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
    if (!mayEnd(session.row, session.entries.count, { principal, epoch, highest })) return
    this.forget(frame.session, session)
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
      // Rule 3 (memory-lease)
      if (endMs <= nowMs && !isRunning(session)) this.forget(id, session)
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
    session.entries.dropBelow(firstUnacked, dropped)
    session.row = { ...session.row, firstUnacked, highest: Math.max(session.row.highest, firstUnacked - 1) }
  }

  /** Ends the lease of the oldest session that nobody holds; its client learns that it must begin another. */
  private forgetSilent(): boolean {
    for (const [id, session] of this.sessions) {
      if (session.holder !== undefined || isRunning(session)) continue
      this.forget(id, session)
      return true
    }
    return false
  }

  private hold(session: MemorySession, peer: Peer): void {
    this.letGo(session)
    session.holder = peer
    const held = this.ofPeer.get(peer) ?? new Set()
    this.ofPeer.set(peer, held.add(session))
  }

  private letGo(session: MemorySession): void {
    if (session.holder === undefined) return
    const held = this.ofPeer.get(session.holder)
    held?.delete(session)
    if (held?.size === 0) this.ofPeer.delete(session.holder)
  }

  private forget(id: SessionId, session: MemorySession): void {
    for (const entry of session.entries.values()) dropped(entry)
    this.letGo(session)
    this.sessions.delete(id)
    const { quota } = session
    if (--quota.sessions === 0) this.quotas.delete(quota.principal)
  }

  private quotaOf(principal: string): Quota {
    const quota = this.quotas.get(principal) ?? { principal, sessions: 0, records: 0, bytes: 0 }
    this.quotas.set(principal, quota)
    quota.sessions++
    return quota
  }
}

function isRunning({ entries }: MemorySession): boolean {
  return entries.values().some(({ outcome }) => outcome === undefined)
}

interface Full {
  readonly kind: 'refused'
  readonly code: 'overloaded'
  readonly message: string
}

function full(sessionsMax: number): Full {
  const message = `the server remembers ${sessionsMax} sessions (limits.sessionsMax), and all are in use`
  return { kind: 'refused', code: 'overloaded', message }
}

function dropped(entry: MemoryEntry): void {
  const { quota, outcome } = entry
  if (quota === undefined) return
  quota.records--
  if (outcome !== undefined) quota.bytes -= outcomeBytes(outcome)
  entry.quota = undefined
}

const noRows: Rows = {
  session: undefined,
  record: undefined,
  key: undefined,
  liveRecords: 0,
  principal: { records: 0, bytes: 0 },
  dateMs: 0,
  nowMs: 0,
}
