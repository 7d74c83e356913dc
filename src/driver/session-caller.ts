/**
 * Makes calls in sessions of ours: what each delivery promises is kept by the client machine.
 *
 * Invariant: every promise settles: on a reply, at its deadline, at closing.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import type { Journal, JournalState } from '../once/journal.ts'
import type { CallOptions, CompiledMethod } from '../rpc/service.ts'
import { type Caller, nobodyAnswered, tooLarge } from './caller.ts'
import { ClientDriver } from './client-driver.ts'
import type { ConnectOptions } from './connect-options.ts'
import { keyFingerprint, xidFingerprint } from './fingerprint.ts'
import type { Limits } from './limits.ts'
import { PendingCalls } from './pending-calls.ts'
import { RecoveredCalls } from './recovered.ts'
import { Runs, type RunsHost } from './runs.ts'
import { realWorld, type World } from './world.ts'

/** What a frame may need beside the arguments: identity, method, key. */
const headerBytesMax = 1024

export interface SessionTarget {
  readonly journal: Journal | undefined
  /** As people write them. */
  readonly addresses: readonly string[]
  /** Methods of the services that the channel has made clients of, by name. */
  readonly methods: ReadonlyMap<string, CompiledMethod>
  readonly dial: ConstructorParameters<typeof ClientDriver>[0]['dial']
  readonly endpoint: ConstructorParameters<typeof ClientDriver>[0]['endpoint']
  /** The real one if absent. */
  readonly world?: World | undefined
}

export class SessionCaller implements Caller {
  readonly recovered: RecoveredCalls
  readonly runs: Runs
  private readonly target: SessionTarget
  private readonly driver: ClientDriver
  private readonly pending = new PendingCalls()
  private readonly world: World
  private readonly deadlineMs: number
  private readonly payloadBytesMax: number
  private lastFailure: unknown
  private whenReady: { resolve(): void; reject(error: Error): void } | undefined
  private whenClosed: Promise<void> | undefined
  private tellClosed: () => void = () => {}

  constructor(target: SessionTarget, options: ConnectOptions, limits: Limits) {
    const { journal, dial, endpoint, methods, world = realWorld } = target
    this.target = target
    this.world = world
    this.deadlineMs = options.deadlineMs ?? 30_000
    this.payloadBytesMax = Math.max(0, limits.frameBytesMax - headerBytesMax)
    this.driver = new ClientDriver({
      journal,
      dial,
      endpoint,
      world: this.world,
      machine: machineOptions(options, limits, { world: this.world, journal: journal?.state }),
      events: {
        settled: (call, settlement, identity) => this.pending.settled(call, settlement, identity),
        resolved: (call, executed) => this.pending.resolved(call, executed),
        recovered: (output) => this.recovered.push(output),
        stepEnded: (output) => this.runs.ended(output),
        stepResolved: (output) => this.runs.resolved(output),
        journalFailed: (error) => this.runs.fail(error),
        allRecovered: () => this.recovered.complete(),
        ready: () => this.whenReady?.resolve(),
        refused: ({ code, message }) => this.whenReady?.reject(new OncewireError(code, 'never', message)),
        disconnected: (cause) => (this.lastFailure = cause ?? this.lastFailure),
        closed: () => this.tellClosed(),
      },
    })
    this.recovered = new RecoveredCalls(
      (method) => methods.get(method),
      (number) => this.driver.handedOver(number),
    )
    if (journal === undefined) this.recovered.complete()
    const { driver, deadlineMs } = this
    const encode: RunsHost['encode'] = (method, values) => this.encode(method, values)
    this.runs = new Runs({ driver, world, deadlineMs, encode }, journal?.state.runs ?? [])
  }

  /** Starts, and waits until the server has welcomed us. */
  async ready(connectMs: number): Promise<void> {
    let takeBack = (): void => {}
    try {
      await new Promise<void>((resolve, reject) => {
        this.whenReady = { resolve, reject }
        takeBack = this.world.wakeAt(this.world.nowMs() + connectMs, () =>
          reject(nobodyAnswered(this.target.addresses, connectMs, this.lastFailure)),
        )
        this.driver.start()
      })
    } finally {
      takeBack()
      this.whenReady = undefined
    }
  }

  invoke(method: CompiledMethod, values: readonly unknown[], options: CallOptions): Promise<unknown> {
    const { signal, deadlineMs = this.deadlineMs, idempotencyKey, headers } = options
    const payload = this.encode(method, values)
    return new Promise((resolve, reject) => {
      const call = this.pending.take()
      this.pending.set(call, { method, resolve, reject, release: this.listen(call, signal), resolved: undefined })
      this.driver.call({
        call,
        payload,
        method: method.name,
        delivery: method.delivery,
        isOneway: method.isOneway,
        deadlineAtMs: this.world.nowMs() + deadlineMs,
        idempotencyKey,
        headers,
      })
    })
  }

  private encode(method: CompiledMethod, values: readonly unknown[]): Uint8Array {
    const payload = method.encodeArguments(values)
    if (payload.length > this.payloadBytesMax) throw tooLarge(method, payload.length, this.payloadBytesMax)
    return payload
  }

  close(drainMs: number): Promise<void> {
    this.whenClosed ??= new Promise<void>((resolve) => (this.tellClosed = resolve)).then(async () => {
      this.recovered.complete()
      this.runs.close()
      await this.target.journal?.close()
    })
    this.driver.close(drainMs)
    return this.whenClosed
  }

  private listen(call: number, signal: CallOptions['signal']): (() => void) | undefined {
    if (signal === undefined) return undefined
    const abort = (): void => this.driver.cancel(call)
    signal.addEventListener('abort', abort, { once: true })
    return () => signal.removeEventListener('abort', abort)
  }
}

function machineOptions(
  options: ConnectOptions,
  limits: Limits,
  { world, journal }: { world: World; journal: JournalState | undefined },
): ConstructorParameters<typeof ClientDriver>[0]['machine'] {
  const { attemptMs = 1_000, attemptMsMax = 30_000, pingMs = 5_000 } = options.retransmission ?? {}
  return {
    attemptMs,
    attemptMsMax,
    pingMs,
    journal,
    queuedMax: limits.queuedMax,
    replayMs: options.deadlineMs ?? 30_000,
    token: options.token ?? '',
    instance: world.randomHex(8),
    random: world.random,
    fingerprints: ({ method, payload }) => ({
      xid: xidFingerprint(world, method, payload),
      key: keyFingerprint(world, method, payload),
    }),
  }
}
