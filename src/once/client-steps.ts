/**
 * Steps of resumable runs (section 4): calls that are written down whatever their delivery, and go on in a later process
 * under the xid that they had.
 *
 * Invariant: what a step shows its run first, an `unknown` included, is durable before it is shown (H9).
 */
import type { ErrorCode } from '../errors/codes.ts'
import { ClientCalls, type Refusal, stepKey } from './client-calls.ts'
import type { ClientInput } from './client-io.ts'
import { ClientSession, type OpenCall, replayed } from './client-session.ts'
import { noSession, type SessionId } from './frame.ts'
import type { JournalledRun, JournalledStep, RunEvent, StepName } from './journal.ts'

type StepInput = Extract<
  ClientInput,
  { kind: 'claimed' | 'step-cancelled' | 'local-begun' | 'local-ended' | 'run-forgotten' }
>

export abstract class ClientSteps extends ClientCalls {
  /**
   * Memory sessions of earlier processes, and of servers at other addresses: their calls may be sent again or asked about
   * there, and no new ones are begun.
   */
  protected readonly orphans: Map<SessionId, ClientSession> = new Map()

  protected get sessions(): ClientSession[] {
    return [this.memory, this.durable, this.free, ...this.orphans.values()]
  }

  /** Something is open, or waits. */
  protected get isBusy(): boolean {
    return this.sessions.some((session) => session.openCount > 0 || session.queuedCount > 0)
  }

  protected stepInput(input: StepInput): void {
    switch (input.kind) {
      case 'claimed':
        return this.claimed(input.step, input.deadlineAtMs)
      case 'step-cancelled': {
        const call = this.stepCall(input.step)
        if (call !== undefined) this.giveUp(call, 'cancelled', 'the caller cancelled the call')
        return
      }
      case 'local-begun':
        return this.append({ kind: 'step-begun', ...input.step, begun: { kind: 'local', name: input.name } })
      case 'local-ended':
        return this.showStep(input.step, input.outcome)
      case 'run-forgotten':
        return this.append({ kind: 'run-forgotten', run: input.run })
    }
  }

  /** What the journal holds open goes on, whether or not the run is started again (I8). */
  protected replayRun({ run, events }: JournalledRun): void {
    for (const { step, begun, ended, isResolved } of foldSteps(events)) {
      const isOver = ended !== undefined && !(ended.kind === 'unknown' && ended.mayResolve && !isResolved)
      if (begun.kind === 'call' && !isOver) this.replayStep({ run, step }, begun, ended !== undefined)
    }
  }

  private replayStep(step: StepName, begun: JournalledStep & { kind: 'call' }, isSettled: boolean): void {
    const session = this.sessionOf(begun)
    if (session === undefined || begun.isOneway) {
      // Its session is gone, or one attempt is all that it has: whether that was made, nobody knows.
      const code: ErrorCode = begun.isOneway ? 'unavailable' : 'session-expired'
      if (!isSettled) return this.showStep(step, { kind: 'unknown', code, mayResolve: false })
      return this.append({ kind: 'step-resolved', ...step, executed: 'unknown' })
    }
    const { number } = begun
    const phase = isSettled ? 'asking' : 'open'
    const open = replayed(begun.call, { session, number, phase, deadlineAtMs: Infinity, step, isSettled })
    this.steps.set(stepKey(step), open)
    if (session.kind === 'none') session.number(open)
    else session.addOlder(open)
  }

  /** Where the memory of the call is; undefined: nowhere any more. */
  private sessionOf({ call, session, endpoint }: JournalledStep & { kind: 'call' }): ClientSession | undefined {
    if (call.delivery === 'at-least-once') return this.free
    if (call.delivery !== 'at-most-once') return session === this.durable.id ? this.durable : undefined
    const orphan = this.orphans.get(session) ?? new ClientSession('memory')
    orphan.id = session
    orphan.endpoint = endpoint
    this.orphans.set(session, orphan)
    return orphan
  }

  /**
   * Another server than the one that holds the memory session has been asked. Only that one can say what became of its
   * calls (section 4): they wait for it, or for their deadlines.
   */
  protected setAside(session: ClientSession): void {
    const fresh = new ClientSession('memory')
    const message = 'it may have run at a server with which there is no connection any more'
    for (const call of session.calls()) {
      if (call.isSettled) this.endUnknown(call, { code: 'unavailable', message })
      if (call.attempts > 0 || call.phase === 'over') continue
      session.delete(call)
      moveTo(fresh, call)
    }
    for (const call of session.drain()) moveTo(fresh, call)
    if (session.id !== undefined && session.openCount > 0) this.orphans.set(session.id, session)
    this.memory = fresh
  }

  /** The server has forgotten the session of an earlier process. */
  protected orphanExpired(orphan: ClientSession, why: Refusal): void {
    for (const call of orphan.calls()) this.endUnknown(call, why)
    if (orphan.openCount === 0 && orphan.id !== undefined) this.orphans.delete(orphan.id)
  }

  /** The journal failed: whoever runs them is told so by its driver. */
  protected dropSteps(): void {
    for (const call of this.steps.values()) {
      call.phase = 'over'
      call.session.delete(call)
    }
    this.steps.clear()
  }

  /** The channel is closed: the run is told, and the journal keeps the step as it is. */
  protected leaveStep(call: OpenCall, step: StepName, message: string): void {
    const { session, number, attempts } = call
    const identity = { session: session.id ?? noSession, number, attempts }
    if (call.isSettled) this.outputs.push({ kind: 'step-resolved', step, executed: 'unknown' })
    else {
      const outcome = { kind: 'failed', code: 'closed', executed: 'unknown', message, mayResolve: false } as const
      this.outputs.push({ kind: 'step-ended', step, outcome, identity })
    }
    call.phase = 'over'
  }

  private claimed(step: StepName, deadlineAtMs: number): void {
    const call = this.stepCall(step)
    if (call === undefined || call.isSettled) return
    call.deadlineAtMs = deadlineAtMs
    // What was planned before stays planned: it may have been asked for already, and the answer lost.
    this.schedule(call, call.dueMs)
  }

  private stepCall(step: StepName): OpenCall | undefined {
    return this.steps.get(stepKey(step))
  }
}

function moveTo(session: ClientSession, call: OpenCall): void {
  call.session = session
  call.phase = 'waiting'
  call.number = 0
  session.enqueue(call)
}

interface StepState {
  readonly step: number
  readonly begun: JournalledStep
  ended: Extract<RunEvent, { kind: 'ended' }>['outcome'] | undefined
  isResolved: boolean
}

function foldSteps(events: readonly RunEvent[]): Iterable<StepState> {
  const states = new Map<number, StepState>()
  for (const event of events) {
    const { step } = event
    const state = states.get(step)
    if (event.kind === 'begun') states.set(step, { step, begun: event.begun, ended: undefined, isResolved: false })
    else if (state !== undefined && event.kind === 'ended') state.ended ??= event.outcome
    else if (state !== undefined) state.isResolved = true
  }
  return states.values()
}
