/**
 * The client's side of the call protocol: what comes in, sessions, connection, and time. Pure.
 *
 * Invariant: a number is given only after WELCOME of its epoch; nothing is sent on a connection before its HELLO.
 */
import { recoveredAs, type Refusal, stepKey } from './client-calls.ts'
import type { CallSpec, ClientInput, ClientOptions, ClientOutput } from './client-io.ts'
import { type ClientSession, type OpenCall, replayed } from './client-session.ts'
import { ClientSteps } from './client-steps.ts'
import { type Frame, noSession, protocolVersion, type RefusedFrame, type ReplyFrame, type Welcome } from './frame.ts'
import type { JournalState } from './journal.ts'
import { PeerWatch } from './peer-watch.ts'

/** A client stops using a session so long before its lease may have ended (section 3). */
const leaseMarginMs = 60_000
const dialMsMin = 20
const dialMsMax = 1000

export class ClientMachine extends ClientSteps {
  private connection: 'down' | 'dialing' | 'up' = 'down'
  private endpoint = ''
  private dialAtMs = Infinity
  private dialBackoffMs = dialMsMin
  private helloAtMs = Infinity
  private readonly peer: PeerWatch
  private closeAtMs = Infinity
  private wakeAtMs = Infinity
  private phase: 'new' | 'running' | 'closing' | 'closed' = 'new'
  private isReady = false
  /** Why no session of that kind can be had any more. */
  private readonly refused: { memory?: Refusal; durable?: Refusal } = {}

  constructor(options: ClientOptions) {
    super(options)
    this.peer = new PeerWatch(options.pingMs)
  }

  /** What to do now, in this order. */
  step(input: ClientInput): ClientOutput[] {
    this.outputs = []
    this.nowMs = input.nowMs
    switch (input.kind) {
      case 'started':
        this.start()
        break
      case 'called':
        this.called(input.spec)
        break
      case 'cancelled':
        this.cancelled(input.call)
        break
      case 'connected':
        this.connected(input.endpoint)
        break
      case 'disconnected':
        this.disconnected()
        break
      case 'received':
        this.received(input.frame)
        break
      case 'stalled':
        this.isStalled = input.isStalled
        break
      case 'journalled':
        this.journalled(input.count)
        break
      case 'journal-failed':
        this.journalFailed(input.cause)
        break
      case 'handed-over':
        this.append({ kind: 'handed-over', number: input.number })
        break
      case 'woke':
        this.wakeAtMs = Infinity
        break
      case 'closing':
        this.closing(input.closeAtMs)
        break
      default:
        this.stepInput(input)
    }
    this.passTime()
    return this.outputs
  }

  // --- opening: the journal (section 4), sessions (section 1)

  private start(): void {
    this.phase = 'running'
    const { journal } = this.options
    if (journal !== undefined) {
      this.durable.ledgerId = journal.ledgerId
      // A number is never used by two openings (H2).
      this.durable.begin(journal.session, journal.epoch + 1)
      this.durable.highest = journal.highest
      this.append({ kind: 'opened', epoch: this.durable.epoch })
      for (const { number, call, outcome } of journal.unclaimed) {
        const settlement = recoveredAs(outcome)
        this.outputs.push({ kind: 'recovered', session: journal.session ?? noSession, number, begun: call, settlement })
      }
      for (const open of journal.open) this.replay(open)
      for (const run of journal.runs) this.replayRun(run)
      this.tellRecovered()
    }
    this.dial()
  }

  private replay({ number, call, isGivenUp }: JournalState['open'][number]): void {
    const deadlineAtMs = this.nowMs + this.options.replayMs
    // What was given up is asked about, not run (H15).
    const phase = isGivenUp ? 'asking' : 'open'
    const open = replayed(call, { session: this.durable, number, phase, deadlineAtMs })
    this.durable.addOlder(open)
    this.replaying++
    this.schedule(open, open.deadlineAtMs)
  }

  private hello(session: ClientSession): void {
    if (this.connection !== 'up' || session.isAsked || session.kind === 'none') return
    if (this.refused[session.kind] !== undefined) return
    // The epoch is durable before it is shown to anybody.
    if (session.kind === 'durable' && this.options.journal !== undefined && !this.isDurable(1)) {
      return this.whenDurable(1, () => this.hello(session))
    }
    session.isAsked = true
    session.askedMs = this.nowMs
    this.helloAtMs = this.nowMs + Math.max(this.options.attemptMs, 1000)
    this.send({
      kind: 'hello',
      versions: [protocolVersion],
      session: session.kind,
      resume: session.id,
      epoch: session.epoch,
      instance: this.options.instance,
      highest: session.highest,
      ledgerId: session.id === undefined ? '' : session.ledgerId,
      token: this.options.token,
    })
  }

  private welcomed(frame: Welcome): void {
    const session = frame.session === 'memory' ? this.memory : this.durable
    // A repeated WELCOME says nothing new; one to another process, or of a session not asked for, is not ours.
    if (session.isWelcome || frame.instance !== this.options.instance) return
    if (session.kind === 'durable' && session.id !== undefined && session.id !== frame.id) return
    if (session.id !== frame.id) {
      if (this.isElsewhere(session)) {
        this.setAside(session)
        return this.welcomed(frame)
      }
      this.newSession(session, frame)
    }
    session.isWelcome = true
    session.leaseEndsMs = session.askedMs + frame.leaseMs - Math.min(leaseMarginMs, frame.leaseMs / 4)
    session.endpoint = this.endpoint
    session.window = frame.window
    this.dialBackoffMs = dialMsMin
    this.sendAll(session)
    this.fill(session)
    if (session.kind === 'memory') for (const orphan of this.orphans.values()) this.sendAll(orphan)
    if (!this.isReady) {
      this.isReady = true
      this.outputs.push({ kind: 'ready' })
    }
  }

  private sendAll(session: ClientSession): void {
    for (const call of session.calls()) this.sendAgain(call)
  }

  /** Only the server that made a memory session can speak for it. */
  private isElsewhere({ kind, id, endpoint }: ClientSession): boolean {
    return kind === 'memory' && id !== undefined && endpoint !== this.endpoint
  }

  private newSession(session: ClientSession, frame: Welcome): void {
    // Calls of the old one that were sent may have run; the others get numbers of the new one.
    const message = 'the server was started again, and does not remember whether the call ran'
    this.abandon(session, { code: 'session-expired', message })
    session.begin(frame.id, session.epoch)
    session.ledgerId = frame.ledgerId
    // A new session's numbers are new, whatever the journal says of the old one.
    if (session.kind === 'durable')
      this.append({ kind: 'session', session: frame.id, ledgerId: frame.ledgerId, principal: '' })
  }

  /** Ends what was sent as `unknown`; what was not waits again, where the journal does not name its old number. */
  private abandon(session: ClientSession, why: Refusal): void {
    const waiting: OpenCall[] = []
    const isNamed = session.kind === 'durable' && this.options.journal !== undefined
    for (const call of session.calls()) {
      const isUnsent = call.attempts === 0 && (call.phase === 'open' || call.phase === 'journalling')
      if (isUnsent && call.call !== undefined && !(isNamed && call.step === undefined)) {
        session.delete(call)
        call.phase = 'waiting'
        call.number = 0
        waiting.push(call)
      } else this.endUnknown(call, why)
    }
    for (const call of [...waiting, ...session.drain()]) session.enqueue(call)
  }

  private helloRefused({ sessionKind, code, message, session: refusedId, number: epoch }: RefusedFrame): void {
    const session = sessionKind === 'memory' ? this.memory : this.durable
    if (epoch !== session.epoch) return
    session.isAsked = false
    if (code === 'session-expired') {
      if (session.id !== refusedId) return
      if (this.isElsewhere(session)) {
        this.setAside(session)
        return this.hello(this.memory)
      }
      this.abandon(session, { code, message })
      session.begin(undefined, session.epoch)
      return this.hello(session)
    }
    // Rule 4 (other-ledger): what was sent is known elsewhere, and waits for that; nothing new is begun here.
    if (code === 'ledger-differs') return this.failQueued(session, { code, message })
    this.refused[sessionKind] = { code, message }
    for (const call of session.calls()) this.endUnknown(call, { code, message })
    this.failQueued(session, { code, message })
    if (!this.isReady) this.outputs.push({ kind: 'refused', code, message })
  }

  // --- the connection

  private dial(): void {
    if (this.connection !== 'down') return
    this.connection = 'dialing'
    this.dialAtMs = Infinity
    this.outputs.push({ kind: 'dial' })
  }

  private connected(endpoint: string): void {
    this.connection = 'up'
    this.endpoint = endpoint
    this.peer.heard(this.nowMs)
    this.hello(this.memory)
    if (this.durable.openCount + this.durable.queuedCount > 0) this.hello(this.durable)
    this.sendAll(this.free)
  }

  private disconnected(): void {
    this.connection = 'down'
    this.helloAtMs = Infinity
    for (const session of [this.memory, this.durable]) session.isAsked = session.isWelcome = false
    if (!this.isReady || this.isBusy) {
      this.dialAtMs = this.nowMs + this.dialBackoffMs * this.jitter()
      this.dialBackoffMs = Math.min(this.dialBackoffMs * 2, dialMsMax)
    }
  }

  // --- calls

  private called(spec: CallSpec): void {
    const { method, delivery, payload, idempotencyKey, headers, isOneway } = spec
    const isFree = delivery === 'at-least-once' || isOneway
    const session = isFree ? this.free : delivery === 'at-most-once' ? this.memory : this.durable
    const call: OpenCall = {
      begun: { method, delivery, payload, idempotencyKey, headers, isOneway },
      call: spec.call,
      step: spec.step,
      deadlineAtMs: spec.deadlineAtMs,
      session,
      number: 0,
      attempts: 0,
      dueMs: Infinity,
      timers: 0,
      phase: 'waiting',
      isSettled: false,
      refusal: undefined,
    }
    if (spec.step !== undefined) this.steps.set(stepKey(spec.step), call)
    const refusal = this.refusalOf(session)
    if (refusal !== undefined) return this.fail(call, { ...refusal, executed: 'never' })
    if (this.connection === 'down' && this.dialAtMs === Infinity) this.dial()
    if (isFree) this.open(call)
    else {
      session.enqueue(call)
      if (session.kind === 'durable') this.hello(session)
      this.fill(session)
      if (call.phase === 'waiting') this.schedule(call, call.deadlineAtMs)
    }
  }

  private refusalOf(session: ClientSession): Refusal | undefined {
    if (this.phase !== 'running') return { code: 'closed', message: 'the channel is closed' }
    if (session.kind !== 'none') {
      const refused = this.refused[session.kind]
      if (refused !== undefined) return refused
    }
    const waiting = session.kind === 'none' ? Math.max(0, session.openCount - session.window) : session.queuedCount
    if (waiting < this.options.queuedMax) return undefined
    return {
      code: 'overloaded',
      message: `${waiting} calls wait already, and limits.queuedMax is ${this.options.queuedMax}`,
    }
  }

  private cancelled(number: number): void {
    const [call] = this.sessions.flatMap((session) => session.called(number) ?? [])
    if (call !== undefined) this.giveUp(call, 'cancelled', 'the caller cancelled the call')
  }

  // --- what comes back

  private received(frame: Frame): void {
    this.peer.heard(this.nowMs)
    switch (frame.kind) {
      case 'reply':
        return this.replied(frame)
      case 'refused':
        return frame.of === 'hello' ? this.helloRefused(frame) : this.callRefused(frame)
      case 'welcome':
        return this.welcomed(frame)
      case 'ping':
        return this.send({ kind: 'pong', nonce: frame.nonce })
      default: // A pong has been heard; anything else only a client may say.
    }
  }

  private find({ session, number }: ReplyFrame | RefusedFrame): OpenCall | undefined {
    if (session === noSession) return this.free.get(number)
    if (session === this.memory.id) return this.memory.get(number)
    if (session === this.durable.id) return this.durable.get(number)
    return this.orphans.get(session)?.get(number)
  }

  private replied(frame: ReplyFrame): void {
    const call = this.find(frame)
    if (call === undefined || call.phase === 'over' || call.phase === 'parked') return
    const { outcome } = frame
    const { refusal } = call
    const isWithdrawn = outcome.kind === 'failure' && outcome.code === 'withdrawn'
    if (refusal !== undefined && isWithdrawn) {
      return this.end(call, { kind: 'outcome', outcome: { kind: 'failure', executed: 'never', ...refusal } })
    }
    this.end(call, { kind: 'outcome', outcome })
  }

  /** Speaks of one delivery only; what it means for the call is H16. */
  private callRefused(frame: RefusedFrame): void {
    const call = this.find(frame)
    if (call === undefined || call.phase === 'over' || call.phase === 'parked') return
    const { code, message } = frame
    switch (code) {
      case 'window':
      case 'overloaded':
      case 'deadline':
      case 'still-running':
        return // Nothing yet: the next attempt asks again.
      case 'session-expired':
        if (this.isElsewhere(call.session)) return
        return this.sessionExpired(call.session, { code, message })
      case 'fenced':
        // It may answer a late copy of a dead process's call, which this one goes on with: HELLO tells whether it means us.
        if (call.session.isWelcome) this.renew(call.session)
        return
      case 'stale':
      case 'xid-reused':
      case 'key-expired':
      case 'effect-unknown':
        return this.endUnknown(call, { code, message })
      default:
        this.wronglyAddressed(call, { code, message })
    }
  }

  /** The server cannot run it (unknown method, other delivery, denied ...). Only a tombstone makes that certain. */
  private wronglyAddressed(call: OpenCall, refusal: Refusal): void {
    if (call.session.kind === 'none') {
      return this.fail(call, { ...refusal, executed: call.attempts === 1 ? 'never' : 'unknown' })
    }
    if (call.phase === 'asking') return this.endUnknown(call, refusal)
    call.refusal = refusal
    call.phase = 'asking'
    this.attempt(call)
  }

  private sessionExpired(session: ClientSession, why: Refusal): void {
    if (this.orphans.get(session.id ?? '') === session) return this.orphanExpired(session, why)
    this.abandon(session, why)
    session.begin(undefined, session.epoch)
    this.renew(session)
  }

  private journalFailed(cause: unknown): void {
    const message = `the journal cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`
    const why: Refusal = { code: 'journal-failed', message }
    this.refused.durable = why
    this.awaitNothing()
    this.dropSteps()
    for (const call of this.durable.calls()) {
      if (call.phase === 'over') continue
      if (!call.isSettled) this.settle(call, { kind: 'failed', ...why, executed: 'unknown', mayResolve: false, cause })
      else if (call.call !== undefined) this.outputs.push({ kind: 'resolved', call: call.call, executed: 'unknown' })
      call.phase = 'over'
      this.durable.delete(call)
    }
    this.failQueued(this.durable, why)
  }

  // --- time

  private passTime(): void {
    if (this.phase === 'closed') return
    for (const call of this.due.take(this.nowMs)) this.callIsDue(call)
    if (this.dialAtMs <= this.nowMs) this.dial()
    if (this.helloAtMs <= this.nowMs) this.helloAgain()
    if (this.ackAtMs <= this.nowMs) this.acknowledge()
    this.watchPeer()
    if (this.finishClosing()) return
    const { due, dialAtMs, helloAtMs, ackAtMs, peer, closeAtMs } = this
    const nextMs = Math.min(due.nextMs, dialAtMs, helloAtMs, ackAtMs, peer.atMs, closeAtMs)
    if (nextMs >= this.wakeAtMs) return
    this.wakeAtMs = nextMs
    this.outputs.push({ kind: 'wake', atMs: nextMs })
  }

  private helloAgain(): void {
    this.helloAtMs = Infinity
    for (const session of [this.memory, this.durable]) {
      if (!session.isAsked || session.isWelcome) continue
      session.isAsked = false
      this.hello(session)
    }
  }

  private acknowledge(): void {
    this.ackAtMs = Infinity
    if (this.connection !== 'up') return
    for (const session of [this.memory, this.durable]) {
      const { id, firstUnacked, epoch } = session
      if (id === undefined || !session.isWelcome || firstUnacked <= session.toldUnacked) continue
      // Rule 3 (ack-journalled): what the journal does not hold is not acknowledged.
      if (session.kind === 'durable' && this.refused.durable?.code === 'journal-failed') continue
      session.toldUnacked = firstUnacked
      this.send({ kind: 'ack', session: id, epoch, firstUnacked })
    }
  }

  private watchPeer(): void {
    const found = this.peer.look(this.nowMs, this.connection === 'up' && this.isBusy)
    if (found === 'ping') this.send({ kind: 'ping', nonce: this.peer.pings })
    if (found === 'hang-up') this.outputs.push({ kind: 'hang-up' })
  }

  private closing(closeAtMs: number): void {
    if (this.phase === 'closed') return
    this.phase = 'closing'
    this.closeAtMs = Math.min(this.closeAtMs, closeAtMs)
  }

  private finishClosing(): boolean {
    if (this.phase !== 'closing' || (this.isBusy && this.nowMs < this.closeAtMs)) return false
    const message = 'the channel was closed while the call was open'
    for (const session of this.sessions) {
      this.failQueued(session, { code: 'closed', message })
      for (const call of session.calls()) this.leaveOpen(call, message)
    }
    this.acknowledge()
    for (const session of [this.memory, this.durable]) {
      const { id, epoch, highest } = session
      const isKept = session.kind === 'durable' && this.options.journal !== undefined
      if (id === undefined || !session.isWelcome || session.openCount > 0 || isKept) continue
      this.send({ kind: 'bye', session: id, epoch, highest })
    }
    this.phase = 'closed'
    this.outputs.push({ kind: 'closed' })
    return true
  }

  /** Told unknown, if not told before; a journalled call stays in the journal as it is. */
  private leaveOpen(call: OpenCall, message: string): void {
    if (call.phase === 'over') return
    const executed = call.attempts === 0 && call.session.kind !== 'durable' ? 'never' : 'unknown'
    if (call.step !== undefined) return this.leaveStep(call, call.step, message)
    if (call.call === undefined) return
    if (call.isSettled) this.outputs.push({ kind: 'resolved', call: call.call, executed: 'unknown' })
    else this.settle(call, { kind: 'failed', code: 'closed', executed, message, mayResolve: false })
    call.phase = 'over'
    if (this.options.journal === undefined) call.session.delete(call)
  }

  protected override canSend(session: ClientSession): boolean {
    if (session.kind === 'none') return this.connection === 'up'
    // Orphans have no WELCOME of their own; that of the memory session says that the server knows us.
    const welcome = session === this.durable ? session : this.memory
    // Rule 3 (lease-minute)
    if (welcome.isWelcome && this.nowMs >= welcome.leaseEndsMs) this.renew(welcome)
    const isThere = session === welcome || session.endpoint === this.endpoint
    return this.connection === 'up' && welcome.isWelcome && isThere
  }

  private renew(session: ClientSession): void {
    session.isAsked = session.isWelcome = false
    this.hello(session)
  }
}
