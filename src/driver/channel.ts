/**
 * The client's front: `connect` makes a channel, a channel makes stubs.
 *
 * Invariant: a channel does not know how its calls are made; its caller does.
 */
import type { Catalog } from '../dynamic/catalog.ts'
import { compileService } from '../rpc/compile.ts'
import type { CallOptions, CompiledMethod, Service } from '../rpc/service.ts'
import { createStub } from '../rpc/stub.ts'
import { type Caller, checkOptions } from './caller.ts'
import { callerFor, connectMsDefault } from './choose-caller.ts'
import type { ConnectOptions } from './connect-options.ts'
import { DynamicCalls } from './dynamic-calls.ts'
import type { Recovered } from './recovered.ts'
import type { Run } from './runs.ts'
import { SessionCaller } from './session-caller.ts'

/** A way to one server, for any number of services. */
export interface Channel extends AsyncDisposable {
  /** The stub of a service: a call looks like a local one. */
  client<S>(service: Service<S>): S
  /**
   * A call without generated code, such as `channel.call('Bank.debit', { account: 'alice', cents: 1000n })`. Values are
   * those of generated code (i64 is bigint, a map a Map, an enum a number); a declared exception is a `DeclaredException`
   * with `name` and `fields`. The IDL is the one that `connect` was given, else the server is asked for it.
   *
   * @throws {OncewireError} no-idl, idl-invalid, unknown-service, unknown-method, invalid-argument; and as any call
   */
  call(method: string, args?: Readonly<Record<string, unknown>>, options?: CallOptions): Promise<unknown>
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
  /**
   * A resumable run: the calls that `body` makes through `run.client` are journalled in order. Started again under the same
   * name after a crash, what had ended answers from the journal, and the function goes on where it was. Its own result is
   * not stored. A call that is not exactly-once may end `unknown` after a crash: then it throws that.
   *
   * @throws {OncewireError} non-deterministic-run if the function takes another path than the journal; still-running if the
   *   name is in use; invalid-argument for a name that is empty or over 255 bytes; whatever `body` throws
   */
  run<R>(name: string, body: (run: Run) => R | PromiseLike<R>): Promise<R>
}

/**
 * Connects to a server: `tcp://host:port` or `memory:name`, or several such addresses tried in turn. With
 * `framing: 'framed'`, `'unframed'` or `'header'` it may be any Apache Thrift server; `http://host:port/path` and `https:` are
 * Thrift over HTTP.
 *
 * @throws {OncewireError} invalid-target, invalid-argument, idl-invalid, unavailable, denied, version; journal-locked,
 * journal-damaged, journal-format
 */
export function connect(
  target: string | readonly string[],
  options: ConnectOptions & { readonly journal: string },
): Promise<JournalledChannel>
export function connect(target: string | readonly string[], options?: ConnectOptions): Promise<Channel>
export async function connect(target: string | readonly string[], options: ConnectOptions = {}): Promise<Channel> {
  const { idl } = options
  // The compiler is no part of a call; only who needs it loads it.
  const catalog = idl === undefined ? undefined : (await import('./idl-disk.ts')).catalogOf(idl)
  const methods = new Map<string, CompiledMethod>()
  const caller = await callerFor(typeof target === 'string' ? [target] : target, options, methods)
  try {
    await caller.ready(options.connectMs ?? connectMsDefault)
  } catch (error) {
    await caller.close(0)
    throw error
  }
  const channel = new OpenChannel(caller, methods, catalog)
  if (options.journal === undefined || !(caller instanceof SessionCaller)) return channel
  const { recovered, runs } = caller
  const run: JournalledChannel['run'] = (name, body) => runs.run(name, body)
  return Object.assign(channel, { recovered, run })
}

/** What a user holds; whoever makes its calls stands behind it. */
class OpenChannel implements Channel {
  private readonly caller: Caller
  private readonly methods: Map<string, CompiledMethod>
  private readonly dynamic: DynamicCalls

  constructor(caller: Caller, methods: Map<string, CompiledMethod>, catalog: Catalog | undefined) {
    this.caller = caller
    this.methods = methods
    this.dynamic = new DynamicCalls(this, catalog)
    // A call that a crashed process began may be one of these.
    for (const service of catalog?.services.values() ?? []) this.client(service)
  }

  client<S>(service: Service<S>): S {
    for (const method of compileService(service as Service<unknown>).values()) this.methods.set(method.name, method)
    return createStub(service, (method, values, options) => this.invoke(method, values, options))
  }

  call(method: string, args: Readonly<Record<string, unknown>> = {}, options?: CallOptions): Promise<unknown> {
    return this.dynamic.call(method, args, options)
  }

  close({ drainMs = 0 }: { readonly drainMs?: number | undefined } = {}): Promise<void> {
    return this.caller.close(drainMs)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Every call of this channel goes through here. */
  private invoke(method: CompiledMethod, values: readonly unknown[], options: CallOptions = {}): Promise<unknown> {
    try {
      checkOptions(method, options)
      return this.caller.invoke(method, values, options)
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }
}
