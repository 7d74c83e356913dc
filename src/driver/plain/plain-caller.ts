/**
 * What all ways to servers that are not ours have in common: one attempt a call, and as many open at once as the limits say.
 *
 * Invariant: every promise settles: on a reply, at its deadline, when the connection breaks, at closing. Nothing is sent twice.
 */
import { OncewireError } from '../../errors/oncewire-error.ts'
import type { CallOptions, CompiledMethod } from '../../rpc/service.ts'
import { type Caller, nobodyAnswered } from '../caller.ts'
import { realWorld, type World } from '../world.ts'
import { OpenCall } from './open-call.ts'
import { checkHeaders, fitsHeader, type Speech } from './speech.ts'

/** Over HTTP oneway calls are answered too; who closes the channel waits so long for that. */
const lingerMs = 1000
const whyClosed = 'the channel was closed while the call was open'

export abstract class PlainCaller implements Caller {
  protected readonly speech: Speech
  protected readonly world: World = realWorld
  protected isClosing = false
  private readonly open = new Set<OpenCall>()
  private whenIdle: () => void = () => {}
  private whenClosed: Promise<void> | undefined

  constructor(speech: Speech) {
    this.speech = speech
  }

  /** As people write them. */
  protected abstract readonly addresses: readonly string[]
  /** Whether somebody listens at one of the addresses, another one each time; what went wrong if not. */
  protected abstract reach(connectMs: number): Promise<Error | undefined>
  /** Hands the call over, now or as soon as that is possible. */
  protected abstract send(call: OpenCall): void
  /** The call is over; what was kept for it can go. */
  protected abstract over(call: OpenCall): void
  /** All calls are over: ends what is still connected. */
  protected abstract hangUp(): void

  /** A stock server sends no greeting: that it takes a connection is all that can be known. */
  async ready(connectMs: number): Promise<void> {
    const untilMs = this.world.nowMs() + connectMs
    for (let backoffMs = 20; ; backoffMs = Math.min(backoffMs * 2, 1000)) {
      const failure = await this.reach(connectMs)
      if (failure === undefined) return
      const nowMs = this.world.nowMs()
      if (nowMs >= untilMs) throw nobodyAnswered(this.addresses, connectMs, failure)
      await new Promise<void>((resolve) => this.world.wakeAt(Math.min(nowMs + backoffMs, untilMs), resolve))
    }
  }

  /** Calls that are not over. */
  protected get openCount(): number {
    return this.open.size
  }

  /** Calls that a place is kept for: those that are open, and those given up whose answers may still come. */
  protected get owedCount(): number {
    return this.open.size
  }

  invoke(method: CompiledMethod, values: readonly unknown[], options: CallOptions): Promise<unknown> {
    const { limits, deadlineMs } = this.speech
    if (this.isClosing) throw new OncewireError('closed', 'never', `${method.name}: the channel is closed`)
    checkHeaders(method, options, this.speech.framing)
    const payload = method.encodeArguments(values, this.encodingOf(options))
    if (this.owedCount >= limits.queuedMax) {
      const message = `${method.name}: ${this.owedCount} calls have no answer yet, and limits.queuedMax is ${limits.queuedMax}`
      throw new OncewireError('overloaded', 'never', message)
    }
    const spec = { method, payload, options, deadlineMs: options.deadlineMs ?? deadlineMs }
    const call: OpenCall = new OpenCall(spec, this.world, () => {
      this.open.delete(call)
      this.over(call)
      if (this.open.size === 0) this.whenIdle()
    })
    this.open.add(call)
    this.send(call)
    return call.promise
  }

  close(drainMs: number): Promise<void> {
    this.isClosing = true
    return (this.whenClosed ??= this.end(drainMs))
  }

  private async end(drainMs: number): Promise<void> {
    await this.idle(drainMs)
    for (const call of this.open) if (!call.isSettled) call.break('closed', whyClosed)
    await this.idle(lingerMs)
    for (const call of this.open) call.break('closed', whyClosed)
    this.hangUp()
  }

  /** Until no call is open, or so long. */
  private async idle(ms: number): Promise<void> {
    if (this.open.size === 0 || ms <= 0) return
    await new Promise<void>((resolve) => {
      const takeBack = this.world.wakeAt(this.world.nowMs() + ms, resolve)
      this.whenIdle = () => {
        takeBack()
        resolve()
      }
    })
  }

  /** Where headers have no place, the key travels as an argument that others skip. */
  private encodingOf({ idempotencyKey }: CallOptions): Parameters<CompiledMethod['encodeArguments']>[1] {
    const { codec, framing } = this.speech
    return fitsHeader(framing, idempotencyKey) ? { codec } : { codec, idempotencyKey }
  }
}
