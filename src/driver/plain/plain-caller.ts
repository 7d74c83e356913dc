/**
 * What all ways to servers that are not ours have in common: one attempt a call, and as many open at once as the limits say.
 *
 * Invariant: every promise settles: on a reply, at its deadline, when the connection breaks, at closing. Nothing is sent twice.
 */
import { OncewireError } from '../../errors/oncewire-error.ts'
import type { CallOptions, CompiledMethod } from '../../rpc/service.ts'
import { type Caller, tooLarge } from '../caller.ts'
import { realWorld, type World } from '../world.ts'
import { OpenCall } from './open-call.ts'
import type { Speech } from './speech.ts'

/** What an envelope and headers may need beside the arguments. */
const headerBytesMax = 1024

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

  abstract ready(connectMs: number): Promise<void>
  /** Hands the call over, now or as soon as that is possible. */
  protected abstract send(call: OpenCall): void
  /** The call is over; what was kept for it can go. */
  protected abstract over(call: OpenCall): void
  /** All calls are over: ends what is still connected. */
  protected abstract hangUp(): Promise<void>

  /** Calls that are not over. */
  protected get openCount(): number {
    return this.open.size
  }

  /** Answers that this client keeps a place for: of open calls, and of those that were given up. */
  protected get owedCount(): number {
    return this.open.size
  }

  invoke(method: CompiledMethod, values: readonly unknown[], options: CallOptions): Promise<unknown> {
    const { limits, deadlineMs } = this.speech
    if (this.isClosing) throw new OncewireError('closed', 'never', `${method.name}: the channel is closed`)
    this.checkHeaders(method, options)
    const payload = method.encodeArguments(values, this.encodingOf(options))
    const payloadBytesMax = Math.max(0, limits.frameBytesMax - headerBytesMax)
    if (payload.length > payloadBytesMax) throw tooLarge(method, payload.length, payloadBytesMax)
    if (this.owedCount >= limits.queuedMax) {
      const message = `${method.name}: the server owes ${this.owedCount} answers already, and limits.queuedMax is ${limits.queuedMax}`
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
    if (this.open.size > 0 && drainMs > 0) {
      await new Promise<void>((resolve) => {
        const takeBack = this.world.wakeAt(this.world.nowMs() + drainMs, resolve)
        this.whenIdle = () => {
          takeBack()
          resolve()
        }
      })
    }
    for (const call of this.open) call.break('closed', 'the channel was closed while the call was open')
    await this.hangUp()
  }

  /** Where headers have no place, the key travels as an argument that others skip. */
  private encodingOf({ idempotencyKey }: CallOptions): Parameters<CompiledMethod['encodeArguments']>[1] {
    const { codec } = this.speech
    return this.hasHeaders ? { codec } : { codec, idempotencyKey }
  }

  private get hasHeaders(): boolean {
    return this.speech.framing === 'header' || this.speech.framing === 'http'
  }

  private checkHeaders(method: CompiledMethod, { headers }: CallOptions): void {
    if (headers === undefined || this.hasHeaders || Object.keys(headers).length === 0) return
    const message = `${method.name}: headers have no place with framing: '${this.speech.framing}'; use framing: 'header' or an http: address`
    throw new OncewireError('invalid-argument', 'never', message)
  }
}
