/**
 * The client's front: `connect` makes a channel, a channel makes stubs.
 *
 * Invariant: every promise of a stub settles: on a reply, at its deadline, at closing.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import type { JournalState } from '../once/journal.ts'
import type { Journal } from '../once/journal.ts'
import { openJournal } from '../journal/file-journal.ts'
import { compileService } from '../rpc/compile.ts'
import type { CallOptions, CompiledMethod, Service } from '../rpc/service.ts'
import { createStub } from '../rpc/stub.ts'
import { transportFor } from '../transport/choose.ts'
import { ClientDriver } from './client-driver.ts'
import { type Limits, withDefaults } from './limits.ts'
import { PendingCalls } from './pending-calls.ts'
import { type Recovered, RecoveredCalls } from './recovered.ts'
import { realWorld, type World } from './world.ts'

/** How `connect` goes about it; every field may be left out. */
export interface ConnectOptions {
  /** A file of this process alone, in which exactly-once calls survive its crash. */
  readonly journal?: string | undefined
  /** Shown to the server's `authenticate`. */
  readonly token?: string | undefined
  readonly limits?: Partial<Limits> | undefined
  readonly retransmission?: RetransmissionOptions | undefined
  /** How long `connect` waits for the server, in milliseconds; 5,000 if absent. */
  readonly connectMs?: number | undefined
  /** Time of a call that does not say otherwise, in milliseconds; 30,000 if absent. */
  readonly deadlineMs?: number | undefined
}

export interface RetransmissionOptions {
  /** Time of the first attempt in milliseconds, doubled by each retransmission; 1,000 if absent. */
  readonly attemptMs?: number | undefined
  /** No attempt waits longer; 30,000 if absent. */
  readonly attemptMsMax?: number | undefined
  /** Silence after which an open call asks whether the server lives; 5,000 if absent. */
  readonly pingMs?: number | undefined
}

/** A way to one server, for any number of services. */
export interface Channel extends AsyncDisposable {
  /** The stub of a service: a call looks like a local one. */
  client<S>(service: Service<S>): S
  /**
   * Ends the channel. Open calls have `drainMs` (0 if absent) to end; the rest settle `closed`, and journalled ones stay
   * in the journal for the next opening.
   */
  close(options?: { readonly drainMs?: number | undefined }): Promise<void>
}

/** A channel with a journal: exactly-once calls outlive this process. */
export interface JournalledChannel extends Channel {
  /** Outcomes of calls that a crashed process began; ends when all have been handed over. */
  readonly recovered: AsyncIterable<Recovered>
}

/**
 * Connects to a server: `tcp://host:port` or `memory:name`, or several such addresses tried in turn.
 *
 * @throws {OncewireError} invalid-target, unavailable, denied, version; journal-locked, journal-damaged, journal-format
 */
export function connect(
  target: string | readonly string[],
  options: ConnectOptions & { readonly journal: string },
): Promise<JournalledChannel>
export function connect(target: string | readonly string[], options?: ConnectOptions): Promise<Channel>
export async function connect(
  target: string | readonly string[],
  options: ConnectOptions = {},
): Promise<JournalledChannel> {
  const targets = (typeof target === 'string' ? [target] : target).map(transportFor)
  if (targets.length === 0)
    throw new OncewireError('invalid-target', 'never', 'connect() was given an empty list of addresses')
  const limits = withDefaults(options.limits)
  const journal = options.journal === undefined ? undefined : await openJournal(options.journal)
  let attempt = 0
  const channel = new ClientChannel(journal, options, limits, (owner) => {
    const { transport, url } = targets[attempt++ % targets.length] as ReturnType<typeof transportFor>
    return transport.connect(url, owner, {
      frameBytesMax: limits.frameBytesMax,
      connectMs: options.connectMs ?? connectMsDefault,
    })
  })
  await channel.ready(
    targets.map(({ url }) => url.href),
    options.connectMs ?? connectMsDefault,
  )
  return channel
}

const connectMsDefault = 5_000
/** What a frame may need beside the arguments: identity, method, key. */
const headerBytesMax = 1024

class ClientChannel implements JournalledChannel {
  readonly recovered: RecoveredCalls
  private readonly driver: ClientDriver
  private readonly pending = new PendingCalls()
  private readonly methods = new Map<string, CompiledMethod>()
  private readonly journal: Journal | undefined
  private readonly world: World = realWorld
  private readonly deadlineMs: number
  private readonly payloadBytesMax: number
  private lastFailure: unknown
  private whenReady: { resolve(): void; reject(error: Error): void } | undefined
  private whenClosed: Promise<void> | undefined
  private tellClosed: () => void = () => {}

  constructor(
    journal: Journal | undefined,
    options: ConnectOptions,
    limits: Limits,
    dial: ConstructorParameters<typeof ClientDriver>[0]['dial'],
  ) {
    this.journal = journal
    this.deadlineMs = options.deadlineMs ?? 30_000
    this.payloadBytesMax = Math.max(0, limits.frameBytesMax - headerBytesMax)
    this.driver = new ClientDriver({
      journal,
      dial,
      world: this.world,
      machine: machineOptions(options, limits, { world: this.world, journal: journal?.state }),
      events: {
        settled: (call, settlement, identity) => this.pending.settled(call, settlement, identity),
        resolved: (call, executed) => this.pending.resolved(call, executed),
        recovered: (output) => this.recovered.push(output),
        allRecovered: () => this.recovered.complete(),
        ready: () => this.whenReady?.resolve(),
        refused: ({ code, message }) => this.whenReady?.reject(new OncewireError(code, 'never', message)),
        disconnected: (cause) => (this.lastFailure = cause ?? this.lastFailure),
        closed: () => this.tellClosed(),
      },
    })
    this.recovered = new RecoveredCalls(
      (method) => this.methods.get(method),
      (number) => this.driver.handedOver(number),
    )
    if (journal === undefined) this.recovered.complete()
  }

  /** Starts, and waits until the server has welcomed us. */
  async ready(addresses: readonly string[], connectMs: number): Promise<void> {
    let takeBack = (): void => {}
    try {
      await new Promise<void>((resolve, reject) => {
        this.whenReady = { resolve, reject }
        takeBack = this.world.wakeAt(this.world.nowMs() + connectMs, () =>
          reject(
            new OncewireError(
              'unavailable',
              'never',
              `no server answered at ${addresses.join(', ')} within ${connectMs} ms${reason(this.lastFailure)}: is it running, and is the address right?`,
              { cause: this.lastFailure },
            ),
          ),
        )
        this.driver.start()
      })
    } catch (error) {
      await this.close()
      throw error
    } finally {
      takeBack()
      this.whenReady = undefined
    }
  }

  client<S>(service: Service<S>): S {
    for (const method of compileService(service as Service<unknown>).values()) this.methods.set(method.name, method)
    return createStub(service, (method, values, options) => this.invoke(method, values, options))
  }

  close({ drainMs = 0 }: { readonly drainMs?: number | undefined } = {}): Promise<void> {
    this.whenClosed ??= new Promise<void>((resolve) => (this.tellClosed = resolve)).then(async () => {
      this.recovered.complete()
      await this.journal?.close()
    })
    this.driver.close(drainMs)
    return this.whenClosed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  private invoke(method: CompiledMethod, values: readonly unknown[], options: CallOptions = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      // Thrown from here (a wrong argument, a wrong option), it rejects the promise: nothing was sent.
      checkOptions(method, options)
      const { signal, deadlineMs = this.deadlineMs } = options
      if (signal?.aborted === true) throw cancelledBefore(method, signal)
      const payload = method.encodeArguments(values)
      if (payload.length > this.payloadBytesMax) throw tooLarge(method, payload.length, this.payloadBytesMax)
      const call = this.pending.take()
      this.pending.set(call, { method, resolve, reject, release: this.listen(call, signal), resolved: undefined })
      this.driver.call({
        call,
        payload,
        method: method.name,
        delivery: method.delivery,
        isOneway: method.isOneway,
        deadlineAtMs: this.world.nowMs() + deadlineMs,
        idempotencyKey: options.idempotencyKey,
        headers: options.headers,
      })
    })
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
  }
}

function checkOptions(method: CompiledMethod, options: CallOptions): void {
  const { deadlineMs, idempotencyKey } = options
  if (deadlineMs !== undefined && !(deadlineMs > 0)) {
    throw new OncewireError(
      'invalid-argument',
      'never',
      `${method.name}: deadlineMs must be over 0, not ${String(deadlineMs)}`,
    )
  }
  if (idempotencyKey === undefined) return
  if (idempotencyKey.length === 0 || Buffer.byteLength(idempotencyKey) > 255) {
    throw new OncewireError(
      'idempotency-key-too-long',
      'never',
      `${method.name}: an idempotency key has 1 to 255 bytes, not ${Buffer.byteLength(idempotencyKey)}`,
    )
  }
  if (method.delivery === 'at-least-once' || method.delivery === 'at-most-once') {
    throw new OncewireError(
      'key-needs-ledger',
      'never',
      `${method.name} is ${method.delivery}: only an exactly-once method can honour an idempotency key`,
    )
  }
}

function cancelledBefore(method: CompiledMethod, signal: NonNullable<CallOptions['signal']>): OncewireError {
  return new OncewireError('cancelled', 'never', `${method.name}: its signal was aborted before the call`, {
    cause: signal.reason,
  })
}

function tooLarge(method: CompiledMethod, bytes: number, bytesMax: number): OncewireError {
  return new OncewireError(
    'frame-too-large',
    'never',
    `${method.name}: its arguments have ${bytes} bytes, and limits.frameBytesMax leaves room for ${bytesMax}`,
  )
}

function reason(failure: unknown): string {
  return failure instanceof Error ? ` (${failure.message})` : ''
}
