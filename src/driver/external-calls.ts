/**
 * Calls whose effect is outside any database: a durable intent, the effect, a durable completion; and what an earlier
 * life of this server left open, asked about (protocol section 2).
 *
 * Invariant: an effect is performed by who wrote its intent, once. What a crash left open is never performed again.
 */
import { deserialize, serialize } from 'node:v8'
import { OncewireError } from '../errors/oncewire-error.ts'
import { noSession } from '../once/frame.ts'
import { type Intent, isOfDead, type ServerIdentity } from '../once/intent.ts'
import type { Ledger, LedgerCall } from '../once/ledger.ts'
import type { Answer, Remembered } from '../once/outcome.ts'
import type { Dispatcher } from '../rpc/dispatcher.ts'
import { CallContext, type CallHost } from './call-context.ts'
import { type AnyExternal, type ExternalCall, ExternalHandler } from './external-handler.ts'
import { Windows } from './external-windows.ts'
import type { HandlerRules } from './run-handler.ts'

export interface ExternalCallsOptions {
  readonly ledger: Ledger<unknown>
  readonly server: ServerIdentity
  readonly dispatcher: Dispatcher
  readonly host: CallHost
  readonly rules: Omit<HandlerRules, 'executedOnFailure'>
}

/** How long a call waits for the effect on its object that another server has under way, before it is told to come back. */
const busyMsMax = 10_000
const pauseMsMin = 10
const pauseMsMax = 500
/** After a failure: of the ledger, or of a `reconcile`. */
const againMsMin = 1_000
const againMsMax = 60_000
/** Intents that are asked about at a time. */
const reconciledAtOnce = 16

export class ExternalCalls {
  readonly windows: Windows
  private readonly options: ExternalCallsOptions
  private readonly handler: ExternalHandler
  private claim: Promise<{ release(): Promise<void> }> | undefined
  private running = 0
  private isClosed = false
  /** Who waits for some time to pass. */
  private readonly pausing = new Set<() => void>()

  constructor(options: ExternalCallsOptions) {
    this.options = options
    this.handler = new ExternalHandler(options.rules)
    this.windows = new Windows(options.host.world.nowMs)
  }

  /**
   * Says that this server lives under its name, and asks about what its dead forerunners left open.
   *
   * @throws {OncewireError} server-name-taken, ledger-failed
   */
  async start(): Promise<void> {
    if (this.isClosed) throw new OncewireError('closed', 'never', 'the server is closed')
    const isFirst = this.claim === undefined
    this.claim ??= this.options.ledger.claim(this.options.server)
    try {
      await this.claim
    } catch (error) {
      this.claim = undefined
      throw error
    }
    if (isFirst) void this.reconcileForerunners()
  }

  /** `values`: the argument struct in the binary codec, kept until the effect is over. */
  async run(call: LedgerCall, made: ExternalCall, values: Uint8Array): Promise<Answer> {
    this.running++
    try {
      await this.start()
      return await this.decide(call, made, values)
    } finally {
      made.context.end()
      this.running--
      await this.releaseIfOver()
    }
  }

  /** What runs goes on to its end, if the process lets it; nothing is asked again. */
  async close(): Promise<void> {
    this.isClosed = true
    for (const wake of this.pausing) wake()
    await this.releaseIfOver()
  }

  private async decide(call: LedgerCall, made: ExternalCall, values: Uint8Array): Promise<Answer> {
    const { ledger, server, host } = this.options
    const busyUntilMs = host.world.nowMs() + busyMsMax
    for (let pauseMs = pauseMsMin; ; pauseMs = Math.min(pauseMs * 2, pauseMsMax)) {
      const looked = await ledger.look(call)
      if (looked.kind === 'busy') {
        if (host.world.nowMs() >= busyUntilMs) return comeBack('another effect on the same object is under way')
        await this.pause(pauseMs)
        continue
      }
      if (looked.kind !== 'admitted') return looked
      // Crash point external:before-prepare
      const prepared = await this.handler.prepare(made)
      // Nothing happened: an outcome like that of a call whose effect is in the database.
      if ('outcome' in prepared) return ledger.execute(call, () => prepared)
      const { evidence } = prepared
      const intent = { ...server, arguments: values, evidence: serialize(evidence), seen: looked.seen }
      const intended = await ledger.intend(call, intent)
      if (intended.kind === 'intended') {
        made.context.evidence = evidence
        return this.perform(intended.intent, made)
      }
      if (intended.kind !== 'overtaken') return intended
    }
  }

  private async perform(intent: number, made: ExternalCall): Promise<Answer> {
    // Crash point external:after-intent
    const window = this.windows.opened()
    const outcome = await this.handler.perform(made)
    // Crash point external:before-completion
    if (outcome !== undefined) {
      const answer = await this.complete(intent, outcome)
      // Crash point external:after-completion
      window.completed()
      return answer
    }
    window.failed()
    const { refusesSeenEvidence } = made.served.handler as AnyExternal
    // Rule 2 (seen-evidence): whatever of it is still on its way, the device will refuse it.
    if (refusesSeenEvidence === true) return this.reconcileUntilKnown(intent, made)
    const message = `effect ${intent} of ${made.served.method.name} stays open until this server is started again, or an operator settles it`
    this.options.rules.log(message, undefined)
    return comeBack('it is not known how the effect ended')
  }

  /** A completion that could not be written is written later: the effect is there, and nobody else can tell. */
  private async complete(intent: number, outcome: Exclude<Remembered, { kind: 'running' }>): Promise<Answer> {
    for (let againMs = againMsMin; ; againMs = Math.min(againMs * 2, againMsMax)) {
      try {
        return await this.options.ledger.complete(intent, outcome)
      } catch (error) {
        if (this.isClosed) throw error
        this.options.rules.log(`the completion of effect ${intent} could not be written; trying again`, error)
        await this.pause(againMs)
      }
    }
  }

  // --- what was left open

  private async reconcileForerunners(): Promise<void> {
    for (let againMs = againMsMin; !this.isClosed; againMs = Math.min(againMs * 2, againMsMax)) {
      const left = await this.reconcileOnce()
      if (left === 0) return
      await this.pause(againMs)
    }
  }

  /** Asks about each that is open; answers how many still are. */
  private async reconcileOnce(): Promise<number> {
    const { ledger, server, rules } = this.options
    try {
      const open = (await ledger.intents()).filter((intent) => isOfDead(intent, server))
      let left = 0
      for (let n = 0; n < open.length; n += reconciledAtOnce) {
        const group = open.slice(n, n + reconciledAtOnce)
        const known = await Promise.all(group.map((intent) => this.reconcileForerunner(intent)))
        left += known.filter((isKnown) => !isKnown).length
      }
      return left
    } catch (error) {
      if (!this.isClosed) rules.log('the ledger could not say which effects are open; asking again', error)
      return 1
    }
  }

  private async reconcileForerunner(intent: Intent): Promise<boolean> {
    const { dispatcher, host, rules } = this.options
    const served = dispatcher.find(intent.method)
    if (!('method' in served) || served.method.delivery !== 'external') {
      rules.log(
        `effect ${intent.id} is of ${intent.method}, which this server does not serve with an external effect`,
        undefined,
      )
      return false
    }
    const { session = noSession, number, idempotencyKey, principal } = intent
    const head = { session, number, attempt: 1, leftMs: Infinity, idempotencyKey, headers: undefined }
    const context = new CallContext(host, head, { peer: '', principal })
    try {
      context.evidence = deserialize(intent.evidence) as unknown
      const values = served.method.decodeArguments(intent.arguments)
      await this.reconcile(intent.id, { served, values, context })
      return true
    } catch (error) {
      rules.log(`reconcile of ${intent.method} failed for effect ${intent.id}; asking again`, error)
      return false
    } finally {
      context.end()
    }
  }

  private async reconcileUntilKnown(intent: number, made: ExternalCall): Promise<Answer> {
    for (let againMs = againMsMin; ; againMs = Math.min(againMs * 2, againMsMax)) {
      try {
        return await this.reconcile(intent, made)
      } catch (error) {
        if (this.isClosed) throw error
        this.options.rules.log(`reconcile of ${made.served.method.name} failed; asking again`, error)
        await this.pause(againMs)
      }
    }
  }

  private async reconcile(intent: number, made: ExternalCall): Promise<Answer> {
    // Crash point external:before-reconcile
    const found = await this.handler.reconcile(made)
    // Crash point external:after-reconcile
    const answer = await this.options.ledger.complete(intent, found)
    this.windows.found(found.kind === 'unknown' ? 'unknown' : found.kind === 'failure' ? found.executed : 'once')
    return answer
  }

  private async releaseIfOver(): Promise<void> {
    if (!this.isClosed || this.running > 0 || this.claim === undefined) return
    const claim = this.claim
    this.claim = undefined
    await claim.then(
      ({ release }) => release(),
      () => {},
    )
  }

  private pause(ms: number): Promise<void> {
    if (this.isClosed) return Promise.resolve()
    const { world } = this.options.host
    return new Promise((resolve) => {
      const wake = (): void => {
        this.pausing.delete(wake)
        takeBack()
        resolve()
      }
      const takeBack = world.wakeAt(world.nowMs() + ms * (0.8 + world.random() * 0.4), wake)
      this.pausing.add(wake)
    })
  }
}

function comeBack(why: string): Answer {
  return { kind: 'refused', code: 'still-running', message: `${why}; ask again later` }
}
