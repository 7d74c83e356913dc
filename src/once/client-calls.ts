/**
 * Calls of a client from their numbers to their ends: attempts, deadlines, journal, acknowledgement (section 4).
 *
 * Invariant: every call settles exactly once; with a journal, an exactly-once call is sent only after its `begun` entry
 * is durable, and acknowledged only after its `ended` entry is.
 */
import type { ErrorCode, Executed } from '../errors/codes.ts'
import { TimerWheel } from '../std/timer-wheel.ts'
import type { CallIdentity, ClientOptions, ClientOutput, Settlement } from './client-io.ts'
import { ClientSession, type OpenCall } from './client-session.ts'
import { type Frame, noSession } from './frame.ts'
import type { JournalEntry, JournalledCall, JournalState, StepName, StepOutcome } from './journal.ts'
import type { Outcome } from './outcome.ts'
import { RetransmissionBudget } from './retransmission-budget.ts'

/** An idle client acknowledges within a second (section 3). */
const ackMs = 500

/** Something that waits for entries of the journal to be durable. */
interface Awaited {
  readonly count: number
  readonly act: () => void
}

export interface Refusal {
  readonly code: ErrorCode
  readonly message: string
}

export abstract class ClientCalls {
  protected readonly options: ClientOptions
  protected memory: ClientSession = new ClientSession('memory')
  protected readonly durable: ClientSession = new ClientSession('durable')
  /**
   * At-least-once and oneway calls: no session, numbers of this process. They begin where no other process's do: the reply to
   * a call of a dead one, delivered late, must be nobody's (I0).
   */
  protected readonly free: ClientSession
  protected readonly due: TimerWheel<OpenCall> = new TimerWheel()
  /** Open calls that are steps of resumable runs. */
  protected readonly steps: Map<string, OpenCall> = new Map()
  protected outputs: ClientOutput[] = []
  protected nowMs = 0
  protected ackAtMs: number = Infinity
  /** The connection takes no more bytes now. */
  protected isStalled = false
  private readonly budget = new RetransmissionBudget()
  /** Calls of earlier processes whose outcome is not known yet. */
  protected replaying = 0
  private hasToldRecovered = false
  private appended = 0
  private durableCount = 0
  private awaited: Awaited[] = []

  constructor(options: ClientOptions) {
    this.options = options
    this.free = new ClientSession('none', 1 + Number.parseInt(options.instance.slice(0, 12), 16))
  }

  /** Whether a frame of that session would reach the server that knows it, and still knows it. */
  protected abstract canSend(session: ClientSession): boolean

  protected send(frame: Frame): void {
    this.outputs.push({ kind: 'send', frame })
  }

  /** Sends the call, or asks about it, and plans the next time. */
  protected attempt(call: OpenCall, isResuming = false): void {
    const { session } = call
    if (this.canSend(session) && this.mayAttempt(call, isResuming)) {
      call.attempts++
      this.send(call.phase === 'asking' ? this.resolveFrame(call) : this.callFrame(call))
      if (call.begun.isOneway) return this.end(call, { kind: 'outcome', outcome: { kind: 'reply', bytes: nothing } })
    }
    const backoffMs = Math.min(
      this.options.attemptMs * 2 ** Math.min(Math.max(call.attempts - 1, 0), 20),
      this.options.attemptMsMax,
    )
    this.schedule(call, this.nowMs + backoffMs * this.jitter())
  }

  private mayAttempt(call: OpenCall, isResuming: boolean): boolean {
    if (call.attempts === 0) this.budget.begun(this.nowMs)
    if (call.attempts === 0 || isResuming) return true
    // Rule 4 (socket-full): the last attempt has not left yet.
    if (this.isStalled) return false
    return this.budget.take(this.nowMs)
  }

  protected schedule(call: OpenCall, atMs: number): void {
    call.dueMs = call.isSettled ? atMs : Math.min(atMs, call.deadlineAtMs)
    call.timers++
    this.due.add(call, call.dueMs, this.nowMs)
  }

  protected callFrame(call: OpenCall): Frame {
    const { session, begun } = call
    const firstUnacked = session.kind === 'none' ? 0 : session.firstUnacked
    session.toldUnacked = firstUnacked
    return {
      kind: 'call',
      session: session.id ?? noSession,
      number: call.number,
      firstUnacked,
      epoch: session.epoch,
      delivery: begun.delivery,
      isOneway: begun.isOneway,
      attempt: call.attempts,
      leftMs: call.deadlineAtMs === Infinity ? this.options.replayMs : Math.max(1, call.deadlineAtMs - this.nowMs),
      method: begun.method,
      idempotencyKey: begun.idempotencyKey,
      headers: begun.headers,
      payload: begun.payload,
    }
  }

  protected resolveFrame({ session, number, begun }: OpenCall): Frame {
    const { method, idempotencyKey: key } = begun
    session.toldUnacked = session.firstUnacked
    const isDurable = session.kind === 'durable'
    const fingerprints = isDurable ? this.options.fingerprints(begun) : undefined
    return {
      kind: 'resolve',
      session: session.id ?? noSession,
      number,
      firstUnacked: session.firstUnacked,
      epoch: session.epoch,
      fingerprint: fingerprints?.xid,
      idempotency: fingerprints && key !== undefined ? { method, key, fingerprint: fingerprints.key } : undefined,
    }
  }

  /** Gives numbers while the window has room (section 4). */
  protected fill(session: ClientSession): void {
    while (session.queuedCount > 0 && this.canSend(session) && session.hasRoom) {
      const call = session.dequeue()
      if (call === undefined) return
      this.open(call)
    }
  }

  protected open(call: OpenCall): void {
    const { session, step } = call
    session.number(call)
    const { number } = call
    if (step !== undefined || (session.kind === 'durable' && this.options.journal !== undefined)) {
      call.phase = 'journalling'
      if (step === undefined) this.append({ kind: 'begun', number, call: journalled(call) })
      else this.appendStep(call, step)
      this.schedule(call, call.deadlineAtMs)
      return this.whenDurable(this.appended, () => {
        // Given up, or given another number, meanwhile.
        if (call.phase !== 'journalling' || call.number !== number || call.isSettled) return
        call.phase = 'open'
        this.attempt(call)
      })
    }
    call.phase = 'open'
    this.attempt(call)
  }

  /** On a new connection everything open goes out at once, in order. */
  protected sendAgain(call: OpenCall): void {
    if (call.phase === 'open' || call.phase === 'asking') this.attempt(call, true)
  }

  protected callIsDue(call: OpenCall): void {
    call.timers--
    if (call.phase === 'over' || call.phase === 'parked') return
    if (!call.isSettled && this.nowMs >= call.deadlineAtMs)
      return this.giveUp(call, 'deadline', 'no answer came before the deadline')
    if (call.phase === 'journalling' && call.isSettled) return
    if (call.phase === 'waiting' || call.phase === 'journalling') return this.schedule(call, call.deadlineAtMs)
    if (this.nowMs >= call.dueMs) return this.attempt(call)
    if (call.timers === 0) this.schedule(call, call.dueMs)
  }

  /** Deadline or cancel: the caller is told at once, and the truth is asked for in the background. */
  protected giveUp(call: OpenCall, code: ErrorCode, why: string): void {
    if (call.isSettled || call.phase === 'over') return
    const { session } = call
    // An earlier process may have sent what this one has not.
    const isUnsent = call.attempts === 0 && call.call !== undefined
    if (call.phase === 'waiting' || (session.kind !== 'durable' && isUnsent)) {
      return this.fail(call, { code, executed: 'never', message: `${why}; it was not sent` })
    }
    const message = `${why}; it may have run`
    if (session.kind === 'none') return this.fail(call, { code, executed: 'unknown', message })
    if (call.call === undefined && call.step === undefined) {
      // The journal keeps it: the next opening asks again.
      call.phase = 'parked'
      return this.settle(call, { kind: 'failed', code, executed: 'unknown', message, mayResolve: false })
    }
    if (session.kind === 'durable' && call.step === undefined) this.append({ kind: 'given-up', number: call.number })
    // Nobody here can be asked.
    if (session !== this.memory && session !== this.durable && !this.canSend(session))
      return this.endUnknown(call, { code, message })
    const isDurable = call.phase !== 'journalling'
    if (isDurable) call.phase = 'asking'
    this.settle(call, { kind: 'failed', code, executed: 'unknown', message, mayResolve: true })
    if (isDurable) return this.attempt(call)
    // Rule 4 (resolve-journalled): a tombstone under a number that the journal does not hold would be ahead of it.
    this.whenDurable(this.appended, () => {
      if (call.phase !== 'journalling') return
      call.phase = 'asking'
      this.attempt(call)
    })
  }

  protected endUnknown(call: OpenCall, { code, message }: Refusal): void {
    this.end(call, { kind: 'failed', code, executed: 'unknown', message, mayResolve: false })
  }

  protected fail(call: OpenCall, failure: Refusal & { readonly executed: Executed }): void {
    this.end(call, { kind: 'failed', mayResolve: false, ...failure })
  }

  /** What waits was not sent, and will not be. */
  protected failQueued(session: ClientSession, why: Refusal): void {
    for (const call of session.drain()) this.fail(call, { ...why, executed: 'never' })
  }

  /** The call is over: tell, write it down, acknowledge when that is durable. */
  protected end(call: OpenCall, settlement: Settlement): void {
    if (call.phase === 'over') return
    call.phase = 'over'
    if (call.step !== undefined) return this.endStep(call, call.step, settlement)
    if (!call.isSettled) this.settle(call, settlement)
    else if (call.call !== undefined)
      this.outputs.push({ kind: 'resolved', call: call.call, executed: executedOf(settlement) })
    const { session, number } = call
    if (session.kind === 'durable' && this.options.journal !== undefined) {
      const outcome =
        settlement.kind === 'outcome' ? settlement.outcome : ({ kind: 'unknown', code: settlement.code } as const)
      this.append({ kind: 'ended', number, outcome })
      this.whenDurable(this.appended, () => {
        if (call.call !== undefined) this.append({ kind: 'handed-over', number })
        this.forget(call)
      })
    } else this.forget(call)
    if (call.call === undefined) {
      this.replaying--
      this.tellRecovered()
    }
  }

  private appendStep(call: OpenCall, step: StepName): void {
    const { number, begun } = call
    const session = call.session.id ?? noSession
    const { isOneway } = begun
    const { endpoint } = call.session
    this.append({
      kind: 'step-begun',
      ...step,
      begun: { kind: 'call', session, number, call: journalled(call), isOneway, endpoint },
    })
  }

  private endStep(call: OpenCall, step: StepName, settlement: Settlement): void {
    this.steps.delete(stepKey(step))
    // Refused or given up before it had a number: the journal shows that it was asked for.
    if (call.number === 0) this.appendStep(call, step)
    if (!call.isSettled) this.settle(call, settlement)
    else {
      const executed = executedOf(settlement)
      this.append({ kind: 'step-resolved', ...step, executed })
      this.whenDurable(this.appended, () => this.outputs.push({ kind: 'step-resolved', step, executed }))
    }
    this.whenDurable(this.appended, () => this.forget(call))
  }

  /** What a step has come to: shown when it is durable (H9). */
  protected showStep(step: StepName, outcome: StepOutcome, identity: CallIdentity = nobody): void {
    this.append({ kind: 'step-ended', ...step, outcome })
    this.whenDurable(this.appended, () => this.outputs.push({ kind: 'step-ended', step, outcome, identity }))
  }

  protected forget(call: OpenCall): void {
    const { session, number } = call
    if (number === 0) return
    session.delete(call)
    if (session.kind === 'none') return
    if (session.queuedCount > 0) this.fill(session)
    if (this.ackAtMs === Infinity) this.ackAtMs = this.nowMs + ackMs
  }

  protected settle(call: OpenCall, settlement: Settlement): void {
    call.isSettled = true
    const { number, attempts, session } = call
    const identity = { session: session.id ?? noSession, number, attempts }
    if (call.step !== undefined) return this.showStep(call.step, stepOutcome(settlement), identity)
    if (call.call !== undefined) {
      this.outputs.push({ kind: 'settled', call: call.call, settlement, identity })
      return
    }
    this.outputs.push({
      kind: 'recovered',
      session: session.id ?? noSession,
      number,
      begun: journalled(call),
      settlement,
    })
    if (call.phase === 'parked') {
      this.replaying--
      this.tellRecovered()
    }
  }

  protected tellRecovered(): void {
    if (this.replaying > 0 || this.hasToldRecovered) return
    this.hasToldRecovered = true
    this.outputs.push({ kind: 'all-recovered' })
  }

  protected append(entry: JournalEntry): void {
    if (this.options.journal === undefined) return
    this.appended++
    this.outputs.push({ kind: 'append', entry })
  }

  protected isDurable(count: number): boolean {
    return this.durableCount >= count
  }

  protected whenDurable(count: number, act: () => void): void {
    this.awaited.push({ count, act })
  }

  /** The journal failed: nothing more becomes durable. */
  protected awaitNothing(): void {
    this.awaited = []
  }

  protected journalled(count: number): void {
    this.durableCount = count
    let done = 0
    while (done < this.awaited.length && (this.awaited[done] as Awaited).count <= count) done++
    for (const { act } of this.awaited.splice(0, done)) act()
  }

  protected jitter(): number {
    return 0.8 + this.options.random() * 0.4
  }
}

const nothing = new Uint8Array()
const nobody: CallIdentity = { session: noSession, number: 0, attempts: 0 }

export function stepKey({ run, step }: StepName): string {
  return `${step} ${run}`
}

function journalled({ begun: { method, delivery, payload, idempotencyKey } }: OpenCall): JournalledCall {
  return { method, delivery, payload, idempotencyKey }
}

/** As the journal keeps it. The bytes lie in a buffer that the transport uses again. */
function stepOutcome(settlement: Settlement): StepOutcome {
  if (settlement.kind === 'failed') {
    const { code, executed, message, mayResolve } = settlement
    return executed === 'unknown' ? { kind: 'unknown', code, mayResolve } : { kind: 'failure', code, executed, message }
  }
  const { outcome } = settlement
  return outcome.kind === 'failure' ? outcome : { kind: outcome.kind, bytes: new Uint8Array(outcome.bytes) }
}

/** In the words of `resolved`: a result or a declared exception means that it ran. */
function executedOf(settlement: Settlement): Executed {
  if (settlement.kind === 'failed') return settlement.executed
  const { outcome }: { outcome: Outcome } = settlement
  return outcome.kind === 'failure' ? outcome.executed : 'once'
}

/** What an earlier process was told of a call, told again. */
export function recoveredAs(outcome: JournalState['unclaimed'][number]['outcome']): Settlement {
  if (outcome.kind !== 'unknown') return { kind: 'outcome', outcome }
  const message = 'nobody could say whether the call ran'
  return { kind: 'failed', code: outcome.code as ErrorCode, executed: 'unknown', message, mayResolve: false }
}
