/**
 * The server's front: services in, a listening address out, on which everybody is answered in the dialect they speak.
 *
 * Invariant: a service with exactly-once methods is served only where a ledger stands behind it.
 */
import { setMaxListeners } from 'node:events'
import type { Socket } from 'node:net'
import { OncewireError } from '../errors/oncewire-error.ts'
import { needsLedger } from '../once/frame.ts'
import type { Ledger } from '../once/ledger.ts'
import type { ServerOptions as MachineOptions } from '../once/server-io.ts'
import { Dispatcher } from '../rpc/dispatcher.ts'
import { compileService } from '../rpc/compile.ts'
import type { Service } from '../rpc/service.ts'
import { transportFor } from '../transport/choose.ts'
import { HeldBytes } from '../transport/held-bytes.ts'
import type { Listener } from '../transport/transport.ts'
import { Executor } from '../driver/executor.ts'
import { ExternalCalls } from '../driver/external-calls.ts'
import { type EffectWindows, Windows } from '../driver/external-windows.ts'
import type { Handlers, NoLedger, Servable } from '../driver/handlers.ts'
import { type Limits, withDefaults } from '../driver/limits.ts'
import { type Authenticate, ServerDriver } from '../driver/server-driver.ts'
import { peerLog } from '../driver/peer-log.ts'
import { realWorld } from '../driver/world.ts'
import { OncewireReflection } from '../driver/gen/oncewire-reflection.ts'
import { Foreigner } from './door.ts'
import type { Guest } from './guest.ts'
import { HttpDoor } from './http-door.ts'
import { reflectionHandlers } from './reflection.ts'
import { SessionlessCalls } from './sessionless.ts'

export interface ServerOptions {
  /**
   * Tells this server from others on the same ledger, and is the same at every start; `server` if absent. Whoever starts
   * under it is asked what became of the external effects that its dead forerunner left open.
   */
  readonly name?: string | undefined
  readonly limits?: Partial<Limits> | undefined
  /** Says who a caller is. Absent: everybody is the same anonymous caller. */
  readonly authenticate?: Authenticate | undefined
  /** Lets anonymous callers use idempotency keys, all in one key space. Default: only where there is no `authenticate`. */
  readonly anonymousKeys?: boolean | undefined
  /**
   * Runs an exactly-once call of a caller without a session (HTTP, stock Thrift) only under an idempotency key. Default:
   * without one it runs in a transaction of its own, and who sends it again runs it again.
   */
  readonly requireKeys?: boolean | undefined
  /** Web pages that may call over HTTP, such as `https://shop.example`. Pages that this server's own host served always may. */
  readonly origins?: readonly string[] | undefined
  /** What a duplicate of a running call gets: the same reply later (`attach`, the default) or `still-running`. */
  readonly duplicates?: 'attach' | 'still-running' | undefined
  /** How long a silent session is remembered, in milliseconds: 10 minutes in memory, 7 days in a ledger. */
  readonly lease?: { readonly memoryMs?: number | undefined; readonly durableMs?: number | undefined } | undefined
  /**
   * Whether the server tells what it offers, with the IDL, to whoever may call it: for `oncewire list`, `describe`, `call`
   * and clients without generated code. Default: yes.
   */
  readonly reflection?: boolean | undefined
  /**
   * For tests: runs each exactly-once handler twice, the first time to no effect, and fails the call if the two differ:
   * a handler that does anything beside its transaction is found.
   */
  readonly alwaysDuplicate?: boolean | undefined
  /** Sends the text of undeclared errors to callers; otherwise it goes to the log only. */
  readonly tellErrors?: boolean | undefined
  /** Takes what an operator should read; console.error if absent. */
  readonly log?: ((message: string, error: unknown) => void) | undefined
}

/** Services behind one or more addresses. */
export interface Server<Tx> {
  /**
   * Offers a service.
   *
   * @throws {OncewireError} invalid-argument for a missing or misspelt handler; missing-ledger
   */
  add<S, N extends string>(service: Servable<S, N, Tx>, handlers: Handlers<S, Tx>): this
  /**
   * Listens on `tcp://host:port` (port 0: any; loopback unless a host is written) or `memory:name`.
   *
   * @throws {OncewireError} listen-failed, invalid-target; server-name-taken where a service has external effects
   */
  listen(url: string): Promise<{ readonly url: string }>
  /** Takes no more connections, gives running handlers `drainMs` (0 if absent), then ends all connections. The ledger stays open. */
  close(options?: { readonly drainMs?: number | undefined }): Promise<void>
  /** What an operator watches. */
  metrics(): { readonly effectWindows: EffectWindows }
}

/** Makes a server; with a ledger it may serve exactly-once methods. */
export function createServer<Tx>(options: ServerOptions & { readonly ledger: Ledger<Tx> }): Server<Tx>
export function createServer(options?: ServerOptions): Server<NoLedger>
export function createServer(options: ServerOptions & { readonly ledger?: Ledger<unknown> } = {}): Server<unknown> {
  return new RunningServer(options)
}

class RunningServer implements Server<unknown> {
  private readonly dispatcher = new Dispatcher()
  private readonly executor: Executor
  private readonly driver: ServerDriver
  private readonly calls: SessionlessCalls
  private readonly http: HttpDoor
  private readonly guests = new Set<Guest>()
  private readonly limits: Limits
  /** What is kept for all peers. */
  private readonly held: HeldBytes
  private readonly ledger: Ledger<unknown> | undefined
  private readonly externals: ExternalCalls | undefined
  /** A service with external effects was added. */
  private hasEffects = false
  private readonly listeners: Listener[] = []
  /** Those that were added, by name. */
  private readonly services = new Map<string, Service<unknown>>()
  private readonly closing = new AbortController()

  constructor({ ledger, ...options }: ServerOptions & { readonly ledger?: Ledger<unknown> }) {
    // Every running handler that looks at its signal listens.
    setMaxListeners(0, this.closing.signal)
    this.limits = withDefaults(options.limits)
    this.ledger = ledger
    if (options.reflection ?? true) {
      const handlers = reflectionHandlers(this.services)
      this.dispatcher.add(OncewireReflection as Service<unknown>, handlers, { isUnlisted: true })
    }
    const { window, queuedMax, replyBytesMax } = this.limits
    const log = options.log ?? logToConsole
    const complain = peerLog(log, realWorld)
    this.held = new HeldBytes(this.limits.heldBytesMax)
    const host = { world: realWorld, closing: this.closing.signal }
    const tellsErrors = options.tellErrors ?? false
    const incarnation = realWorld.randomHex(8)
    if (ledger !== undefined) {
      const server = { name: options.name ?? 'server', incarnation }
      const rules = { replyBytesMax, tellsErrors, log }
      this.externals = new ExternalCalls({ ledger, server, dispatcher: this.dispatcher, host, rules })
    }
    this.executor = new Executor({
      ledger,
      externals: this.externals,
      host,
      limits: this.limits,
      tellsErrors,
      alwaysDuplicate: options.alwaysDuplicate,
      log,
    })
    const { frameBytesMax } = this.limits
    const allowsAnonymousKeys = options.anonymousKeys ?? options.authenticate === undefined
    this.calls = new SessionlessCalls({
      executor: this.executor,
      dispatcher: this.dispatcher,
      world: realWorld,
      authenticate: options.authenticate,
      allowsAnonymousKeys,
      requiresKeys: options.requireKeys ?? false,
      origins: options.origins ?? [],
      log,
      complain,
      limits: { frameBytesMax, window },
      held: this.held,
    })
    this.http = new HttpDoor(this.calls)
    this.driver = new ServerDriver({
      executor: this.executor,
      ledger,
      world: realWorld,
      dispatcher: this.dispatcher,
      authenticate: options.authenticate,
      allowsAnonymousKeys,
      log,
      complain,
      callsMax: window + queuedMax,
      machine: machineOptions({ ledger, options, limits: this.limits, incarnation }),
    })
  }

  add<S, N extends string>(service: Servable<S, N, unknown>, handlers: Handlers<S, unknown>): this {
    const added = service as Service<unknown>
    for (const { name, delivery } of compileService(added).values()) {
      if (needsLedger(delivery) && this.ledger === undefined) {
        throw new OncewireError(
          'missing-ledger',
          'never',
          `${name} is exactly-once: give createServer({ ledger }) a ledger, such as await sqlite('file.db') from 'oncewire/sqlite'`,
        )
      }
    }
    this.dispatcher.add(added, handlers)
    this.services.set(added.name, added)
    this.hasEffects ||= [...compileService(added).values()].some(({ delivery }) => delivery === 'external')
    return this
  }

  async listen(url: string): Promise<{ readonly url: string }> {
    if (this.closing.signal.aborted)
      throw new OncewireError('closed', 'never', `the server is closed; it cannot listen on ${url}`)
    const { transport, url: parsed } = transportFor(url)
    if (this.hasEffects) await this.externals?.start()
    const { frameBytesMax, frameMs, connectionsMax } = this.limits
    const listener = await transport.listen(parsed, (connection) => this.driver.accept(connection), {
      frameBytesMax,
      frameMs,
      connectionsMax,
      held: this.held,
      foreign: (socket, first) => this.welcome(socket, first),
    })
    this.listeners.push(listener)
    return { url: listener.url }
  }

  async close({ drainMs = 0 }: { readonly drainMs?: number | undefined } = {}): Promise<void> {
    const listenersClosed = Promise.all(this.listeners.splice(0).map((listener) => listener.close()))
    if (this.executor.runningCount > 0 && drainMs > 0) await this.drained(drainMs)
    this.closing.abort(new OncewireError('closed', 'unknown', 'the server is closing'))
    this.driver.closeConnections()
    for (const guest of this.guests) guest.close()
    await this.externals?.close()
    await listenersClosed
  }

  metrics(): { readonly effectWindows: EffectWindows } {
    return { effectWindows: this.externals?.windows.figures ?? new Windows(realWorld.nowMs).figures }
  }

  /** Somebody who does not speak our protocol. */
  private welcome(socket: Socket, first: Uint8Array): Foreigner {
    const foreigner = new Foreigner(socket, { calls: this.calls, http: this.http })
    this.guests.add(foreigner)
    socket.once('close', () => this.guests.delete(foreigner))
    foreigner.push(first)
    return foreigner
  }

  private async drained(drainMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const takeBack = realWorld.wakeAt(realWorld.nowMs() + drainMs, resolve)
      this.executor.onIdle = () => {
        takeBack()
        resolve()
      }
    })
    // What has ended in this turn is answered before the next.
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function machineOptions(of: {
  readonly ledger: Ledger<unknown> | undefined
  readonly options: ServerOptions
  readonly limits: Limits
  readonly incarnation: string
}): MachineOptions {
  const { ledger, options, limits, incarnation } = of
  return {
    ...limits,
    incarnation,
    ledgerId: ledger?.id ?? '',
    window: Math.min(limits.window, ledger?.limits.window ?? limits.window),
    keyRetentionMs: ledger?.limits.keyRetentionMs ?? 0,
    memoryLeaseMs: options.lease?.memoryMs ?? 10 * 60_000,
    durableLeaseMs: options.lease?.durableMs ?? 7 * 24 * 3_600_000,
    duplicates: options.duplicates ?? 'attach',
    freshSession: () => realWorld.randomHex(16),
  }
}

function logToConsole(message: string, error: unknown): void {
  console.error(`oncewire: ${message}:`, error)
}
