/**
 * Decides what to do with each arriving frame: execute, attach, replay, or refuse. Pure; one machine for all connections
 * of a process.
 *
 * Invariant: the outcome of an at-most-once call leaves only after its entry holds it; of an exactly-once call, only
 * after the ledger has answered.
 */
import type { ErrorCode } from '../errors/codes.ts'
import { assert, unreachable } from '../std/assert.ts'
import { admit, resolve } from './admission.ts'
import {
  type CallFrame,
  type Frame,
  type Hello,
  needsLedger,
  noSession,
  protocolVersion,
  type ResolveFrame,
  type SessionId,
} from './frame.ts'
import type { OpenedSession } from './ledger.ts'
import { type Entry, MemorySessions } from './memory-sessions.ts'
import { type Answer, type Outcome, tombstone, tooLate } from './outcome.ts'
import type { Peer, ServedMethod, ServerInput, ServerOptions, ServerOutput } from './server-io.ts'

/** Work that the driver was asked for, until it tells the end. */
type Run =
  | { readonly kind: 'unguarded'; readonly peer: Peer; readonly number: number; readonly isOneway: boolean }
  | { readonly kind: 'guarded'; readonly session: SessionId; readonly number: number; readonly entry: Entry }
  | {
      readonly kind: 'ledger'
      readonly xid: string
      readonly session: SessionId
      readonly number: number
      readonly waiting: Peer[]
    }
  | { readonly kind: 'open'; readonly peer: Peer; readonly hello: Hello }

interface PeerState {
  principal: string
  /** On this connection, in memory and in the ledger. */
  begunSessions: number
}

/** A client begins one of each kind, and may have to ask again. */
const begunSessionsMax = 16

export class ServerMachine {
  private readonly options: ServerOptions
  private readonly sessions: MemorySessions
  private readonly peers = new Map<Peer, PeerState>()
  private readonly runs = new Map<number, Run>()
  /** Exactly-once calls that the ledger has now, by xid: duplicates wait with them. */
  private readonly transacting = new Map<string, Run & { kind: 'ledger' }>()
  private lastRun = 0
  private wakeAtMs = Infinity
  private outputs: ServerOutput[] = []

  constructor(options: ServerOptions) {
    this.options = options
    this.sessions = new MemorySessions(options)
  }

  /** Entries that at-most-once calls hold now. */
  get entryCount(): number {
    return this.sessions.entryCount
  }

  step(input: ServerInput): ServerOutput[] {
    this.outputs = []
    switch (input.kind) {
      case 'connected':
        this.peers.set(input.peer, { principal: '', begunSessions: 0 })
        break
      case 'disconnected': // What it began goes on; what it is sent goes nowhere.
        this.peers.delete(input.peer)
        this.sessions.left(input.peer, input.nowMs)
        this.watchLeases(input.nowMs)
        break
      case 'hello':
        this.hello(input)
        break
      case 'call':
        this.call(input)
        break
      case 'received':
        this.received(input.peer, input.frame, input.nowMs)
        break
      case 'executed':
        this.executed(input.run, input.outcome)
        break
      case 'answered':
        this.answered(input.run, input.answer)
        break
      case 'opened':
        this.opened(input.run, input.opened)
        break
      case 'woke':
        this.wakeAtMs = Infinity
        this.watchLeases(input.nowMs)
        break
      default:
        unreachable(input)
    }
    return this.outputs
  }

  // --- sessions (section 1)

  private hello({ peer, nowMs, frame, principal }: Extract<ServerInput, { kind: 'hello' }>): void {
    const known = this.peers.get(peer)
    if (known === undefined) return
    // Rule 1 (version)
    if (!frame.versions.includes(protocolVersion)) {
      const message = `the client speaks versions ${frame.versions.join(', ')} of the call protocol, and the server ${protocolVersion}`
      return this.refuseHello(peer, frame, { code: 'version', message })
    }
    // Rule 1 (unknown-caller)
    if (principal === undefined) {
      return this.refuseHello(peer, frame, { code: 'denied', message: 'the server does not know this caller' })
    }
    known.principal = principal
    if (frame.resume === undefined && ++known.begunSessions > begunSessionsMax) {
      const message = `one connection may begin ${begunSessionsMax} sessions`
      return this.refuseHello(peer, frame, { code: 'overloaded', message })
    }
    const fresh = this.options.freshSession()
    if (frame.session === 'durable') return this.helloDurable(peer, frame, { principal, fresh })
    const opening = this.sessions.open(frame, { peer, principal, fresh, nowMs })
    if (opening.kind === 'refused') return this.refuseHello(peer, frame, opening)
    this.welcome(peer, frame, { id: opening.id, epoch: opening.row.epoch })
    this.watchLeases(nowMs)
  }

  private helloDurable(peer: Peer, hello: Hello, { principal, fresh }: { principal: string; fresh: SessionId }): void {
    if (this.options.ledgerId === '') {
      const message = 'the server has no ledger, so it has no exactly-once methods'
      return this.refuseHello(peer, hello, { code: 'missing-ledger', message })
    }
    const { resume, ledgerId } = hello
    // Rule 4 (ledger-differs): another ledger knows nothing of the session, and could only say that it expired.
    if (resume !== undefined && ledgerId !== this.options.ledgerId)
      return this.refuseHello(peer, hello, { code: 'ledger-differs', message: differsMessage(resume, ledgerId) })
    const run = this.begin({ kind: 'open', peer, hello })
    this.outputs.push({ kind: 'open', run, principal, hello, fresh })
  }

  private opened(run: number, opened: OpenedSession | { readonly kind: 'failed' }): void {
    const { peer, hello } = this.finish(run, 'open')
    if (opened.kind === 'failed') {
      const known = this.peers.get(peer)
      if (known !== undefined && hello.resume === undefined) known.begunSessions--
      return // The client asks again.
    }
    if (opened.kind === 'refused') return this.refuseHello(peer, hello, opened)
    this.welcome(peer, hello, opened)
  }

  private welcome(peer: Peer, hello: Hello, { id, epoch }: { readonly id: SessionId; readonly epoch: number }): void {
    const { window, replyBytesMax, ledgerId, incarnation, memoryLeaseMs, durableLeaseMs, keyRetentionMs } = this.options
    const leaseMs = hello.session === 'durable' ? durableLeaseMs : memoryLeaseMs
    this.send(peer, {
      kind: 'welcome',
      version: protocolVersion,
      session: hello.session,
      id,
      epoch,
      instance: hello.instance,
      leaseMs,
      window,
      replyBytesMax,
      keyRetentionMs,
      ledgerId,
      incarnation,
    })
  }

  private watchLeases(nowMs: number): void {
    const { memoryLeaseMs } = this.options
    if (this.wakeAtMs !== Infinity) return
    const next = this.sessions.expire(nowMs, memoryLeaseMs)
    if (next === Infinity) return
    this.wakeAtMs = next
    this.outputs.push({ kind: 'wake', atMs: next })
  }

  // --- CALL (section 2)

  private call({ peer, nowMs, frame, method }: Extract<ServerInput, { kind: 'call' }>): void {
    const principal = this.peers.get(peer)?.principal ?? ''
    const why = refusalOf(frame, method)
    if (why !== undefined) return this.refuse(peer, frame, why)
    if (frame.delivery === 'at-least-once' || frame.isOneway) {
      const { number, isOneway } = frame
      const run = this.begin({ kind: 'unguarded', peer, number, isOneway })
      return void this.outputs.push({ kind: 'execute', run, peer, principal, call: frame })
    }
    if (frame.delivery === 'at-most-once') this.guarded(frame, { peer, principal, nowMs })
    else this.transact(frame, peer, principal)
  }

  /** At-most-once: the entry is made before the handler runs (section 2; H12 for the delivery). */
  private guarded(
    frame: CallFrame,
    { peer, principal, nowMs }: { peer: Peer; principal: string; nowMs: number },
  ): void {
    const { session, number, epoch, firstUnacked } = frame
    const rows = this.sessions.rows(frame, { principal, nowMs })
    const deadlineAtMs = nowMs + frame.leftMs
    const verdict = admit(rows, { session, number, epoch, firstUnacked, principal, deadlineAtMs }, this.options)
    switch (verdict.kind) {
      case 'execute': {
        const entry = this.sessions.add(session, number, { outcome: undefined, waiting: [peer] })
        const run = this.begin({ kind: 'guarded', session, number, entry })
        return void this.outputs.push({ kind: 'execute', run, peer, principal, call: frame })
      }
      case 'attach': {
        const entry = this.sessions.entry(session, number)
        assert(entry !== undefined, `call ${number} of ${session} runs without an entry`)
        return this.attach(entry.waiting, peer, frame)
      }
      default:
        return this.answer(peer, frame, verdict.answer)
    }
  }

  /** Exactly-once: the ledger decides, inside the transaction that executes. */
  private transact(frame: CallFrame, peer: Peer, principal: string): void {
    const { session, number } = frame
    const xid = `${session}:${number}`
    const running = this.transacting.get(xid)
    // Rule 2.3 (ledger-attach)
    if (running !== undefined) return this.attach(running.waiting, peer, frame)
    this.outputs.push({ kind: 'transact', run: this.beginLedger(xid, frame, peer), peer, principal, call: frame })
  }

  private beginLedger(xid: string, { session, number }: CallFrame | ResolveFrame, peer: Peer): number {
    const run: Run & { kind: 'ledger' } = { kind: 'ledger', xid, session, number, waiting: [peer] }
    this.transacting.set(xid, run)
    return this.begin(run)
  }

  private attach(waiting: Peer[], peer: Peer, frame: CallFrame | ResolveFrame): void {
    if (this.options.duplicates === 'still-running' && frame.kind === 'call') {
      return this.refuse(peer, frame, { code: 'still-running', message: 'the call is running; ask again later' })
    }
    if (!waiting.includes(peer)) waiting.push(peer)
  }

  private executed(run: number, ended: Outcome | undefined): void {
    const done = this.runs.get(run)
    this.runs.delete(run)
    if (done?.kind === 'unguarded') {
      const { peer, number, isOneway } = done
      // Of a late one nothing can be said: an earlier copy may have run.
      if (!isOneway && ended !== undefined)
        this.send(peer, { kind: 'reply', session: noSession, number, isReplay: false, outcome: ended })
      return
    }
    assert(done?.kind === 'guarded', `run ${run} executed, and it is no call`)
    const { session, number, entry } = done
    const outcome = ended ?? tooLate
    for (const peer of this.sessions.end(entry, outcome))
      this.send(peer, { kind: 'reply', session, number, isReplay: false, outcome })
  }

  private answered(run: number, answer: Answer | { readonly kind: 'failed' }): void {
    const { xid, session, number, waiting } = this.finish(run, 'ledger')
    this.transacting.delete(xid)
    // Rule 2 (limbo): nothing is known, so the deliveries stay unanswered, and come again (H4).
    if (answer.kind === 'failed') return
    for (const peer of waiting) this.answer(peer, { session, number }, answer)
  }

  // --- everything else

  private received(peer: Peer, frame: Exclude<Frame, CallFrame | Hello>, nowMs: number): void {
    const principal = this.peers.get(peer)?.principal ?? ''
    switch (frame.kind) {
      case 'resolve':
        return this.resolve(frame, { peer, principal, nowMs })
      case 'ack':
        if (this.isMemory(frame.session)) return this.sessions.acknowledge(frame, { principal, nowMs })
        return void this.outputs.push({ kind: 'acknowledge', principal, frame })
      case 'bye':
        if (this.isMemory(frame.session)) return this.sessions.bye(frame, principal)
        return void this.outputs.push({ kind: 'bye', principal, frame })
      case 'ping':
        return this.send(peer, { kind: 'pong', nonce: frame.nonce })
      case 'pong':
        return
      default: // Only a server may say that.
        this.outputs.push({ kind: 'hang-up', peer })
    }
  }

  /** RESOLVE passes the rules of CALL; where that would execute, a tombstone is written (section 4). */
  private resolve(
    frame: ResolveFrame,
    { peer, principal, nowMs }: { peer: Peer; principal: string; nowMs: number },
  ): void {
    const { session, number, epoch, firstUnacked } = frame
    if (!this.isMemory(session) && this.options.ledgerId !== '') {
      const xid = `${session}:${number}`
      const running = this.transacting.get(xid)
      if (running !== undefined) return this.attach(running.waiting, peer, frame)
      return void this.outputs.push({ kind: 'resolve', run: this.beginLedger(xid, frame, peer), principal, frame })
    }
    const rows = this.sessions.rows(frame, { principal, nowMs })
    const verdict = resolve(rows, { session, number, epoch, firstUnacked, principal }, this.options)
    if (verdict.kind === 'attach') return this.attach(this.sessions.entry(session, number)?.waiting ?? [], peer, frame)
    // Rule 4 (memory-tombstone)
    if (verdict.kind === 'bury') this.sessions.add(session, number, { outcome: tombstone, waiting: [] })
    this.answer(peer, frame, verdict.answer)
  }

  private isMemory(session: SessionId): boolean {
    return this.sessions.has(session)
  }

  private begin(run: Run): number {
    this.runs.set(++this.lastRun, run)
    return this.lastRun
  }

  private finish<K extends Run['kind']>(number: number, kind: K): Run & { kind: K } {
    const run = this.runs.get(number)
    assert(run?.kind === kind, `run ${number} ended as ${kind}, and it is ${run?.kind ?? 'none'}`)
    this.runs.delete(number)
    return run as Run & { kind: K }
  }

  private answer(peer: Peer, { session, number }: { session: SessionId; number: number }, answer: Answer): void {
    if (answer.kind === 'refused') return this.refuse(peer, { session, number }, answer)
    this.send(peer, { kind: 'reply', session, number, isReplay: answer.isReplay, outcome: answer.outcome })
  }

  private refuse(peer: Peer, { session, number }: { session: SessionId; number: number }, why: Refusal): void {
    const { code, message } = why
    this.send(peer, { kind: 'refused', of: 'call', session, number, sessionKind: 'memory', code, message })
  }

  private refuseHello(peer: Peer, hello: Hello, { code, message }: Refusal): void {
    const session = hello.resume ?? noSession
    this.send(peer, {
      kind: 'refused',
      of: 'hello',
      session,
      number: hello.epoch,
      sessionKind: hello.session,
      code,
      message,
    })
  }

  private send(peer: Peer, frame: Frame): void {
    this.outputs.push({ kind: 'send', peer, frame })
  }
}

function differsMessage(session: SessionId, ledgerId: string): string {
  return `session ${session} lives in ledger ${ledgerId}, and this server has another one`
}

interface Refusal {
  readonly code: ErrorCode
  readonly message: string
}

/** What can be said before any row is read: rule 1's `delivery-differs`, and keys that could not be honoured (H10, H12). */
function refusalOf(frame: CallFrame, method: ServedMethod): Refusal | undefined {
  if (method.kind === 'refused') return method
  // Rule 2.1 (oneway-differs)
  if (frame.isOneway !== method.isOneway) {
    const message = `${frame.method} is ${method.isOneway ? '' : 'not '}oneway here, and the client calls it as if it were${method.isOneway ? ' not' : ''}`
    return { code: 'delivery-differs', message }
  }
  // Rule 2.1 (delivery-differs): H12.
  if (frame.delivery !== method.delivery) {
    const message = `${frame.method} is ${method.delivery} here, and the client calls it as ${frame.delivery}`
    return { code: 'delivery-differs', message }
  }
  // Rule 1 (key-needs-ledger): refused, never ignored (H10).
  if (frame.idempotencyKey !== undefined && !needsLedger(frame.delivery)) {
    const message = `${frame.method} is ${frame.delivery}: only an exactly-once method can honour an idempotency key`
    return { code: 'key-needs-ledger', message }
  }
  if (frame.session === noSession && frame.delivery !== 'at-least-once' && !frame.isOneway) {
    return { code: 'session-expired', message: `${frame.method} is ${frame.delivery}, and the call names no session` }
  }
  return undefined
}
