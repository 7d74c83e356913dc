/**
 * Resumable runs: functions whose calls are journalled in order, so that a later process takes the same path up to where
 * the earlier one died, and goes on from there.
 *
 * Invariant: a step that has ended is not made again; a function that takes another path than its journal is stopped at
 * that step, and nothing more is done for it.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import type { ClientOutput } from '../once/client-io.ts'
import type { JournalledRun, JournalledStep, RunEvent, StepName } from '../once/journal.ts'
import { compileService } from '../rpc/compile.ts'
import type { CallOptions, CompiledMethod, Service } from '../rpc/service.ts'
import { createStub } from '../rpc/stub.ts'
import { checkOptions } from './caller.ts'
import type { ClientDriver } from './client-driver.ts'
import { canonicalArguments } from './fingerprint.ts'
import { RunOrder, type Shown } from './run-order.ts'
import { stepCall, stepLocal, type StepPromise } from './run-step.ts'
import type { World } from './world.ts'

/** What a resumable run's function is given. */
export interface Run {
  readonly name: string
  /** Aborts when the channel closes. */
  readonly signal: AbortSignal
  /** A stub whose calls are steps of the run. */
  client<S>(service: Service<S>): S
  /**
   * Anything else whose value must be the same after a crash: a clock, a random number, a file. `body` may run again if
   * the process dies before its value is written down; the value, or the error that it throws, must be structured-cloneable
   * and is copied.
   */
  step<R>(name: string, body: () => R | PromiseLike<R>): Promise<R>
  /** The journal forgets the run when its function has ended; the name is free again then. */
  forget(): void
}

/** What runs need of their channel. */
export interface RunsHost {
  readonly driver: Pick<ClientDriver, 'call' | 'claimStep' | 'cancelStep' | 'beginLocal' | 'endLocal' | 'forgetRun'>
  readonly world: World
  /** Of a step that says no other, in milliseconds. */
  readonly deadlineMs: number
  /** @throws {OncewireError} invalid-argument, frame-too-large */
  encode(method: CompiledMethod, values: readonly unknown[]): Uint8Array
}

const nameBytesMax = 255

export class Runs {
  private readonly host: RunsHost
  private readonly closing = new AbortController()
  /** What the journal holds of each run, in its order. */
  private readonly events: Map<string, RunEvent[]>
  private readonly active = new Map<string, ActiveRun>()
  private failure: OncewireError | undefined

  constructor(host: RunsHost, journalled: readonly JournalledRun[]) {
    this.host = host
    this.events = new Map(journalled.map(({ run, events }) => [run, [...events]]))
  }

  /** Runs `body`, from where an earlier process left it if there was one. */
  async run<R>(name: string, body: (run: Run) => R | PromiseLike<R>): Promise<R> {
    const bytes = Buffer.byteLength(name)
    if (bytes === 0 || bytes > nameBytesMax) {
      const message = `a run's name has 1 to ${nameBytesMax} bytes, not ${bytes}`
      throw new OncewireError('invalid-argument', 'never', message)
    }
    if (this.failure !== undefined) throw this.failure
    if (this.active.has(name)) {
      const message = `the run "${name}" is running already: a name runs once at a time`
      throw new OncewireError('still-running', 'never', message)
    }
    const events = this.events.get(name) ?? []
    this.events.set(name, events)
    const run = new ActiveRun(name, this.host, { events, signal: this.closing.signal })
    this.active.set(name, run)
    try {
      return await run.play(body)
    } finally {
      this.active.delete(name)
      if (run.isForgotten) {
        this.events.delete(name)
        this.host.driver.forgetRun(name)
      } else if (events.length === 0) this.events.delete(name)
    }
  }

  ended({ step, outcome, identity }: Extract<ClientOutput, { kind: 'step-ended' }>): void {
    const active = this.active.get(step.run)
    if (outcome.kind === 'failed') return active?.leave(step.step, outcome, identity)
    this.add(step.run, { kind: 'ended', step: step.step, outcome })
    active?.see({ kind: 'ended', step: step.step, outcome }, identity)
  }

  resolved({ step, executed }: Extract<ClientOutput, { kind: 'step-resolved' }>): void {
    const event = { kind: 'resolved', step: step.step, executed } as const
    this.add(step.run, event)
    this.active.get(step.run)?.see(event)
  }

  /** Nothing more becomes durable, so nothing more is shown. */
  fail(error: OncewireError): void {
    this.failure = error
    for (const run of this.active.values()) run.stop(error)
  }

  /** The channel closes. */
  close(): void {
    this.failure ??= new OncewireError('closed', 'never', 'the channel is closed')
    this.closing.abort(this.failure)
  }

  private add(name: string, event: RunEvent): void {
    this.events.get(name)?.push(event)
  }
}

class ActiveRun implements Run {
  readonly name: string
  readonly signal: AbortSignal
  isForgotten = false
  private readonly host: RunsHost
  /** Of the channel, which outlives this try. */
  private readonly events: RunEvent[]
  private readonly order: RunOrder
  private readonly steps = new Map<number, StepPromise>()
  private stopped: OncewireError | undefined
  private tellStopped: (error: OncewireError) => void = () => {}
  private takeBackWatch: (() => void) | undefined

  constructor(
    name: string,
    host: RunsHost,
    { events, signal }: { readonly events: RunEvent[]; readonly signal: AbortSignal },
  ) {
    this.name = name
    this.signal = signal
    this.host = host
    this.events = events
    this.order = new RunOrder(events, {
      show: (event) => this.show(event),
      nextTurn: () => host.world.nextTurn(),
    })
  }

  async play<R>(body: (run: Run) => R | PromiseLike<R>): Promise<R> {
    const stopped = new Promise<never>((_, reject) => (this.tellStopped = reject))
    stopped.catch(() => {}) // Also where nobody waits for it any more.
    try {
      const value = await Promise.race([(async () => body(this))(), stopped])
      if (this.stopped !== undefined) throw this.stopped
      const missing = this.order.missing
      if (missing !== undefined) throw this.leftOut(missing)
      return value
    } finally {
      this.takeBackWatch?.()
      this.stopped ??= new OncewireError('closed', 'never', `the run "${this.name}" has ended`)
    }
  }

  client<S>(service: Service<S>): S {
    compileService(service as Service<unknown>)
    return createStub(service, (method, values, options) => this.call(method, values, options))
  }

  /** Makes a call that is a step. */
  call(method: CompiledMethod, values: readonly unknown[], options: CallOptions = {}): Promise<unknown> {
    try {
      checkOptions(method, options)
      const payload = this.host.encode(method, values)
      const { delivery, isOneway } = method
      const call = { method: method.name, delivery, payload, idempotencyKey: options.idempotencyKey }
      const begun = { kind: 'call', session: '', number: 0, call, isOneway, endpoint: '' } as const
      return this.begin(begun, method, (step, isOld) => this.make(step, { begun, options, isOld }))
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  step<R>(name: string, body: () => R | PromiseLike<R>): Promise<R> {
    const { driver } = this.host
    return this.begin({ kind: 'local', name }, undefined, (step, isOld) => {
      if (!isOld) driver.beginLocal(step, name)
      void stepLocal(`${this.name}: step "${name}"`, body).then((outcome) => driver.endLocal(step, outcome))
    }) as Promise<R>
  }

  forget(): void {
    this.isForgotten = true
  }

  /** Something of this run has become durable. */
  see(event: Shown, identity?: Extract<ClientOutput, { kind: 'step-ended' }>['identity']): void {
    if (identity !== undefined) this.steps.get(event.step)?.identified(identity)
    this.order.push(event)
  }

  /** The channel is closed: the step stays in the journal as it is. */
  leave(
    step: number,
    failed: Extract<Extract<ClientOutput, { kind: 'step-ended' }>['outcome'], { kind: 'failed' }>,
    identity: Extract<ClientOutput, { kind: 'step-ended' }>['identity'],
  ): void {
    this.steps.get(step)?.failed(failed, identity)
  }

  /** Nothing more is done for this run. */
  stop(error: OncewireError): void {
    if (this.stopped !== undefined) return
    this.stopped = error
    for (const step of this.steps.values()) step.reject(error)
    this.tellStopped(error)
  }

  private begin(
    begun: JournalledStep,
    method: CompiledMethod | undefined,
    make: (step: StepName, isOld: boolean) => void,
  ): Promise<unknown> {
    if (this.stopped !== undefined) return Promise.reject(this.stopped)
    const index = this.order.ask()
    const old = this.order.begun(index)
    if (old !== undefined && !isSame(old.begun, begun, method)) {
      this.stop(this.otherPath(index, old.begun, begun))
      return Promise.reject(this.stopped as unknown as OncewireError)
    }
    if (old === undefined) this.events.push({ kind: 'begun', step: index, begun })
    const step = stepCall(method, old?.begun)
    this.steps.set(index, step)
    if (!this.order.hasEnded(index)) make({ run: this.name, step: index }, old !== undefined)
    this.watch()
    return step.promise
  }

  private make(
    step: StepName,
    {
      begun,
      options,
      isOld,
    }: { readonly begun: JournalledStep & { kind: 'call' }; readonly options: CallOptions; readonly isOld: boolean },
  ): void {
    const { driver, world, deadlineMs } = this.host
    const { signal, headers } = options
    const deadlineAtMs = world.nowMs() + (options.deadlineMs ?? deadlineMs)
    if (isOld) driver.claimStep(step, deadlineAtMs)
    else driver.call({ ...begun.call, call: 0, isOneway: begun.isOneway, deadlineAtMs, headers, step })
    if (signal === undefined) return
    const abort = (): void => driver.cancelStep(step)
    signal.addEventListener('abort', abort, { once: true })
    this.steps
      .get(step.step)
      ?.promise.then(undefined, () => {})
      .finally(() => signal.removeEventListener('abort', abort))
  }

  private show(event: Shown): void {
    const step = this.steps.get(event.step)
    if (event.kind === 'ended') step?.ended(event.outcome)
    else step?.resolved(event.executed)
    this.watch()
  }

  /** A function that never asks again for a step of its journal would wait for ever. */
  private watch(): void {
    this.takeBackWatch?.()
    const { world, deadlineMs } = this.host
    if (this.stopped !== undefined || this.order.missing === undefined) return
    this.takeBackWatch = world.wakeAt(world.nowMs() + deadlineMs, () => {
      const missing = this.order.missing
      if (missing !== undefined) this.stop(this.leftOut(missing))
    })
  }

  private leftOut({ step, begun }: Extract<RunEvent, { kind: 'begun' }>): OncewireError {
    const message = `the run "${this.name}" did not come to its step ${step} again, which was ${textOf(begun)} in the journal: ${advice}`
    return new OncewireError('non-deterministic-run', 'never', message)
  }

  private otherPath(index: number, was: JournalledStep, is: JournalledStep): OncewireError {
    const isSameName = textOf(was) === textOf(is)
    const now = isSameName ? 'the same with other arguments' : textOf(is)
    const message = `step ${index} of the run "${this.name}" was ${textOf(was)} in the journal, and is now ${now}: ${advice}`
    return new OncewireError('non-deterministic-run', 'never', message)
  }
}

const advice = 'take time, chance and everything else that may differ from run.step(), or forget the run'

function textOf(begun: JournalledStep): string {
  return begun.kind === 'call' ? begun.call.method : `step "${begun.name}"`
}

function isSame(old: JournalledStep, now: JournalledStep, method: CompiledMethod | undefined): boolean {
  if (old.kind === 'local' || now.kind === 'local') return old.kind === now.kind && textOf(old) === textOf(now)
  const isSameCall =
    old.call.method === now.call.method &&
    old.call.delivery === now.call.delivery &&
    old.call.idempotencyKey === now.call.idempotencyKey
  if (!isSameCall || method === undefined) return false
  return Buffer.compare(canonicalArguments(old.call.payload), canonicalArguments(now.call.payload)) === 0
}
